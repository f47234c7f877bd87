"""The static edition as it is written: its files, what is in them, and what is refused."""

import json
import re
import shutil
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from aevb import __main__, checkpoints, site
from aevb.checkpoints import CheckpointError
from aevb.explore.packing import pack
from aevb.models import CVAE, GMVAE, VAE, VRNN, FactorAnalysis, LatentVariableModel
from aevb.site import packing
from aevb.ui.frame import catalogue
from aevb.ui.shared import loading


def content(folder: Path, name: str) -> bytes:
    """What a script holds, as the browser reads it."""
    written = (folder / name).read_bytes()
    start, end = b'aevb("%b",()=>{/*' % name.encode(), b"*/})"
    assert written.startswith(start) and written.index(b"*/") == len(written) - len(end)
    return zlib.decompress(written[len(start) : -len(end)].replace(b"*\0", b"*"))


def told(folder: Path) -> dict:
    """What the edition's host is told."""
    (name,) = re.findall(r'data-site="([^"]+)"', (folder / "index.html").read_text(encoding="utf-8"))
    return json.loads(content(folder, name))


def page(folder: Path, name: str) -> dict:
    (found,) = (page for page in told(folder)["pages"] if page["page"] == name)
    return found


SHIPPED = checkpoints.ROOT
MODELS: dict[str, Callable[[], LatentVariableModel]] = {
    "vae": lambda: VAE(latent_dim=2, hidden_dims=(4,)),
    "cvae": lambda: CVAE(latent_dim=2, hidden_dims=(4,)),
    "gmvae": lambda: GMVAE(latent_dim=2, hidden_dims=(4, 4)),
    "vrnn": lambda: VRNN(latent_dim=2, memory_dim=3, hidden_dims=(4,)),
}


