"""Whether an image is like any digit: the measure against torch's, the browser's twin, the record."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.distributions import MultivariateNormal

from aevb import VAE, checkpoints, data
from aevb.data import Split
from aevb.explore import codes, ink, likeness
from aevb.explore.drawings import drawings, drawn
from aevb.explore.packing import pack
from tests.test_parity import DENO, shipped

SCRIPT = Path(__file__).parent / "web" / "parity_likeness.js"


@torch.no_grad()
def test_it_is_the_density_under_the_nearest_class() -> None:
    torch.manual_seed(0)
    model, sample = VAE(latent_dim=3, hidden_dims=[16]).eval(), data.load_sample().train[:600]
    fitted = likeness.fit(model, sample)
    x = codes.seen(model, sample.images)
    q = codes.posterior(model, x)
    missed = np.pad((x - codes.decode(model, q.mean)).view(-1, 28, 28).numpy(), ((0, 0), (1, 1), (1, 1)))
    smooth = sum(missed[:, i : i + 28, j : j + 28] for i in range(3) for j in range(3)) / 9
    rest = np.sqrt((smooth**2).sum((1, 2)) / x.sum(1).numpy())
    looks = torch.cat([q.mean, torch.from_numpy(rest).float().unsqueeze(1)], 1).double()
    densities = []
    for label in range(10):
        own, within = sample.known_labels == label, torch.zeros(4, dtype=torch.float64)
        within[:3] = q.variance[own].mean(0)
        normal = MultivariateNormal(looks[own].mean(0), looks[own].T.cov() + within.diag())
        densities.append(normal.log_prob(looks) + 2 * np.log(2 * np.pi))
    expected = -torch.stack(densities).amax(0)
    grey = sample.images
    for images in (grey, grey.flatten(1), grey.numpy(), sample, data.Examples(grey, "continuous")):
        np.testing.assert_allclose(likeness.strangeness(model, images, fitted), expected, atol=2e-3)


def test_the_browsers_twin_draws_the_same_and_finds_them_as_strange(tmp_path: Path) -> None:
    model, found = shipped("vae"), checkpoints.load("vae").measures["likeness"]
    digits = data.load_sample().test.images[:200]
    for part in ("p", "q"):
        (tmp_path / f"{part}.bin").write_bytes(pack(model, part))
    asked = {
        "drawings": [[stroke.tolist() for stroke in strokes] for strokes in drawn()],
        "digits": digits.flatten(1).tolist(),
        "likeness": found,
    }
    (tmp_path / "asked.json").write_text(json.dumps(asked))
    allowed = [f"--allow-read={tmp_path}", f"--allow-write={tmp_path}"]
    command = [DENO, "run", "--quiet", "--no-check", "--no-remote", *allowed, SCRIPT, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answers = json.loads((tmp_path / "answers.json").read_text())
    images = np.reshape(answers["images"], (-1, 28, 28))
    assert np.abs(images - [ink.prepare(strokes) for strokes in drawn()]).max() < 1e-5
    everything = torch.cat([torch.from_numpy(drawings()), digits])
    strange = likeness.strangeness(model, everything, found).numpy()
    np.testing.assert_allclose(answers["strange"], strange, rtol=1e-3, atol=1e-2)
    unlike = strange > found["threshold"]
    assert (unlike == (np.array(answers["strange"]) > found["threshold"])).all()
    assert found["wrong"]["drawings"] == [(~unlike[:200]).sum(), 200]  # as recorded
    assert unlike[:200].mean() > 0.5 > 0.1 > unlike[200:].mean()


@pytest.mark.parametrize("few", [100, 5_000])
def test_it_is_asked_of_a_model_of_z_and_of_enough_digits(few: int) -> None:
    sample = data.load_sample()
    images = data.Images(
        Split(sample.train.images[:few], sample.train.labels[:few]),
        sample.test,
        sample.classes,
        False,
        "",
        "",
    )
    assert likeness.asked(VAE(hidden_dims=[8]), images) == (few == 5_000)
