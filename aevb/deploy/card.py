"""The README.md of a Space. Its front matter is what the Hub runs the Space by."""

from collections.abc import Sequence
from typing import Literal

from huggingface_hub import SpaceCardData, constants

from aevb.stored.card import DATASETS, METHOD, TUTORIAL

Kind = Literal["static", "docker"]

MARK = "aevb-explorer"
"""The tag by which a Space is known as one that `aevb deploy` has made."""

THUMBNAIL = "thumbnail.png"
PORT = 8501  # the Dockerfile's

STATIC = """This is the edition without a server: every scene is computed in your browser."""

DOCKER = """This is the app: its scenes are computed in your browser, and the page Train trains models on the
server while you watch."""


def card(name: str, kind: Kind, models: Sequence[str] = ()) -> str:
    """The text of README.md.

    Args:
        name: the Space's, "owner/name".
        models: repositories on the Hub whose models it shows.
    """
    about = SpaceCardData(
        title="AEVB Explorer",
        emoji="🎲",
        colorFrom="blue",
        colorTo="red",
        sdk=kind,
        app_file="index.html" if kind == "static" else None,
        app_port=PORT if kind == "docker" else None,
        header="mini",
        license="mit",
        short_description="See, touch and understand auto-encoding variational Bayes",
        thumbnail=f"{constants.ENDPOINT}/spaces/{name}/resolve/main/{THUMBNAIL}",
        models=list(models) or None,
        datasets=[DATASETS["mnist"]],
        tags=[MARK, "variational-inference", "latent-variable-models", "education"],
    )
    return f"""---
{about.to_yaml()}
---

# AEVB Explorer

See, touch and understand auto-encoding variational Bayes, after Yang Zhi-Han's
[tutorial]({TUTORIAL}) and Kingma and Welling's [paper]({METHOD}).

{STATIC if kind == "static" else DOCKER}

Published by `aevb deploy`, which also replaces what is changed here by hand.
"""
