"""How models look at data: presentations, noise, what examples are refused, and how they fit a model."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset, TensorDataset

from aevb import GMVAE, VAE, FactorAnalysis, TrainingConfig, evaluate, train
from aevb.data import Examples, Split, as_rows, binarize, dequantize
from tests.small_models import SMALL, make

IMAGES = torch.randint(0, 256, (20, 28, 28), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
EDGES = torch.tensor([[[0, 1, 127, 128, 254, 255]]], dtype=torch.uint8)
COUNTED = torch.arange(246, 256, dtype=torch.uint8)[:, None, None].expand(10, 2, 2)
"""Ten images that can be told apart by any pixel."""


def number(x: torch.Tensor) -> torch.Tensor:
    """Which of `COUNTED` each of its dequantised images is."""
    return (256 * x[:, 0]).long() - 246


# Presentations


def test_dequantised_values_stay_in_their_pixels_bin():
    x = dequantize(IMAGES)
    assert x.shape == (20, 784) and x.dtype == torch.float32
    excess = 256 * x.double() - IMAGES.flatten(1)
    assert excess.min() >= 0 and excess.max() <= 1
    assert excess.mean().item() == pytest.approx(0.5, abs=0.02)


def test_dequantising_leaves_the_images_alone():
    pixels = IMAGES.float()
    dequantize(pixels)
    assert torch.equal(pixels, IMAGES.float())


def test_noise_is_fresh_every_epoch_of_training():
    examples, generator = Examples(COUNTED, "continuous"), torch.Generator().manual_seed(0)
    epochs = [torch.cat([x for (x,) in examples.epoch(5, generator)]) for _ in range(2)]
    order = [number(x).argsort() for x in epochs]
    for x, sorting in zip(epochs, order, strict=True):
        assert number(x)[sorting].tolist() == list(range(10))
    assert not torch.equal(*order)
    assert not (epochs[0][order[0]] == epochs[1][order[1]]).any()


def test_noise_is_the_same_at_every_test():
    examples = Examples(IMAGES, "continuous")
    (first,) = examples.fixed()
    list(examples.epoch(10, torch.Generator().manual_seed(1)))
    assert torch.equal(first, *examples.fixed())
    assert torch.equal((256 * first).long(), IMAGES.flatten(1).long())


@pytest.mark.parametrize("u", [0.0, 0.25, 0.5, 1 - 2**-30])
def test_binarising_is_thresholding_at_one_half_whatever_the_noise(u):
    for images in (IMAGES, EDGES):
        dequantised = (images.flatten(1).double() + u) / 256
        assert torch.equal(binarize(images), (dequantised >= 0.5).float())


def test_rows_are_the_binary_image_from_top_to_bottom():
    rows = as_rows(IMAGES)
    assert rows.shape == (20, 28, 28)
    assert torch.equal(rows[3, 5], binarize(IMAGES)[3, 5 * 28 : 6 * 28])


def test_an_epoch_drops_the_last_short_batch():
    examples = Examples(torch.arange(10.0).unsqueeze(1))
    batches = [x for (x,) in examples.epoch(4, torch.Generator().manual_seed(0))]
    assert [len(batch) for batch in batches] == [4, 4]
    assert len(torch.cat(batches).unique()) == 8


def test_a_batch_larger_than_the_data_is_all_of_them():
    ((x,),) = Examples(torch.arange(3.0).unsqueeze(1)).epoch(100, torch.Generator())
    assert sorted(x.flatten().tolist()) == [0, 1, 2]


@pytest.mark.parametrize("part", [slice(-3, None), torch.tensor([4, 0])])
def test_a_part_of_a_split_has_its_labels_if_there_are_any(part):
    some = Split(COUNTED, torch.arange(10))[part]
    assert torch.equal(some.known_labels, torch.arange(10)[part])
    assert torch.equal(some.images[:, 0, 0].long() - 246, some.known_labels)
    assert Split(COUNTED)[part].labels is None


def test_labels_stay_with_their_images():
    examples = Examples(COUNTED, "continuous", labels=torch.arange(10))
    for x, y in [*examples.epoch(4, torch.Generator().manual_seed(0)), examples.fixed()]:
        assert torch.equal(number(x), y)


# What is read, and how


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.int64, np.uint64, ">i4"])
def test_grey_levels_of_any_integer_type_are_presented(dtype):
    images = IMAGES.numpy().astype(dtype)
    (x,) = Examples(images, "continuous").fixed()
    assert torch.equal(x, *Examples(IMAGES, "continuous").fixed())
    (x,) = Examples(images.tolist(), "binary").fixed()
    assert torch.equal(x, binarize(IMAGES))


@pytest.mark.parametrize("observation", ["binary", "rows"])
@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.int64, np.float32, np.float64])
def test_images_of_zeros_and_ones_are_taken_as_they_are(observation, dtype):
    """As grey levels all of them would be blank."""
    black_and_white = np.eye(5, dtype=dtype)[None].repeat(3, 0)
    (x,) = Examples(black_and_white, observation).fixed()
    assert x.shape == ((3, 5, 5) if observation == "rows" else (3, 25))
    assert np.array_equal(x.reshape(3, 5, 5), black_and_white)


def test_floats_are_taken_as_they_are():
    x = torch.rand(5, 28, 28, dtype=torch.float64)
    (taken,) = Examples(x, "continuous").fixed()
    assert torch.equal(taken, x.flatten(1))
    ((taken,),) = Examples(x, "continuous").epoch(5, torch.Generator().manual_seed(0))
    assert torch.equal(taken.sort(0).values, x.flatten(1).sort(0).values)


def test_whole_numbers_keep_the_digits_that_the_models_type_has():
    x = 10**9 + torch.randint(0, 50, (40, 2), generator=torch.Generator().manual_seed(0))
    models = [FactorAnalysis(2, 1, mean=True).double() for _ in range(2)]
    for model, values in zip(models, (x, x.double()), strict=True):
        assert torch.equal(*model.observed(values), x.double())
        model.start(values)
    assert torch.equal(*(model.p_x_given_z.sigma for model in models))


@pytest.mark.parametrize("last", [False, True])
def test_colours_lie_channel_by_channel_however_they_came(last):
    images = torch.randint(0, 256, (4, 3, 6, 5), dtype=torch.uint8)
    (x,) = Examples(images.movedim(1, 3) if last else images, "continuous").fixed()
    assert x.shape == (4, 90)
    assert torch.equal((256 * x).long(), images.flatten(1).long())
    with pytest.raises(ValueError, match=r"Images of 3 channels have no rows of single pixels"):
        Examples(images, "rows")


def test_a_data_set_of_pairs_brings_its_labels():
    pairs = TensorDataset(COUNTED, torch.arange(10))
    for values in (pairs, DataLoader(pairs, batch_size=3, shuffle=True)):
        x, y = Examples(values, "continuous").fixed()
        assert torch.equal(number(x), y) and sorted(y.tolist()) == list(range(10))


IMPOSSIBLE = {
    "an unknown observation": (IMAGES, "grey", None, r"observation must be one of .*, not 'grey'\."),
    "no examples": (IMAGES[:0], "vector", None, "There are no examples"),
    "an empty list": ([], "vector", None, "There are no examples"),
    "one dimension": (torch.arange(5.0), "vector", None, r"shape \(N, D\), not \(5,\): give a column as"),
    "a number": (3.0, "vector", None, "There are no examples"),
    "text": ("mnist", "vector", None, r"Values must be numbers, not text\."),
    "nothing": (None, "vector", None, "Values must be numbers, not a NoneType"),
    "ragged rows": ([[1, 2], [3]], "vector", None, "no numbers in rows of one length"),
    "complex numbers": (torch.ones(2, 2) * 1j, "vector", None, "real numbers, not torch.complex64"),
    "labels of another number": (IMAGES, "binary", torch.zeros(3), "20 examples but 3 labels"),
    "17 grey levels": (
        IMAGES // 16 + IMAGES // 255,
        "binary",
        None,
        r"Grey levels run from 0 to 16 here, .*: multiply them by 255/16 and round\.",
    ),
    "0s and 1s to be dequantised": (IMAGES // 128, "continuous", None, "run from 0 to 1 here"),
    "more than 255": (IMAGES.int() * 2, "continuous", None, r"must be in 0…255, not 0…510"),
    "negative levels": (IMAGES.int() - 128, "rows", None, r"must be in 0…255, not -128…127"),
    "floats in 0…255": (
        IMAGES.float(),
        "continuous",
        None,
        r"Values must be in \[0, 1\], not in \[0, 255\]: give images as integers in 0…255 to aevb\.Examples",
    ),
    "floats in -1…1": (
        IMAGES / 127.5 - 1,
        "continuous",
        None,
        r"must be in \[0, 1\], not in \[-1, 1\]: undo their standardisation, or",
    ),
    "floats in 0…16": (
        (IMAGES // 16 + IMAGES // 255).float(),
        "continuous",
        None,
        r"not in \[0, 16\]: scale them from 0…16 to 0…255",
    ),
    "greys for 0s and 1s": (IMAGES / 255, "binary", None, r"must be 0 or 1, not numbers in \[0, 1\]"),
    "not a number": (torch.tensor([[0.0, float("nan")]]), "vector", None, "1 of 2 values are not finite"),
    "infinite": (torch.tensor([[0.0, -float("inf")]]), "continuous", None, "1 of 2 values are not finite"),
    "more than memory holds": (
        torch.zeros(1).expand(10**10, 784),
        "vector",
        None,
        r"These data take 31,360\.0 GB, and the memory here holds .* GB: give fewer examples\.",
    ),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_impossible_examples_are_refused_in_a_sentence(case):
    values, observation, labels, said = IMPOSSIBLE[case]
    with pytest.raises(ValueError, match=said):
        Examples(values, observation, labels)


# How they fit a model


def test_the_models_number_type_is_that_of_its_examples():
    for dtype in (torch.float64, torch.float16):
        model = make("vae").to(dtype)
        for values in (IMAGES[:, :3, :4], torch.rand(20, 3, 4, dtype=torch.float64), np.zeros((20, 3, 4))):
            examples = Examples(values, "continuous").require(model)
            (x,) = examples.fixed()
            ((batch,),) = examples.epoch(20, torch.Generator().manual_seed(0))
            assert x.dtype == batch.dtype == dtype and x.shape == batch.shape == (20, 12)


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize(
    "kind", [np.asarray, torch.as_tensor, np.ndarray.tolist, TensorDataset, DataLoader, Split]
)
def test_any_model_trains_on_whatever_holds_numbers(name, kind):
    """12 numbers are images of 3 × 4 pixels; 56 are 7 rows of 8."""
    model = make(name)
    size = {12: (3, 4), 8: (7, 8), 5: (5,)}[model.data_dim]
    grey = np.random.default_rng(0).integers(0, 256, (30, *size))
    labels = np.arange(30) % model.choices if model.conditional else None
    if kind is TensorDataset or kind is DataLoader:
        columns = [torch.as_tensor(part) for part in (grey, labels) if part is not None]
        data, labels = TensorDataset(*columns), None
        values = DataLoader(data, batch_size=7) if kind is DataLoader else data
    elif kind is Split:
        values, labels = (
            Split(torch.as_tensor(grey), None if labels is None else torch.as_tensor(labels)),
            None,
        )
    else:
        values = kind(grey)
    examples = Examples(values, model.observation, labels)
    steps = list(train(model, examples, TrainingConfig(steps=3, batch_size=10)))
    assert len(steps) == 3 and all(np.isfinite(step.elbo) for step in steps)
    measured = evaluate(model, *examples.require(model).fixed())
    assert measured.examples == 30 and np.isfinite(measured.elbo)
    if kind is Split:
        assert measured == evaluate(model, values) == evaluate(model, values.seen_by(model))


def test_flat_images_are_rows_where_the_model_takes_rows_and_rows_are_flattened_where_it_does_not():
    rows = make("vrnn")
    images = torch.randint(0, 256, (4, 7, 8), dtype=torch.uint8)
    for values in (images, images.flatten(1), images[:, None], images[..., None]):
        for observation in ("rows", "binary"):
            (x,) = Examples(values, observation).require(rows).fixed()
            assert torch.equal(x, as_rows(images))
    (x,) = Examples(images[:, :3, :4], "rows").require(make("gmvae")).fixed()
    assert torch.equal(x, binarize(images[:, :3, :4]))


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((20, 8, 8), r"The model takes examples of 784 numbers, but these have 64 numbers \(8 × 8\)\."),
        ((20, 3, 32, 32), r"784 numbers, but these have 3,072 numbers \(3 × 32 × 32\)\."),
        ((28, 28), r"784 numbers, but these have 28 numbers \(a single example is given as x\[None\]\)\."),
    ],
)
def test_examples_of_another_size_are_refused_with_both_sizes(shape, said):
    examples = Examples(torch.randint(0, 256, shape), "continuous")
    with pytest.raises(ValueError, match=said):
        examples.require(VAE())
    with pytest.raises(ValueError, match=said):
        next(train(VAE(), examples, TrainingConfig(steps=1)))


def test_rows_of_pixels_are_not_taken_for_examples():
    """(N, 8, 8) has rows of 8 numbers, on which a model of 8 would have been trained."""
    with pytest.raises(ValueError, match=r"takes examples of 8 numbers, but these have 64 numbers \(8 × 8\)"):
        Examples(torch.rand(20, 8, 8)).require(FactorAnalysis(8, 2))


@pytest.mark.parametrize(
    ("values", "observation", "model", "said"),
    [
        (
            IMAGES,
            "vector",
            VAE,
            r"in \[0, 1\], not in \[0, 255\]: .* aevb\.Examples\(images, \"continuous\"\)",
        ),
        (torch.randn(20, 784), "vector", VAE, r"in \[0, 1\], not in \[-\d.*undo their standardisation"),
        (
            IMAGES // 16,
            "vector",
            GMVAE,
            r"0 or 1, not numbers in \[0, 15\]: .* aevb\.Examples\(images, \"binary\"\)",
        ),
        (
            IMAGES,
            "continuous",
            GMVAE,
            r"takes images as aevb\.Examples\(images, 'binary'\), not as 'continuous'",
        ),
        (torch.rand(20, 784), "continuous", GMVAE, r"must be 0 or 1, not numbers in \[\d"),
    ],
)
def test_values_that_the_likelihood_says_nothing_about_are_refused(values, observation, model, said):
    with pytest.raises(ValueError, match=said):
        Examples(values, observation).require(model())


def test_what_lies_inside_the_support_is_taken_however_it_is_presented():
    (x,) = Examples(IMAGES, "binary").require(VAE()).fixed()
    assert torch.equal(x, binarize(IMAGES))
    (x,) = Examples(binarize(IMAGES), "vector").require(GMVAE()).fixed()
    assert torch.equal(x, binarize(IMAGES))
    (x,) = Examples(IMAGES, "continuous").require(FactorAnalysis(784, 2)).fixed()
    assert x.min() >= 0 and x.max() <= 1


def test_a_conditional_model_has_its_labels_checked_and_another_passes_them_over():
    x = torch.rand(6, 12)
    conditional = make("cvae")
    _, y = Examples(x, "continuous", [0.0, 1, 2, 3, 4, 0]).require(conditional).fixed()
    assert y.tolist() == [0, 1, 2, 3, 4, 0] and y.dtype == torch.int64
    with pytest.raises(ValueError, match=r"The model is conditional: give a label in 0…4 for each example"):
        Examples(x, "continuous").require(conditional)
    with pytest.raises(ValueError, match=r"Labels must be in 0…4, not 1…5: subtract 1\."):
        Examples(x, "continuous", [1, 2, 3, 4, 5, 1]).require(conditional)
    assert len(Examples(x, "continuous", [1, 2, 3, 4, 5, 1]).require(make("vae")).fixed()) == 1


class Tagged(Dataset):
    """Vectors with whatever belongs to them."""

    def __init__(self, tags: list):
        self.tags = tags

    def __len__(self) -> int:
        return len(self.tags)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, object]:
        return torch.full((12,), index / 10), self.tags[index]


@pytest.mark.parametrize("loaded", [False, True])
@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ([0.5, 1.5, 2.5], r"Labels must be whole numbers, not 0\.5\."),
        ([-1, -1, -1], "3 of 3 are negative, down to -1: leave out examples without a label"),
        (["cat", "dog", "cat"], r"not names such as 'cat': aevb\.data\.number_labels\(labels\) numbers them"),
        ([torch.zeros(2, 3)] * 3, r"Labels must be of shape \(N,\) or \(N, C\), not \(3, 2, 3\)"),
        ([0, 1, 7], r"Labels must be in 0…4, not 0…7"),
    ],
)
def test_what_a_data_set_has_beside_its_examples_need_be_labels_only_where_they_are_asked_for(
    loaded, tags, said
):
    values = DataLoader(Tagged(tags), batch_size=2) if loaded else Tagged(tags)
    examples = Examples(values, "continuous")
    (x,) = examples.require(make("vae")).fixed()
    assert torch.equal(x, make("vae").observed(values)[0])
    with pytest.raises(ValueError, match=said):
        examples.require(make("cvae"))
    assert Examples(values, "continuous", [2, 0, 1]).require(make("cvae")).labels.tolist() == [2, 0, 1]
    with pytest.raises(ValueError, match="names such as"):
        Examples(values, "continuous", ["a", "b", "c"])


def test_a_split_is_seen_as_the_model_takes_it():
    split = Split(IMAGES, torch.arange(20) % 10)
    (x,) = split.seen_by(VAE().double()).fixed()
    assert x.dtype == torch.float64 and torch.equal(x.float(), *Examples(IMAGES, "continuous").fixed())
    assert split.known_labels is split.labels
    with pytest.raises(ValueError, match=r"takes examples of 12 numbers, but these have 784"):
        split.seen_by(make("vae"))


@pytest.mark.parametrize("observation", ["continuous", "binary", "rows"])
def test_a_part_of_a_split_may_be_dark(observation):
    dark = (IMAGES // 3)[:, :7, :8]
    model = {"continuous": VAE(data_dim=56), "binary": GMVAE(data_dim=56), "rows": make("vrnn")}[observation]
    (x,) = Split(dark).seen_by(model).fixed()
    (bright,) = Examples(torch.cat([dark, 255 + 0 * dark]), observation).require(model).fixed()
    assert torch.equal((256 * x).long(), (256 * bright[:20]).long())
    with pytest.raises(ValueError, match=r"Grey levels run from 0 to 8\d here"):
        Examples(dark, observation)


def test_examples_move_to_a_device_and_stay_as_they_were_here():
    examples = Examples(IMAGES, "continuous", torch.arange(20))
    moved = examples.to("meta")
    assert moved.values.device.type == moved.labels.device.type == "meta" and len(moved) == 20
    assert moved.values.dtype == torch.uint8
    assert examples.values.device.type == "cpu"
