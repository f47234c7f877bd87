"""The border: what is read as numbers, labels or shapes, and the sentence that everything else gets."""

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from aevb.data import Examples, Images, Split, border, number_labels
from aevb.data.border import (
    as_pair,
    as_pixels,
    as_tensor,
    channels_first,
    check_shape,
    check_support,
    read_labels,
)

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
SPLIT = Split(torch.zeros(2, 3, 4, dtype=torch.uint8), torch.tensor([0, 1]))


class Pictures(Dataset):
    """As torchvision's: PIL images with labels, and no end that iteration would find."""

    def __init__(self, sizes: list[tuple[int, int]]):
        self.sizes = sizes

    def __len__(self) -> int:
        return len(self.sizes)

    def __getitem__(self, index: int) -> tuple[Image.Image, int]:
        height, width = self.sizes[index % len(self.sizes)]
        return Image.fromarray(np.full((height, width), index, np.uint8)), index


class Column:
    """What turns into an array, as a column of a table does."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, object)


class Stream(IterableDataset):
    def __iter__(self):
        yield from (torch.full((4,), float(i)) for i in range(3))


# Numbers


@pytest.mark.parametrize(
    "values",
    [
        GREY,
        GREY.tolist(),
        torch.from_numpy(GREY),
        GREY[::-1][::-1],
        GREY.astype(">i2"),
        GREY.astype(np.uint64),
        GREY.astype(np.longdouble),
        GREY.astype(object),  # as pandas' own types of numbers come
        [torch.from_numpy(row) for row in GREY],
        tuple(GREY),
        Image.fromarray(GREY),
        torch.from_numpy(GREY).to_sparse(),
        torch.from_numpy(GREY).to(torch.uint16),
        [[torch.tensor(float(number)) for number in row] for row in GREY],
        torch.from_numpy(GREY).float().requires_grad_(),
    ],
)
def test_whatever_holds_numbers_is_read(values):
    found = as_tensor(values)
    assert torch.equal(found.long(), torch.from_numpy(GREY).long())
    assert not found.requires_grad and found.layout == torch.strided


def test_numbers_that_torch_only_stores_become_such_as_it_computes_with():
    assert as_tensor(torch.ones(2, dtype=torch.float8_e4m3fn)).dtype == torch.float32
    assert as_tensor(torch.ones(2, dtype=torch.uint32)).dtype == torch.int64


def test_an_arrays_memory_is_shared_and_what_may_not_be_written_is_copied():
    values = np.zeros((2, 3))
    assert np.shares_memory(as_tensor(values).numpy(), values)
    values.flags.writeable = False
    found = as_tensor(values)
    found += 1
    assert values.sum() == 0
    assert torch.equal(as_tensor(np.arange(6)[::-1]), torch.arange(5, -1, -1))


def test_a_data_set_is_read_whole():
    images, labels = as_pair(Pictures([(2, 3)] * 4))
    assert images.shape == (4, 2, 3) and images[:, 0, 0].tolist() == labels == [0, 1, 2, 3]
    assert torch.equal(as_tensor(Pictures([(2, 3)] * 4)), images)
    assert as_tensor(Stream())[:, 0].tolist() == [0, 1, 2]
    loader = DataLoader(TensorDataset(torch.arange(7.0)[:, None]), batch_size=3)
    x, y = as_pair(loader)
    assert x[:, 0].tolist() == list(range(7)) and y is None


class Worded(Dataset):
    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> object:
        return {"image": GREY}


class Huge(Dataset):
    def __len__(self) -> int:
        return 10**12

    def __getitem__(self, index: int) -> object:
        assert index == 0, "the first tells how much it will be"
        return torch.zeros(784)


class Unending(Dataset):
    def __getitem__(self, index: int) -> object:
        return torch.zeros(4)


class Endless(IterableDataset):
    def __iter__(self):
        while True:
            yield torch.zeros(1000)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (Worded(), r"Each item of Worded must be x or a pair \(x, y\), not a dictionary\."),
        (TensorDataset(*[torch.zeros(2, 2)] * 3), r"a pair \(x, y\), not 3 parts\."),
        (TensorDataset(torch.zeros(0, 2)), "There are no examples"),
        (Pictures([(2, 3), (4, 5)]), r"of one size: there is one of 2 × 3 and one of 4 × 5\."),
        (DataLoader(Pictures([(2, 3)])), "The DataLoader gives no numbers: default_collate"),
        ([GREY, GREY.T], r"of one size: there is one of 3 × 4 and one of 4 × 3\."),
        (Huge(), r"These data take 6,272,000\.0 GB"),
        (np.array([object(), 1]), "not of numpy's type object"),
        (np.array([None, 1]), "Some values are missing: fill them in"),
        ([[1.0, 2.0], [3.0, None]], "Some values are missing"),
        (pd.DataFrame({"a": [1, pd.NA]}), "Some values are missing"),
        (Unending(), r"A Unending must tell how many examples it has, by __len__\."),
        (
            DataLoader(TensorDataset(torch.zeros(30, 4)), batch_size=None),
            "This DataLoader gives single examples",
        ),
        (np.array([1, 2**63], np.uint64), r"must be below 2\*\*63"),
        (np.array(["a"]), r"not text\."),
        (np.array([[1.5, "a"]], object), r"not text\."),
        (np.array(["2020-01-01"], np.datetime64), r"numpy's type datetime64"),
        (np.ma.masked_equal(GREY, 0), "Some values are masked"),
        (np.broadcast_to(np.zeros(1), (10**9, 10**4)), r"These data take 80,000\.0 GB"),
        ([[torch.ones(2, requires_grad=True)]], "no numbers in rows of one length"),
        ({"x": GREY}, "not a dict"),
        (object(), "not a object"),
        (Images(SPLIT, SPLIT, (), True, "", ""), "two splits: give its train or its test"),
    ],
)
def test_what_holds_no_numbers_gets_a_sentence(values, said):
    with pytest.raises(ValueError, match=said) as caught:
        as_tensor(values)
    assert "\n" not in str(caught.value)


def test_labels_may_be_a_column_of_a_table():
    assert read_labels(Column([2, 0, 1]), count=3).tolist() == [2, 0, 1]
    with pytest.raises(ValueError, match="not names such as 'cat'"):
        read_labels(Column(["cat", "dog"]), count=2)
    assert number_labels(Column(["cat", "dog", "cat"]))[1] == ("cat", "dog")


def test_a_split_is_its_images_and_labels_and_may_be_dark():
    x, y = as_pair(SPLIT)
    assert torch.equal(x, SPLIT.images) and y is SPLIT.labels
    assert torch.equal(as_tensor(SPLIT), SPLIT.images)
    dark = Split(SPLIT.images + 9, SPLIT.labels)
    assert torch.equal(Examples(dark, "continuous").labels, SPLIT.labels)
    with pytest.raises(ValueError, match="Grey levels run from 9 to 9"):
        Examples(dark.images, "continuous")


def test_what_never_ends_is_given_up_where_memory_ends(monkeypatch):
    monkeypatch.setattr(border, "memory", lambda: 1e6)
    with pytest.raises(ValueError, match=r"the memory here holds 0\.0 GB: give fewer examples"):
        as_tensor(Endless())


def test_the_memory_is_known_here():
    assert 1e8 < border.memory() < 1e15


@pytest.mark.parametrize(
    ("mode", "shape"),
    [
        *((mode, (3, 4)) for mode in ("1", "L", "LA", "I;16")),
        *((mode, (3, 4, 3)) for mode in ("RGB", "P", "RGBA", "CMYK", "HSV")),
    ],
)
def test_images_of_every_kind_are_grey_or_in_colour(mode, shape):
    image = Image.fromarray(GREY).convert(mode)
    assert as_pixels(image).shape == shape


def test_what_is_transparent_is_seen_on_black():
    image = Image.new("RGBA", (2, 1), (200, 100, 0, 0))
    image.putpixel((0, 0), (200, 100, 0, 255))
    assert as_pixels(image).tolist() == [[[200, 100, 0], [0, 0, 0]]]


# Shapes


@pytest.mark.parametrize(
    ("shape", "length", "found"),
    [
        ((5, 12), 1, (5, 12)),
        ((5, 3, 4), 1, (5, 12)),
        ((5, 1, 3, 4), 1, (5, 12)),
        ((5, 3, 4, 1), 1, (5, 12)),
        ((5, 12), 3, (5, 3, 4)),
        ((5, 3, 4), 3, (5, 3, 4)),
        ((1, 12), 1, (1, 12)),
    ],
)
def test_a_shape_whose_product_fits_is_taken(shape, length, found):
    x = torch.arange(np.prod(shape)).reshape(shape)
    fitting = check_shape(x, data_dim=12 // length, length=length)
    assert fitting.shape == found and torch.equal(fitting.flatten(), x.flatten())


def test_colours_are_taken_channel_by_channel():
    x = torch.arange(5 * 3 * 4 * 6).reshape(5, 3, 4, 6)
    assert torch.equal(check_shape(x.movedim(1, 3), data_dim=72), x.flatten(1))


@pytest.mark.parametrize(
    ("shape", "data_dim", "length", "said"),
    [
        ((5, 8, 8), 8, 1, r"examples of 8 numbers, but these have 64 numbers \(8 × 8\)\.$"),
        ((5, 3), 8, 8, r"examples of 64 numbers \(8 × 8\), but these have 3 numbers\.$"),
        ((12,), 12, 1, r"of shape \(N, 12\), not \(12,\): give a single one as x\[None\]\.$"),
        ((12,), 4, 3, r"of shape \(N, 3, 4\), not \(12,\)"),
        ((3, 4), 12, 1, r"these have 4 numbers \(a single example is given as x\[None\]\)\.$"),
        ((), 1, 1, r"of shape \(N, 1\), not \(\)"),
        ((0,), 12, 1, r"^There are no examples\.$"),
        ((0, 12), 12, 1, r"^There are no examples\.$"),
    ],
)
def test_another_shape_is_refused_with_both(shape, data_dim, length, said):
    with pytest.raises(ValueError, match=said):
        check_shape(torch.zeros(shape), data_dim=data_dim, length=length)


# Values


def test_what_lies_inside_the_support_passes():
    for x in (torch.tensor([[0.0, 1.0]]), torch.tensor([[False, True]]), torch.tensor([[0, 1]])):
        for support in ("binary", "unit interval", "real"):
            check_support(x, support, "continuous")
    check_support(torch.tensor([[0.5]]), "unit interval", "continuous")
    check_support(torch.tensor([[-5e30]]), "real", "vector")
    check_support(torch.tensor([[0, 255]]), "real", "vector")
    check_support(torch.tensor([[0.0, 255.0]]), "real", "continuous")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_what_lies_outside_is_refused_with_the_range_found(dtype):
    with pytest.raises(ValueError, match=r"in \[0, 1\], not in \[-0\.5, 1\]: undo their standardisation"):
        check_support(torch.tensor([[-0.5, 1]], dtype=dtype), "unit interval", "continuous")
    with pytest.raises(ValueError, match=r"0 or 1, not numbers in \[0, 0\.5\]: give images as integers"):
        check_support(torch.tensor([[0, 0.5]], dtype=dtype), "binary", "rows")
    with pytest.raises(ValueError, match=r'Examples\(images, "rows"\)'):
        check_support(torch.tensor([[0, 0.5]], dtype=dtype), "binary", "rows")
    for bad in (float("nan"), float("inf"), -float("inf")):
        with pytest.raises(ValueError, match="1 of 2 values are not finite numbers"):
            check_support(torch.tensor([[0, bad]], dtype=dtype), "real", "vector")


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int64])
def test_integers_are_grey_levels_where_images_are_presented(dtype):
    said = (
        r"^Integers, here in \[0, 255\], are grey levels to this model: give other numbers as floats, or "
        r"give images as integers in 0…255 to aevb\.Examples\(images, \"continuous\"\), which presents them"
    )
    with pytest.raises(ValueError, match=rf"{said}\.$"):
        check_support(torch.tensor([[[0, 255]]], dtype=dtype), "real", "continuous")
    check_support(torch.tensor([[0, 255]], dtype=dtype), "real", "continuous")  # a table


@pytest.mark.parametrize("channels", [2, 4])
def test_images_with_transparency_are_refused(channels):
    """They were taken pixel by pixel, each with its channels: no image."""
    images = torch.zeros(5, 8, 6, channels, dtype=torch.uint8)
    said = rf"one channel or three, not {channels}: leave transparency out, x\[\.\.\., :{channels - 1}\], or"
    for ask in (channels_first, lambda x: check_shape(x, data_dim=48 * channels), Examples):
        with pytest.raises(ValueError, match=said):
            ask(images)
    for shape in ((5, 3, 8, 4), (5, 1, 8, 2)):
        assert channels_first(torch.zeros(shape)).numel() == torch.zeros(shape).numel()


def test_columns_that_cannot_be_taken_are_named():
    table = pd.DataFrame({"a": [1.0, 2], "b": [3, 4], "c": [5, 6]})
    for wrong, said in (
        (table.assign(a=[1.0, None]), r"missing in the column a: fill"),
        (table.assign(a=[1, None], c=pd.array([1, None], "Int64")), r"missing in the columns a, c: fill"),
        (table.assign(b="text"), r"must be numbers, not .* in the column b\."),
        (table.assign(c=pd.Timestamp("2020-1-1")), r"in the column c\."),
    ):
        with pytest.raises(ValueError, match=said):
            Examples(wrong)
    with pytest.raises(ValueError, match="2 of 6 values are not finite numbers in the columns 0, 2: fill"):
        Examples(np.array([[np.nan, 0, 1], [1, 0, np.inf]]))
    with pytest.raises(ValueError, match=r"give a column as numpy\.asarray\(x\)\[:, None\]"):
        Examples(table.a)
    with pytest.raises(ValueError, match=r"give a column as numpy\.asarray\(x\)\[:, None\]"):
        check_shape(as_tensor(table.a), data_dim=1)
    assert len(Examples(np.asarray(table.a)[:, None])) == 2


# Labels

WHOLE = [1, 0, 2, 2]


@pytest.mark.parametrize(
    "labels",
    [
        WHOLE,
        tuple(WHOLE),
        np.array(WHOLE),
        np.array(WHOLE, np.uint8),
        torch.tensor(WHOLE),
        torch.tensor(WHOLE, dtype=torch.float64),
        [[label] for label in WHOLE],
        np.array(WHOLE, float)[:, None],
        np.eye(3, dtype=int)[WHOLE],
        np.eye(3, dtype=bool)[WHOLE],
        torch.eye(3)[WHOLE],
        np.eye(3)[WHOLE].tolist(),
        TensorDataset(torch.tensor(WHOLE)),
    ],
)
@pytest.mark.parametrize("classes", [None, 3])
def test_labels_are_read_from_what_clearly_means_them(labels, classes):
    read = read_labels(labels, count=4, classes=classes)
    assert read.tolist() == WHOLE and read.dtype == torch.int64


@pytest.mark.parametrize("labels", [[0, 0, 0], [[0], [0], [0]], [[1], [1], [1]], np.ones((3, 1))])
def test_of_one_class_a_column_is_of_labels_or_of_weights(labels):
    assert read_labels(labels, count=3, classes=1).tolist() == [0, 0, 0]


def test_weights_of_classes_stay_weights():
    weights = torch.tensor([[0.5, 0.25, 0.25], [0, 1, 0]])
    assert torch.equal(read_labels(weights, count=2, classes=3), weights)
    assert read_labels(weights.half(), count=2).dtype == torch.float16
    assert torch.equal(read_labels(torch.ones(2, 1), count=2, classes=1), torch.zeros(2, dtype=torch.int64))


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([1, 2, 3, 10], r"Labels must be in 0…9, not 1…10: subtract 1\.$"),
        ([0, 2, 3, 12], r"Labels must be in 0…9, not 0…12\.$"),
        ([0, -1, 2, -1], r"in 0…9, but 2 of 4 are negative, down to -1: leave out examples without a label"),
        ([0, 1, 2], r"There are 4 examples but 3 labels: give one for each\.$"),
        (3, r"There are 4 examples but a single label"),
        ([0, 0.5, 1, 2], r"Labels must be whole numbers, not 0\.5\.$"),
        ([0, float("nan"), 1, 2], "Some labels are not finite numbers"),
        (
            ["cat", "dog", "cat", "dog"],
            r"not names such as 'cat': aevb\.data\.number_labels\(labels\) numbers",
        ),
        (5 * np.eye(10)[[0, 1, 2, 3]], r"must sum to 1, but those of example 0 sum to 5: divide them"),
        (np.zeros((4, 10)), "example 0 sum to 0"),
        (np.eye(3)[[0, 1, 2, 0]], r"Weights of 10 classes must be of shape \(N, 10\), not \(4, 3\)\."),
        (np.full((4, 10), [-0.1, *[1.1 / 9] * 9]), r"must be at least 0, not -0\.1\."),
        (np.zeros((4, 2, 2)), r"of shape \(N,\) or \(N, C\), not \(4, 2, 2\)"),
    ],
)
def test_what_is_no_label_gets_a_sentence(labels, said):
    with pytest.raises(ValueError, match=said):
        read_labels(labels, count=4, classes=10)


@pytest.mark.parametrize(
    ("labels", "numbers", "names"),
    [
        (["dog", "cat", "dog"], [1, 0, 1], ("cat", "dog")),
        (np.array([b"b", b"a"]), [1, 0], ("a", "b")),
        ([10, 1, 7], [2, 0, 1], ("1", "7", "10")),
        (np.array([[3.0], [2.0]]), [1, 0], ("2", "3")),
        (np.eye(3)[[2, 0]], [2, 0], ("0", "1", "2")),
        ([True, False], [1, 0], ("0", "1")),
        (np.array(["dog", "cat", "dog"], object), [1, 0, 1], ("cat", "dog")),
        (np.array([["b"], ["a"]], object), [1, 0], ("a", "b")),
        (np.array([b"b", b"a"], object), [1, 0], ("a", "b")),
        (np.array(["b", "a"], np.dtypes.StringDType()), [1, 0], ("a", "b")),
        (np.array([7, 1, 7], object), [1, 0, 1], ("1", "7")),
        ([1, -1, 1], [1, 0, 1], ("-1", "1")),
        ([-1.0, 1.0, -1.0], [0, 1, 0], ("-1", "1")),
        (np.array([127, -128, 0], np.int8), [2, 0, 1], ("-128", "0", "127")),
    ],
)
def test_labels_of_any_kind_are_numbered(labels, numbers, names):
    found, named = number_labels(labels)
    assert found.tolist() == numbers and found.dtype == torch.int64 and named == names


@pytest.mark.parametrize("missing", [None, float("nan"), 0])
def test_a_name_that_is_missing_is_no_class(missing):
    with pytest.raises(
        ValueError, match=r"names here, but 1 of 3 are none, such as .*: leave those examples"
    ):
        number_labels(np.array(["dog", missing, "cat"], object))


@pytest.mark.parametrize("labels", [[0, -1], [0.5, 1.0], [-1.5, -0.5], [[0.5, 0.5], [1.0, 0.0]]])
def test_what_numbers_no_classes_is_refused(labels):
    with pytest.raises(ValueError, match=r"[Ll]abel"):
        number_labels(labels)
