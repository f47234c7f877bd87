"""What models are trained on and measured with: where it comes from, and how they look at it.

>>> from aevb import data
>>> digits = data.read()  # MNIST, whole or the bundled sample; or data.read("my/photographs", size=32)
"""

from aevb.data.border import Support
from aevb.data.examples import (
    PRESENTATIONS,
    TEST_SEED,
    Examples,
    as_rows,
    as_vectors,
    binarize,
    dequantize,
)
from aevb.data.images import DataError, Images, Split, number_labels
from aevb.data.mnist import SAMPLE, folder, load_complete, load_sample, pack_sample
from aevb.data.sources import SOURCES, download, read

__all__ = [
    "PRESENTATIONS",
    "SAMPLE",
    "SOURCES",
    "TEST_SEED",
    "DataError",
    "Examples",
    "Images",
    "Split",
    "Support",
    "as_rows",
    "as_vectors",
    "binarize",
    "dequantize",
    "download",
    "folder",
    "load_complete",
    "load_sample",
    "number_labels",
    "pack_sample",
    "read",
]
