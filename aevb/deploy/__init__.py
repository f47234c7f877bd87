"""The explorer as a Space on the Hugging Face Hub: what goes there, and how it gets there."""

from aevb.deploy.card import Kind
from aevb.deploy.contents import Contents, of_app, of_site, size
from aevb.deploy.space import PAID, DeployError, Published, check_name, publish

__all__ = [
    "PAID",
    "Contents",
    "DeployError",
    "Kind",
    "Published",
    "check_name",
    "of_app",
    "of_site",
    "publish",
    "size",
]
