"""What a deployment may switch off, each by a variable of its environment."""

import os
from typing import Literal

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
    return os.environ.get(f"AEVB_{switch.upper()}", "on").lower() not in ("off", "0", "no", "false")
