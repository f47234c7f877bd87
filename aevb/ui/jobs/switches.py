"""What a deployment may switch off, each by a variable of its environment."""

import os
from typing import Literal, get_args

Switch = Literal["training", "uploads", "hub", "download"]

OFF = {
    "training": "Training is switched off on this server.",
    "uploads": "Uploads are switched off on this server.",
    "hub": "The Hugging Face Hub is switched off on this server.",
}


def on(switch: Switch) -> bool:
    """Whether this deployment does it: AEVB_TRAINING, AEVB_UPLOADS, AEVB_HUB or AEVB_DOWNLOAD=off says no.

    The download is the sidebar's, of all of MNIST.
    """
    return _told(switch) not in NO


NO, YES = ("off", "0", "no", "false"), ("on", "1", "yes", "true", "")


def require_either() -> None:
    """Refuses what is neither on nor off: who writes "disabled" wants it off.

    Raises:
        ValueError: for that, in a sentence.
    """
    for switch in get_args(Switch):
        if (told := _told(switch)) not in NO + YES:
            raise ValueError(f"AEVB_{switch.upper()} must be on or off, not {told!r}.")


def _told(switch: Switch) -> str:
    return os.environ.get(f"AEVB_{switch.upper()}", "on").lower()
