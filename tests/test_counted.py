"""How numbers of things are written."""

import pytest
import torch

from aevb import VAE
from aevb.counted import counted
from aevb.data.images import divided


def test_one_thing_is_one() -> None:
    assert [counted(n, "images") for n in (0, 1, 2, 1000)] == [
        "0 images",
        "1 image",
        "2 images",
        "1,000 images",
    ]
    assert [counted(n, "classes", "class") for n in (1, 2)] == ["1 class", "2 classes"]


def test_data_of_one_class_and_a_model_of_one_number_say_so() -> None:
    note = divided("mine", "Mine", [(torch.rand(20, 1), torch.zeros(20))]).note
    assert "test vectors of 1 number, 1 class;" in note
    with pytest.raises(ValueError, match="z must end in 1 number, not"):
        VAE(4, 1, [3]).decode(torch.zeros(2, 2))
