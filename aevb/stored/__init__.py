"""How a model is kept: one format, for folders and for the Hugging Face Hub, behind one door.

    model.safetensors   the weights: in float16 where that costs next to nothing, else float32 or, of a model
                        of that type, float64 (`precision`)
    config.json         the format's version, the model's name, the arguments that rebuild it, and the names
                        of the nets of one's own in it, if any (`LatentVariableModel.with_nets`)
    training.json       how it was trained and what it reached, if anyone knows

`aevb.checkpoints` adds two more files and the registry's names. What the files claim is held against what the
model's arguments ask for when no more has been read than config.json and the header of the weights, which
tells each array's name, type, shape and place: nothing is allocated, and nothing large is downloaded, for
files that do not fit. Nothing is ever unpickled.
"""

from aevb.stored.files import FORMAT, CheckpointError, Files, Folder, holds, place, read_json, write_json
from aevb.stored.hub import folder
from aevb.stored.models import Stored, find, precision, push, push_files, save

__all__ = [
    "FORMAT",
    "CheckpointError",
    "Files",
    "Folder",
    "Stored",
    "find",
    "folder",
    "holds",
    "place",
    "precision",
    "push",
    "push_files",
    "read_json",
    "save",
    "write_json",
]
