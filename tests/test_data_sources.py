"""Sources of images: scikit-learn's, folders and .npz files, good ones and those that get a sentence."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import sklearn.datasets
import torch
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.utils import Bunch
from torchvision.datasets import FakeData

import aevb
from aevb import CVAE, VAE, VRNN, FactorAnalysis, TrainingConfig, data, evaluate, train
from aevb.data import DataError, border, mnist, sources

NOISE = np.random.default_rng(0)


def images(count: int, *shape: int) -> np.ndarray:
    return NOISE.integers(0, 256, (count, *(shape or (6, 5))), dtype=np.uint8)


def write(root: Path, pictures: dict[str, np.ndarray], **options: object) -> Path:
    """Each picture as root/NAME."""
    for name, pixels in pictures.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(root / name, **options)
    return root


def sorted_rows(x: torch.Tensor | np.ndarray) -> list[list[int]]:
    return sorted(np.asarray(x).reshape(len(x), -1).tolist())


# scikit-learn's


def test_scikit_learns_digits_are_grey_levels():
    digits = data.read("digits")
    assert digits.shape == (8, 8) and digits.classes == tuple("0123456789") and digits.name == "digits"
    assert (len(digits.train), len(digits.test)) == (1618, 179)
    assert digits.note == (
        "scikit-learn's digits: 1,618 training and 179 test images of 8 × 8 pixels, 10 classes; "
        "it has no test set, so a tenth, the same every time, is held out as one."
    )
    pixels = torch.cat([digits.train.images, digits.test.images])
    assert pixels.dtype == torch.uint8 and pixels.max() == 255 and len(pixels.unique()) == 17
    assert sorted_rows((pixels.double() * 16 / 255).round().int()) == sorted_rows(
        load_digits().data.astype(int)
    )
    again = data.read("digits")
    assert torch.equal(again.test.images, digits.test.images)


def test_scikit_learns_digits_are_the_same_wherever_it_keeps_them(monkeypatch):
    near, asked = data.read("digits"), []
    monkeypatch.setattr(sources, "DIGITS", "elsewhere.csv")
    monkeypatch.setattr(sklearn.datasets, "load_digits", lambda: asked.append(load_digits()) or asked[-1])
    for part in ("train", "test"):
        found, expected = getattr(data.read("digits"), part), getattr(near, part)
        assert torch.equal(found.images, expected.images) and torch.equal(found.labels, expected.labels)
    assert len(asked) == 2


def test_labels_stay_with_the_images_of_a_set_that_is_divided():
    found = load_digits()
    by_pixels = {tuple(x): y for x, y in zip(found.data.astype(int).tolist(), found.target, strict=True)}
    test = data.read("digits").test
    pixels = (test.images.double() * 16 / 255).round().int().flatten(1)
    assert [by_pixels[tuple(x)] for x in pixels.tolist()] == test.labels.tolist()


@pytest.mark.parametrize(("name", "radii"), [("moons", None), ("rings", (0.45, 1.0))])
def test_shapes_in_the_plane_are_standardised_and_always_the_same(name, radii):
    found = data.read(name)
    vectors = torch.cat([found.train.images, found.test.images])
    assert vectors.shape == (10_000, 2) and vectors.dtype == torch.float32 and found.shape == (2,)
    assert torch.allclose(vectors.mean(0), torch.zeros(2), atol=1e-4)
    assert torch.allclose(vectors.std(0), torch.ones(2), atol=1e-3)
    assert found.classes == ("0", "1") and torch.equal(data.read(name).train.images, found.train.images)
    if radii:  # class 0 is the outer ring
        inner, outer = (vectors_of(found.train, y).norm(dim=1).mean().item() for y in (1, 0))
        assert inner / outer == pytest.approx(radii[0] / radii[1], rel=0.02)


def vectors_of(split: data.Split, label: int) -> torch.Tensor:
    return split.images[split.labels == label]


@pytest.fixture
def faces(tmp_path, monkeypatch):
    """What scikit-learn gives as faces, and the folders that it was told to keep them in."""
    monkeypatch.setenv("AEVB_DATA", str(tmp_path / "data"))
    homes = []

    def fetch(data_home: Path, n_retries: int) -> Bunch:
        print("downloading Olivetti faces")
        homes.append(Path(data_home))
        (Path(data_home) / "olivetti_py3.pkz").write_bytes(b"pickled")
        return Bunch(
            images=np.linspace(0, 1, 400 * 64 * 64).reshape(400, 64, 64), target=np.arange(400) // 10
        )

    monkeypatch.setattr(sklearn.datasets, "fetch_olivetti_faces", fetch)
    return homes


def test_faces_are_downloaded_once_and_nothing_of_them_is_unpickled(faces, capsys):
    with pytest.raises(
        DataError, match=r"Olivetti faces are not in .*`python -m aevb data faces --download`"
    ):
        data.read("faces")
    assert list(data.download("faces")) == [0.0, 1.0]
    found = data.read("faces")
    assert found.shape == (64, 64) and (len(found.train), len(found.test)) == (360, 40)
    assert len(found.classes) == 40 and found.train.images.max() == 255
    assert len(faces) == 1 and not faces[0].exists()
    assert [path.name for path in data.folder().iterdir()] == ["olivetti.npz"]
    assert capsys.readouterr().out == ""
    np.savez(data.folder() / "olivetti.npz", images=images(3), labels=np.arange(3))
    with pytest.raises(DataError, match=r"olivetti\.npz is damaged; it is not used\. Delete it\."):
        data.read("faces")


def test_faces_that_do_not_arrive_leave_nothing_behind(faces, monkeypatch):
    def fail(**_: object) -> Bunch:
        raise OSError("<urlopen error timed out>")

    monkeypatch.setattr(sklearn.datasets, "fetch_olivetti_faces", fail)
    with pytest.raises(DataError, match=r"faces could not be downloaded\. <urlopen error timed out>"):
        list(data.download("faces"))
    assert list(data.folder().iterdir()) == []


# Folders


def test_a_folders_sub_folders_are_its_classes(tmp_path):
    pictures = {f"{kind}/{number}.png": images(1)[0] for kind in ("dog", "cat", "owl") for number in range(7)}
    root = write(tmp_path / "animals", pictures)
    found = data.read(root)
    assert found.classes == ("cat", "dog", "owl") and found.shape == (6, 5) and found.name == str(root)
    assert (len(found.train), len(found.test)) == (19, 2)
    assert found.note == (
        "animals: 19 training and 2 test images of 6 × 5 pixels, 3 classes; "
        "it has no test set, so a tenth, the same every time, is held out as one."
    )
    kinds = {pixels.tobytes(): name.split("/")[0] for name, pixels in pictures.items()}
    for split in (found.train, found.test):
        for pixels, label in zip(split.images.numpy(), split.labels.tolist(), strict=True):
            assert kinds[pixels.tobytes()] == found.classes[label]


def test_images_without_sub_folders_have_no_labels(tmp_path):
    root = write(tmp_path, {f"{number}.bmp": images(1)[0] for number in range(20)})
    found = data.read(str(root))
    assert found.train.labels is None and found.test.labels is None and found.classes == ()
    assert "18 training and 2 test" in found.note and "no labels" in found.note
    with pytest.raises(DataError, match="These images have no labels"):
        _ = found.test.known_labels
    with pytest.raises(
        ValueError, match="no labels, which a conditional model is given: those of a folder are"
    ):
        found.train.seen_by(CVAE(data_dim=30))


def test_a_train_and_a_test_folder_are_the_two_splits(tmp_path):
    train, test = images(4), images(2)
    pictures = {f"train/{'ab'[i % 2]}/{i}.png": x for i, x in enumerate(train)}
    pictures |= {f"test/b/{i}.png": x for i, x in enumerate(test)}
    found = data.read(write(tmp_path, pictures))
    assert found.classes == ("a", "b") and "held out" not in found.note
    assert torch.equal(found.train.images, torch.from_numpy(train[[0, 2, 1, 3]]))
    assert found.train.labels.tolist() == [0, 0, 1, 1]
    assert torch.equal(found.test.images, torch.from_numpy(test)) and found.test.labels.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("folders", "said"),
    [
        ("Train TEST", "3 classes."),
        ("train val", "3 classes; it has no test set, and its val is taken as one."),
        ("Train Validation", "3 classes; it has no test set, and its Validation is taken as one."),
        ("train test val", "3 classes; its val was passed over."),
        ("train test extra valid", "3 classes; its extra, valid were passed over."),
        ("train test a b c d e", "3 classes; its a, b, c, 2 more were passed over."),
    ],
)
def test_train_test_and_validation_are_known_in_any_case_and_what_is_beside_them_is_told(
    tmp_path, folders, said
):
    for folder in folders.split():
        kinds = {"train": "cat dog owl", "extra": "cow"}.get(folder.lower(), "cat dog")
        write(tmp_path / folder, {f"{kind}/0.png": images(1)[0] for kind in kinds.split()})
    found = data.read(tmp_path)
    assert found.classes == ("cat", "dog", "owl") and (len(found.train), len(found.test)) == (3, 2)
    assert found.note.endswith(said)


def test_a_folder_that_is_called_as_a_source_is_read_as_a_path(tmp_path, monkeypatch):
    write(tmp_path / "digits", {f"{kind}/{i}.png": images(1)[0] for kind in ("cat", "dog") for i in range(2)})
    monkeypatch.chdir(tmp_path)
    assert data.read("digits").shape == (8, 8)
    found = data.read(Path("digits"))
    assert found.classes == data.read("./digits").classes == data.read(found.name).classes == ("cat", "dog")


def test_links_to_folders_of_classes_are_followed_but_not_in_circles(tmp_path, monkeypatch):
    pictures = images(8)
    write(tmp_path / "elsewhere", {f"{'ab'[i % 2]}/{i}.png": x for i, x in enumerate(pictures)})
    root = tmp_path / "linked"
    root.mkdir()
    try:
        (root / "cat").symlink_to(tmp_path / "elsewhere" / "a", target_is_directory=True)
        (root / "dog").symlink_to(tmp_path / "elsewhere" / "b", target_is_directory=True)
        (root / "cat" / "back").symlink_to(tmp_path, target_is_directory=True)
        (root / "dog" / "cat").symlink_to(root, target_is_directory=True)
    except OSError:
        pytest.skip("this system lets nobody make links")
    for source in (root, "."):
        monkeypatch.chdir(root)
        found = data.read(source)
        assert found.classes == ("cat", "dog") and len(found.train) + len(found.test) == 8
        kinds = {x.tobytes(): i % 2 for i, x in enumerate(pictures)}
        for split in (found.train, found.test):
            assert split.labels.tolist() == [kinds[x.tobytes()] for x in split.images.numpy()]


def test_what_is_no_image_is_passed_over_and_counted(tmp_path):
    root = write(tmp_path, {f"a/{i}.png": x for i, x in enumerate(images(5))})
    (root / "a" / "readme.txt").write_text("about these")
    (root / "a" / "no.png").write_text("no image")
    whole = (root / "a" / "0.png").read_bytes()
    (root / "a" / "half.png").write_bytes(whole[: len(whole) // 2])
    (root / "a" / "empty.jpg").write_bytes(b"")
    (root / ".DS_Store").write_bytes(b"hidden")
    write(root, {".thumbnails/0.png": images(1)[0], "a/._0.png": images(1)[0]})
    found = data.read(root)
    assert len(found.train) + len(found.test) == 5
    assert "1 other file was passed over; 3 damaged images were passed over" in found.note


def test_colour_lies_channel_by_channel_and_grey_saved_as_colour_is_grey(tmp_path):
    colours = images(3, 6, 5, 3)
    root = write(tmp_path / "colour", {f"{i}.png": x for i, x in enumerate(colours)})
    write(root, {"grey.png": images(1)[0]})
    found = data.read(root)
    assert found.shape == (3, 6, 5) and "6 × 5 pixels in colour" in found.note
    pixels = torch.cat([found.train.images, found.test.images])
    assert set(map(bytes, pixels.numpy())) > {x.transpose(2, 0, 1).tobytes() for x in colours}
    grey = images(3)
    root = write(tmp_path / "grey", {f"{i}.png": np.repeat(x[..., None], 3, 2) for i, x in enumerate(grey)})
    found = data.read(root)
    assert found.shape == (6, 5)
    assert sorted_rows(torch.cat([found.train.images, found.test.images])) == sorted_rows(grey)


def test_grey_levels_of_16_bits_and_of_one_are_scaled_to_255(tmp_path):
    deep = (images(1).astype(np.uint16) * 257)[0]
    flat = np.eye(6, 5, dtype=bool)
    found = data.read(write(tmp_path, {"a.png": deep, "b.png": flat}))
    pixels = torch.cat([found.train.images, found.test.images])
    assert sorted_rows(pixels) == sorted_rows(np.stack([deep // 257, 255 * flat.astype(np.uint16)]))


def test_a_folder_of_zeros_and_ones_is_black_and_white_and_one_of_another_scale_is_refused(tmp_path):
    white = images(5) // 128
    found = data.read(write(tmp_path / "white", {f"{i}.png": x for i, x in enumerate(white)}))
    pixels = torch.cat([found.train.images, found.test.images])
    assert sorted_rows(pixels) == sorted_rows(255 * white.astype(int))
    for scale, said in ((15, "from 0 to 15 here, .*: multiply them by 255/15"), (0, "nothing to see")):
        dark = images(9) // 16 * (scale // 15)
        with pytest.raises(DataError, match=said):
            data.read(write(tmp_path / str(scale), {f"{i}.png": x for i, x in enumerate(dark)}))


def test_the_test_images_of_a_file_may_be_dark(tmp_path):
    found = data.read(save(tmp_path / "my.npz", x_train=images(9), x_test=images(9) // 3))
    assert len(found.test.seen_by(VAE(data_dim=30))) == 9
    with pytest.raises(DataError, match="nothing to see"):
        data.read(save(tmp_path / "my.npz", x=0 * images(9)))


@pytest.mark.parametrize(
    "stored",
    [
        lambda grey: (grey / 255).astype(np.float32),
        lambda grey: grey.astype(np.float32),
        lambda grey: grey.astype(np.uint16),
        lambda grey: grey.astype(np.int32),
        lambda grey: grey.astype(np.int32) * 257,
    ],
)
@pytest.mark.parametrize("size", [None, 4])
def test_the_scale_of_numbers_in_tiffs_is_that_of_all_of_them(stored, size, tmp_path):
    """Only 16 bits were read; all else became black."""
    grey = images(9, 8, 8)
    grey[0] //= 255  # which alone would be taken for black and white
    pictures = {f"{i}.tiff": stored(x) for i, x in enumerate(grey)}
    found = data.read(write(tmp_path / "deep", pictures), size=size)
    plain = data.read(write(tmp_path / "plain", {f"{i}.png": x for i, x in enumerate(grey)}), size=size)
    assert torch.equal(found.train.images, plain.train.images)
    assert torch.equal(found.test.images, plain.test.images)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda grey: grey / 100, r"floats in \[0, 1\], not floats in \[0, 2\.55\]"),
        (lambda grey: grey * 257, r"Grey levels must be in 0…255, not 0…65535"),
        (lambda grey: grey * np.nan, "576 of 576 values are not finite"),
        (lambda grey: grey.astype(np.uint16) * 16, r"reach 4080 here, .* multiply them by 65535/4080"),
        (lambda grey: grey // 16, "from 0 to 15 here, .*: multiply them by 255/15"),
        (lambda grey: grey.astype(np.int32) * 258, "must be in 0…255, not 0…65790"),
        (lambda grey: grey.astype(np.int32) - 1, "must be in 0…255, not -1…254"),
    ],
)
def test_numbers_in_tiffs_that_are_no_grey_levels_are_refused(change, said, tmp_path):
    grey = images(9, 8, 8).astype(np.float32)
    grey[0, 0, :2] = 0, 255
    with pytest.raises(DataError, match=said):
        data.read(write(tmp_path, {f"{i}.tiff": change(x) for i, x in enumerate(grey)}))


def test_images_turned_by_their_camera_stand_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    pixels = images(1)[0]
    root = write(tmp_path, {"a.png": pixels}, exif=exif)
    write(root, {"b.png": images(1, 5, 6)[0]})
    found = data.read(root)
    assert found.shape == (5, 6)
    both = torch.cat([found.train.images, found.test.images]).numpy()
    assert any(np.array_equal(x, np.rot90(pixels, -1)) for x in both)


def test_images_of_several_sizes_are_named_and_cropped_and_scaled_where_a_size_is_given(tmp_path):
    root = write(tmp_path, {"a/1.png": images(1, 8, 8)[0], "a/2.png": np.full((4, 12), 200, np.uint8)})
    with pytest.raises(
        DataError,
        match=r"but a/1\.png has 8 × 8 pixels and a/2\.png has 4 × 12 pixels: give one, such as size=4 "
        r"\(--image-size 4\)\.",
    ):
        data.read(root)
    found = data.read(root, size=4)
    assert found.shape == (4, 4)
    assert any((x == 200).all() for x in torch.cat([found.train.images, found.test.images]))
    assert data.read(root, size=(3, 7)).shape == (3, 7)


@pytest.mark.parametrize("size", [0, -1, 2.5, True, (1, 2, 3), (4, 0)])
def test_an_impossible_size_is_refused(size):
    with pytest.raises(ValueError, match="size must be a positive whole number, or a height and a width"):
        data.read("digits", size=size)


def test_any_set_is_scaled_to_the_size_that_is_asked_for():
    found, whole = data.read("digits", size=np.int64(4)), data.read("digits")
    assert found.shape == (4, 4) and found.note.endswith("; scaled to 4 × 4 pixels.")
    assert torch.equal(found.train.labels, whole.train.labels)
    blocks = whole.train.images.unfold(1, 2, 2).unfold(2, 2, 2).float().mean((3, 4))
    assert (found.train.images - blocks).abs().max() <= 1  # rounded in each direction


def test_an_image_of_too_many_pixels_is_named_and_not_opened(tmp_path, monkeypatch):
    root = write(tmp_path, {"a.png": images(1)[0], "b.png": images(1)[0]})
    for limit in (20, 10):  # PIL warns of the first, and refuses the second
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with (
            warnings.catch_warnings(action="error"),
            pytest.raises(DataError, match=rf"a\.png has more than {limit} pixels: it is not opened\."),
        ):
            data.read(root)


def test_more_images_than_memory_holds_are_refused_before_they_are_decoded(tmp_path, monkeypatch):
    root = write(tmp_path, {f"{i}.png": x for i, x in enumerate(images(9))})
    monkeypatch.setattr(border, "memory", lambda: 500)
    monkeypatch.setattr(border, "as_pixels", lambda image: pytest.fail("it was decoded"))
    with pytest.raises(DataError, match="the memory here holds"):
        data.read(root)


@pytest.mark.parametrize(
    ("pictures", "said"),
    [
        ({}, r"There is no image in .* \(of \.png, \.jpg"),
        ({"a.png": images(1)[0]}, "holds too few images: there must be one to train on and one to test with"),
        (
            {"a.png": images(1)[0], "b/c.png": images(1)[0]},
            "holds images in sub-folders, which are classes, and",
        ),
    ],
)
def test_a_folder_of_no_use_gets_a_sentence(tmp_path, pictures, said):
    with pytest.raises(DataError, match=said):
        data.read(write(tmp_path, pictures))


def test_a_folder_of_damaged_images_alone_gets_a_sentence(tmp_path):
    for name in ("a.png", "b.gif"):
        (tmp_path / name).write_bytes(b"no image")
    with pytest.raises(DataError, match=r"holds 2 images, of which none can be read"):
        data.read(tmp_path)


def test_a_folder_that_must_not_be_read_gets_a_sentence(tmp_path, monkeypatch):
    write(tmp_path, {"a.png": images(1)[0]})

    def forbid(*_: object, **__: object):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.scandir", forbid)
    with pytest.raises(DataError, match=r"cannot be read: Permission denied\."):
        data.read(tmp_path)


# .npz files


def save(path: Path, **arrays: object) -> Path:
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "y_train", "x_test", "y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("X_train", "Y_train", "X_test", "Y_test"),
    ],
)
def test_an_npz_of_two_splits_is_read(tmp_path, names):
    train, test = images(8), images(3)
    labels = [(np.arange(8) % 3 + 1).astype(np.uint8), np.array([3, 1, 2])]
    if names[1] == "train_labels":
        labels = [column[:, None] for column in labels]
    content = (train, labels[0], test, labels[1])
    found = data.read(save(tmp_path / "my.npz", **dict(zip(names, content, strict=True)), val=images(2)))
    assert torch.equal(found.train.images, torch.from_numpy(train))
    assert torch.equal(found.test.images, torch.from_numpy(test))
    assert found.classes == ("1", "2", "3")
    assert found.train.labels.tolist() == [0, 1, 2, 0, 1, 2, 0, 1] and found.test.labels.tolist() == [2, 0, 1]
    assert found.note == (
        "my.npz: 8 training and 3 test images of 6 × 5 pixels, 3 classes; its array val was passed over."
    )


@pytest.mark.parametrize("names", [("x", "y"), ("images", "labels"), ("data", "target"), ("arr_0", "arr_1")])
def test_an_npz_of_one_set_is_divided(tmp_path, names):
    content = (images(30), np.array(["b", "a", "c"] * 10))
    found = data.read(save(tmp_path / "my.npz", **dict(zip(names, content, strict=True))))
    assert (len(found.train), len(found.test)) == (27, 3) and "held out" in found.note
    assert found.classes == ("a", "b", "c")
    kinds = {x.tobytes(): y for x, y in zip(*content, strict=True)}
    for x, y in zip(found.test.images.numpy(), found.test.labels.tolist(), strict=True):
        assert kinds[x.tobytes()] == found.classes[y]


@pytest.mark.parametrize("divisor", [1, 255])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_whose_meaning_is_clear_are_grey_levels(tmp_path, divisor, dtype):
    grey = images(10)
    found = data.read(save(tmp_path / "my.npz", x=(grey / divisor).astype(dtype)))
    assert sorted_rows(torch.cat([found.train.images, found.test.images])) == sorted_rows(grey)
    found = data.read(save(tmp_path / "my.npz", x=grey > 99))
    assert sorted_rows(torch.cat([found.train.images, found.test.images])) == sorted_rows(255 * (grey > 99))


@pytest.mark.parametrize("shape", [(3, 6, 5), (6, 5, 3)])
def test_an_npz_of_colours(tmp_path, shape):
    found = data.read(save(tmp_path / "my.npz", x=images(10, *shape)))
    assert found.shape == (3, 6, 5) and "in colour" in found.note


def test_vectors_are_taken_as_they_are_unless_a_size_says_that_they_are_images(tmp_path):
    table = NOISE.normal(size=(20, 12))
    found = data.read(save(tmp_path / "my.npz", x=table, y=np.arange(20) % 2))
    assert found.shape == (12,) and "vectors of 12 numbers" in found.note
    assert sorted_rows(torch.cat([found.train.images, found.test.images])) == sorted_rows(table)
    flat = images(20, 12)
    assert data.read(save(tmp_path / "my.npz", x=flat), size=(3, 4)).shape == (3, 4)
    assert data.read(save(tmp_path / "my.npz", x=flat), size=2).shape == (3, 2, 2)
    with pytest.raises(DataError, match="Rows of 12 numbers are no images of 3 × 3 pixels"):
        data.read(tmp_path / "my.npz", size=3)


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.int16, np.uint16, np.int64])
def test_vectors_of_integers_are_numbers_like_others(tmp_path, dtype):
    """They were taken for grey levels: divided by 256 and given noise, or refused."""
    table = NOISE.integers(0, np.iinfo(dtype).max if dtype != np.bool_ else 2, (20, 12)).astype(dtype)
    found = data.read(save(tmp_path / "my.npz", x=table))
    for model in (FactorAnalysis(12, 2).double(), VAE(data_dim=12, likelihood="gaussian").double()):
        seen = found.for_model(model)
        (train,), (test,) = (split.seen_by(model).fixed() for split in (seen.train, seen.test))
        assert sorted_rows(torch.cat([train, test])) == sorted_rows(table.astype(float))


def test_rows_of_pixels_of_a_file_need_their_size(tmp_path):
    found = data.read(save(tmp_path / "my.npz", x=images(20, 12)))
    with pytest.raises(ValueError, match=r"in \[0, 1\], .* they are rows of a file, .*=gaussian"):
        found.train.seen_by(VAE(data_dim=12))


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"a": np.zeros(3), "b": np.zeros(3)}, r"holds the arrays a, b: call the images x_train and x_test"),
        ({}, "holds the arrays none: call the images"),
        ({"x": images(5), "y": np.arange(4)}, "holds 5 images but 4 labels"),
        ({"x": images(1)}, "too few images"),
        ({"x_train": images(5), "x_test": images(0)}, "too few images"),
        ({"x_train": images(5), "x_test": images(5, 4, 4)}, r"not \(5, 6, 5\) and \(5, 4, 4\)"),
        ({"x": images(5, 4, 4, 2)}, "one channel or three, not 2"),
        ({"x": np.arange(5)}, r"not \(5,\)"),
        ({"x": images(0)}, r"There are no numbers in an array of shape \(0, 6, 5\): give some\."),
        ({"x": images(5, 0, 3)}, r"There are no numbers in an array of shape \(5, 0, 3\)"),
        ({"x": images(5, 0)}, r"There are no numbers in an array of shape \(5, 0\)"),
        ({"x": images(5) // 16}, r"Grey levels run from 0 to 15 here.*multiply them by 255/15"),
        ({"x": images(5) * 1.5 - 3}, r"must be integers in 0…255 or floats in \[0, 1\], not floats in \["),
        ({"x": images(5) * np.nan}, "150 of 150 values are not finite numbers"),
        ({"x": images(2), "y": np.array([-1, 0])}, "1 of 2 are negative, down to -1"),
        ({"x": images(2), "y": np.array([0.97, 0])}, r"not 0\.97\. If y holds none, rename it"),
        ({"x": images(2), "label": np.array("mine")}, "holds 2 images but a single label"),
        ({"x": np.array([None, 1])}, "Object arrays cannot be loaded when allow_pickle=False"),
        (
            {"x": images(2), "y": np.array([None, 1])},
            "Object arrays cannot be loaded when allow_pickle=False",
        ),
    ],
)
def test_an_npz_of_no_use_gets_a_sentence(tmp_path, arrays, said):
    with pytest.raises(DataError, match=said):
        data.read(save(tmp_path / "my.npz", **arrays))


@pytest.mark.parametrize("content", [b"", b"anything", b"PK\x03\x04 and no more"])
def test_a_damaged_npz_gets_a_sentence(tmp_path, content):
    (tmp_path / "my.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"my\.npz is damaged"):
        data.read(tmp_path / "my.npz")


def test_every_damage_to_a_compressed_npz_gets_a_sentence(tmp_path):
    """Where zlib meets it, as where zipfile does."""
    path, said = tmp_path / "my.npz", set()
    np.savez_compressed(path, x=np.tile(images(20), (3, 1, 1)))
    whole = path.read_bytes()
    for place in range(60, len(whole) - 150, 29):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        with pytest.raises(DataError) as refused:
            data.read(path)
        said.add(str(refused.value).partition(" is damaged: ")[2].partition(" ")[0])
    assert {"Error", "Bad"} <= said


@pytest.mark.parametrize(("offset", "value"), [(6, 1), (8, 99)])
def test_a_locked_npz_and_one_of_another_compression_get_a_sentence(tmp_path, offset, value):
    path = save(tmp_path / "my.npz", x=images(5))
    content = bytearray(path.read_bytes())
    for place in (content.index(b"PK\3\4") + offset, content.index(b"PK\1\2") + offset + 2):
        content[place] |= value
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"my\.npz cannot be unpacked: .*\. Write it by numpy\.savez\."):
        data.read(path)


def test_an_npz_of_more_than_memory_holds_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = save(tmp_path / "my.npz", x=images(100))
    monkeypatch.setattr(border, "memory", lambda: 5000)
    monkeypatch.setattr(np, "load", lambda *a, **k: pytest.fail("it was read"))
    with pytest.raises(DataError, match="the memory here holds"):
        data.read(path)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "nowhere",
            "nowhere is not there: give one of mnist, fashion, kmnist, digits, faces, moons, rings, a folder",
        ),
        (__file__, "is neither a folder of images nor an .npz"),
    ],
)
def test_what_is_no_source_gets_a_sentence(source, said):
    with pytest.raises(DataError, match=said):
        data.read(source)


# All of it, as the README has it


@pytest.mark.parametrize("source", ["digits", "folder", "npz"])
@pytest.mark.parametrize("kind", [VAE, CVAE, VRNN])
def test_models_train_on_any_source_of_any_size(tmp_path, source, kind):
    if source == "folder":
        given = write(tmp_path, {f"{'ab'[i % 2]}/{i}.jpg": x for i, x in enumerate(images(40, 6, 5))})
    elif source == "npz":
        given = save(tmp_path / "my.npz", x=images(40, 6, 5), y=np.array(["a", "b"] * 20))
    else:
        given = source
    found = data.read(given)
    height, width = found.shape
    arguments = {"data_dim": height * width, "latent_dim": 2}
    if kind is VRNN:
        arguments |= {"data_dim": width, "length": height, "memory_dim": 8, "memory_layers": 1}
    if kind is CVAE:
        arguments["classes"] = len(found.classes)
    model = kind(**arguments)
    for _ in train(model, found.train.seen_by(model), TrainingConfig(steps=2, batch_size=20)):
        pass
    measured = evaluate(model, *found.test.seen_by(model).fixed())
    assert measured.examples == len(found.test) and np.isfinite(measured.elbo)


def test_what_the_readme_says_of_ones_own_data_runs(tmp_path, monkeypatch, faces, capsys):
    text = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    section = text.partition("### Your own data\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    assert len(blocks) == 2
    monkeypatch.chdir(tmp_path)
    kinds = {f"photographs/{'ab'[i % 2]}/{i}.jpg": x for i, x in enumerate(images(9, 40, 50, 3))}
    write(tmp_path, kinds)
    save(tmp_path / "mine.npz", x=images(30), y=["b", "a", "c"] * 10)
    list(data.download("faces"))
    whole = mnist.load_complete
    monkeypatch.setattr(
        mnist, "load_complete", lambda source: data.load_sample() if source != "mnist" else whole()
    )

    def cifar(root: str, download: bool) -> list[tuple[Image.Image, int]]:
        assert (root, download) == ("data", True)
        return FakeData(40, (3, 32, 32))

    monkeypatch.setattr("torchvision.datasets.CIFAR10", cifar)
    names: dict[str, object] = {"aevb": aevb}
    for block in blocks:
        exec(block, names)
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 3 + 2 + 2 * 2 and all(np.isfinite(float(line)) for line in told[3:])
    assert names["photographs"].shape == (3, 32, 32) and names["mine"].classes == ("a", "b", "c")


def test_the_bundled_sample_is_an_npz_like_others():
    found = data.read(mnist.SAMPLE)
    sample = data.load_sample()
    assert torch.equal(found.train.images, sample.train.images) and torch.equal(
        found.test.labels, sample.test.labels
    )
    assert found.classes == sample.classes


def test_arrays_are_told_what_takes_them(tmp_path):
    x = np.zeros((4, 3))
    for given in (x, torch.zeros(4, 3), (x, np.arange(4)), [1, 2]):
        with pytest.raises(
            DataError, match=r"not a \w+: aevb\.Examples takes arrays as they are, and numpy\.savez"
        ):
            data.read(given)
    np.save(tmp_path / "x.npy", x)
    with pytest.raises(DataError, match=r"neither a folder of images nor an \.npz, as which numpy\.savez\("):
        data.read(tmp_path / "x.npy")
    with pytest.raises(DataError, match=r"Rows of other numbers, .* from Python alone: aevb\.train\("):
        data.read(save(tmp_path / "my.npz", x=NOISE.normal(size=(5, 6, 2))))