@pytest.fixture(scope="module", autouse=True)
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Checkpoints of every model, small and untrained, in the place of the shipped ones."""
    root = tmp_path_factory.mktemp("checkpoints")
    for name, make in MODELS.items():
        torch.manual_seed(0)
        checkpoints.save(make(), root / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints, "ROOT", root)
        yield root


@pytest.fixture(scope="module")
def edition(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "edition"
    site.write(folder)
    return folder


def test_bytes_that_would_end_a_comment_come_back_as_they_were() -> None:
    for given in (b"", b"a*/b", b"**/", b"*\0/*", b"*\0\0*/*", b"*", bytes(range(256))):
        assert packing.commented(given).replace(b"*\0", b"*") == given
        assert b"*/" not in packing.commented(given)


def test_every_content_that_a_page_is_told_is_there_and_is_the_server_s(edition: Path) -> None:
    named = set(re.findall(r'"(contents/[\w.-]+\.js)"', json.dumps(told(edition))))
    there = {f"contents/{path.name}" for path in (edition / "contents").iterdir()}
    assert named <= there and len(there - named) == 1  # which is the one that names the others
    vae = page(edition, "vae")["shared"]
    assert content(edition, vae["checkpoint"]["p"]) == pack(loading.checkpoint("vae").model, "p")
    assert json.loads(content(edition, vae["checkpoint"]["about"]))["kind"] == "vae"
    formulas = json.loads(content(edition, page(edition, "vae")["scenes"][0]["mathematics"]))
    assert "<math" in formulas["html"]


def test_of_what_is_known_of_each_image_the_first_ones_stay(edition: Path) -> None:
    shared = page(edition, "gmvae")["shared"]
    test, count = loading.digits().test, shared["digits"]["count"]
    assert count == site.IMAGES < len(test)
    images = b"".join(content(edition, chunk) for chunk in shared["digits"]["images"])
    assert images == test.images[:count].numpy().tobytes()
    assert list(content(edition, shared["digits"]["labels"])) == test.known_labels[:count].tolist()
    points = np.frombuffer(content(edition, shared["checkpoint"]["maps"]["pca"]), "<f4").reshape(-1, 2)
    assert (points == loading.test_map("gmvae", "pca")[:count]).all()
    clusters, shares = content(edition, shared["checkpoint"]["clusters"]), loading.test_shares("gmvae")
    assert shares is not None and len(clusters) == 5 * count
    assert (np.frombuffer(clusters, "<f4", count) == shares.max(1)[:count].astype("<f4")).all()
    assert list(clusters[4 * count :]) == shares.argmax(1)[:count].tolist()


def test_every_page_is_there_and_one_that_needs_a_server_says_so(edition: Path) -> None:
    pages = told(edition)["pages"]
    assert [one["page"] for one in pages] == [one.name for one in catalogue.MENU]
    for one, known in zip(pages, catalogue.MENU, strict=True):
        if known.served:
            assert "aevb app" in one["problem"] and one["shared"] == {}
            assert [to["title"].split(":")[0] for to in one["elsewhere"]] == ["VAE", "Factor analysis"]
        else:
            assert [scene["id"] for scene in one["scenes"]] == [scene.id for scene in known.scenes]


def test_every_module_and_style_sheet_that_a_scene_needs_goes_along(edition: Path) -> None:
    found = told(edition)
    for one in found["pages"]:
        for scene in one["scenes"]:
            if not one.get("problem"):
                assert {f"parts/{scene['part']}/{scene['part']}.{kind}" for kind in ("js", "css")} <= (
                    found["modules"].keys() | found["styles"].keys()
                )
    seen: set[str] = set()
    for path, text in found["modules"].items():
        assert set(re.findall(r'from "aevb:([^"]+)"', text)) <= seen, path
        assert not re.search(r'from "\.', text), path
        seen.add(path)
    assert "hosts/site.js" in seen and "hosts/streamlit.js" not in seen


def test_no_other_host_is_named(edition: Path) -> None:
    texts = [(edition / name).read_text(encoding="utf-8") for name in ("index.html", "aevb.js", "offline.js")]
    texts.append(json.dumps(told(edition)))
    hosts = {host for text in texts for host in re.findall(r"https?://([^/\"'\\ ]+)", text)}
    assert hosts <= {"www.w3.org"}  # names of XML's vocabularies, which nobody fetches


def test_the_worker_keeps_every_other_file(edition: Path) -> None:
    (told_of,) = re.findall(
        r"self\.edition = (\{.*?\});", (edition / "offline.js").read_text(encoding="utf-8"), re.DOTALL
    )
    there = {path.relative_to(edition).as_posix() for path in edition.rglob("*") if path.is_file()}
    assert set(json.loads(told_of)["files"]) == there - {"offline.js"}


def test_written_again_it_is_the_same(edition: Path, tmp_path: Path) -> None:
    site.write(tmp_path / "again")
    files = [path.relative_to(edition) for path in sorted(edition.rglob("*")) if path.is_file()]
    assert [
        path.relative_to(tmp_path / "again") for path in sorted((tmp_path / "again").rglob("*.*"))
    ] == files
    for path in files:
        assert (edition / path).read_bytes() == (tmp_path / "again" / path).read_bytes(), path


# What is refused


def test_a_folder_with_something_in_it_is_left_as_it_is(edition: Path, tmp_path: Path, capsys) -> None:
    before = (edition / "index.html").stat().st_mtime_ns
    assert __main__.main(["export", str(edition)]) == 1
    assert "--overwrite" in capsys.readouterr().err
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").touch()
    assert __main__.main(["export", str(tmp_path / "other"), "--overwrite"]) == 1
    assert "is no edition" in capsys.readouterr().err
    assert (tmp_path / "other" / "thesis.tex").exists()
    assert (edition / "index.html").stat().st_mtime_ns == before


def test_where_a_disk_is_mounted_the_edition_there_is_not_lost(edition: Path, monkeypatch, capsys) -> None:
    """Another one could not take its place at once."""
    monkeypatch.setattr(Path, "is_mount", lambda path: path == edition)
    assert __main__.main(["export", str(edition), "--overwrite"]) == 1
    assert "name a folder in it" in capsys.readouterr().err
    assert (edition / "index.html").is_file()


def test_to_overwrite_leaves_nothing_of_what_was_there(edition: Path, tmp_path: Path, capsys) -> None:
    shutil.copytree(edition, tmp_path / "copy")
    (tmp_path / "copy" / "contents" / "old.js").touch()
    assert __main__.main(["export", str(tmp_path / "copy"), "--overwrite"]) == 0
    assert "MB: open" in capsys.readouterr().out
    assert not (tmp_path / "copy" / "contents" / "old.js").exists()
    assert (tmp_path / "copy" / "index.html").read_bytes() == (edition / "index.html").read_bytes()


def test_a_link_to_a_folder_stays_and_its_folder_gets_the_edition(edition: Path, tmp_path: Path) -> None:
    shutil.copytree(edition, served := tmp_path / "served")
    (served / "before.txt").touch()
    (link := tmp_path / "link").symlink_to(served)
    site.write(link, overwrite=True)
    assert link.is_symlink() and not (served / "before.txt").exists()
    assert (served / "index.html").read_bytes() == (edition / "index.html").read_bytes()


def test_where_it_cannot_be_written_whole_nothing_is_left(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(small, tmp_path / "checkpoints")
    (tmp_path / "checkpoints" / "vae" / "model.safetensors").unlink()
    monkeypatch.setattr(checkpoints, "ROOT", tmp_path / "checkpoints")
    with pytest.raises(CheckpointError):
        site.write(tmp_path / "places" / "edition")
    assert list((tmp_path / "places").iterdir()) == []


# Checkpoints of one's own


def test_one_of_one_s_own_stands_in_the_place_of_its_model_s(tmp_path: Path) -> None:
    model = VAE(latent_dim=3, hidden_dims=(5,)).half().float().eval()
    checkpoints.save(model, tmp_path / "mine")
    site.write(tmp_path / "edition", site.kinds([tmp_path / "mine"]))
    for shared in (page(tmp_path / "edition", "vae")["shared"], page(tmp_path / "edition", "draw")["shared"]):
        found = shared.get("checkpoint") or shared["checkpoints"]["vae"]
        assert content(tmp_path / "edition", found["q"]) == pack(model, "q")
    assert "mine" in told(tmp_path / "edition")["note"]
    with pytest.raises(LookupError):
        loading.folder("own-vae")  # that was for the edition alone


def test_one_is_looked_at_with_the_images_that_it_was_trained_on(tmp_path: Path) -> None:
    """And where they are gone with MNIST's, which is said."""
    images = np.random.default_rng(0).integers(0, 256, (40, 28, 28), dtype=np.uint8)
    np.savez(tmp_path / "shapes.npz", x_train=images, x_test=images[:7], y_train=images[:, 0, 0] % 2)
    known = {"source": str(tmp_path / "shapes.npz"), "shape": [28, 28]}
    for name in ("shapes", "MNIST"):
        checkpoints.save(VAE(latent_dim=2, hidden_dims=(4,)), tmp_path / f"of-{name}", known)
        edition = tmp_path / f"edition-{name}"
        site.write(edition, site.kinds([tmp_path / f"of-{name}"]))
        digits = page(edition, "vae")["shared"]["digits"]
        first = np.frombuffer(content(edition, digits["images"][0]), np.uint8)[:784]
        assert (digits["count"] == 7) is (name == "shapes")
        assert np.array_equal(first, images[0].ravel()) is (name == "shapes")
        assert re.search(rf"of-{name}, looked at with [^.]*{name}", told(edition)["note"])
        (tmp_path / "shapes.npz").unlink(missing_ok=True)


def test_a_damaged_record_costs_the_record_alone(tmp_path: Path) -> None:
    checkpoints.save(VAE(latent_dim=2, hidden_dims=(4,)), tmp_path / "mine")
    (tmp_path / "mine" / "training.json").write_text("{")
    site.write(tmp_path / "edition", site.kinds([tmp_path / "mine"]))
    assert "mine, looked at with MNIST" in told(tmp_path / "edition")["note"]


def test_two_of_a_model_or_one_without_a_page_are_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        checkpoints.save(VAE(latent_dim=2, hidden_dims=(4,)), tmp_path / name)
    with pytest.raises(ValueError, match="both hold a vae"):
        site.kinds([tmp_path / "one", tmp_path / "two"])
    checkpoints.save(FactorAnalysis(784, 2), tmp_path / "fa")
    with pytest.raises(ValueError, match="no page"):
        site.write(tmp_path / "edition", site.kinds([tmp_path / "fa"]))
    assert not (tmp_path / "edition").exists()
