"""The models in the browser's engine, run by deno, against the models in torch: every shipped checkpoint, and
models of other sizes, likelihoods and numbers of choices.

tests/web/parity.js answers the same questions as torch here, given the same noise.
"""

import subprocess
import sys
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Generator, Tensor
from torch.distributions import Independent, Normal, kl_divergence

from aevb import CVAE, GMVAE, VAE, FactorAnalysis, LatentVariableModel, checkpoints, data
from aevb.distributions import ContinuousBernoulli
from aevb.evaluation import importance_bounds
from aevb.explore import codes, rows
from aevb.explore.packing import arrays, pack
from aevb.models import VRNN
from aevb.models.base import parameter, total
from aevb.models.gmvae import gumbel_softmax
from aevb.models.vrnn import at_temperature

DIGITS = 200
SAMPLES = 3  # of importance bounds
SEED = 5

MOST = 1e-4
"""The largest difference, relative where a number is above 1: both sum the same numbers in another order."""

SCRIPT = Path(__file__).parent / "web" / "parity.js"
DENO = Path(sys.executable).with_name("deno")


def answers(model: LatentVariableModel, folder: Path, **asked: Tensor) -> dict[str, np.ndarray]:
    """What the engine answers, {name: flat numbers}."""
    for part in ("p", "q"):
        (folder / f"{part}.bin").write_bytes(pack(model, part))
    for name, values in asked.items():
        values.numpy().astype(np.float32).tofile(folder / f"{name}.f32")
    allowed = [f"--allow-read={folder}", f"--allow-write={folder}"]
    command = [DENO, "run", "--quiet", "--no-check", "--no-remote", *allowed, SCRIPT, folder]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {path.stem: np.fromfile(path) for path in folder.glob("*.f64")}


def compare(found: Mapping[str, np.ndarray], expected: Mapping[str, Tensor]) -> None:
    assert found.keys() == expected.keys()
    apart = {}
    for name, tensor in expected.items():
        values = tensor.double().numpy()
        differences = np.abs(found[name].reshape(values.shape) - values) / np.maximum(1, np.abs(values))
        apart[name] = float(differences.max())
    assert not {name: difference for name, difference in apart.items() if not difference <= MOST}


def shipped(name: str) -> LatentVariableModel:
    if name not in checkpoints.shipped():
        pytest.skip(f"checkpoints/{name} is not there")
    return checkpoints.load(checkpoints.ROOT / name).model


OTHERS = {
    "a Gaussian VAE of 9 x 7": lambda: VAE(63, 4, [20, 10], likelihood="gaussian"),
    "a Bernoulli VAE of 8 x 9": lambda: VAE(72, 5, [20], likelihood="bernoulli"),
    "a VAE of 8 x 8 in colour": lambda: VAE(192, 4, [20]),
    "a CVAE of 26 labels": lambda: CVAE(30, 26, 4, [20, 10]),
    "a Gaussian CVAE of 4 labels": lambda: CVAE(30, 4, 6, [20], conditioned="z", likelihood="gaussian"),
    "a Bernoulli CVAE of 4 labels": lambda: CVAE(30, 4, 6, [20], conditioned="x", likelihood="bernoulli"),
    "a GMVAE of 6 clusters": lambda: GMVAE(30, 6, 4, [20, 10]),
    "a Gaussian GMVAE of 3 clusters": lambda: GMVAE(16, 3, 7, [20, 10, 10], likelihood="gaussian"),
}


def other(model: LatentVariableModel) -> LatentVariableModel:
    """It with weights that float16 holds, not as small as they are at first."""
    for weights in model.parameters():
        weights.copy_((1.5 * weights).half())
    return model.eval()


def digits(model: LatentVariableModel) -> tuple[Tensor, Tensor]:
    """Grey levels (N, T·D) in 0…255 and labels (N,), of a model of other sizes at random."""
    size = model.data_dim * model.length
    if size == 784:
        test = data.read().test
        return test.images[:DIGITS].flatten(1), test.labels[:DIGITS]
    images = torch.randint(256, (DIGITS, size), generator=seeded(), dtype=torch.uint8)
    return images, torch.arange(DIGITS) % max(1, model.choices)


def seeded(seed: int = SEED) -> Generator:
    return Generator().manual_seed(seed)


def per_digit(noise: Tensor) -> Tensor:
    """Noise (S, N, …) as the engine draws it, one digit after the other."""
    return noise.transpose(0, 1).contiguous()


@torch.no_grad()
@pytest.mark.parametrize("name", ["vae", "cvae", "gmvae", *OTHERS])
def test_an_image_models_answers_are_torchs(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = other(OTHERS[name]()) if name in OTHERS else shipped(name)
    (images, labels), latent = digits(model), model.latent_dim
    x = (images + 0.5) / 256 if model.observation == "continuous" else (images >= 128).float()
    observed = (x, labels) if model.conditional else (x,)
    shares = model.responsibilities(x)
    mixed = shares is not None
    y = labels if model.conditional else shares.argmax(1) if mixed else None

    # The noise that torch draws, for the engine to draw it again.
    noise = torch.randn(DIGITS, latent, generator=seeded(1))
    term_noise = torch.randn(model.choices if mixed else 1, DIGITS, latent, generator=seeded())
    generator, choosing = seeded(), torch.zeros(SAMPLES, DIGITS)
    if mixed:
        drawn = gumbel_softmax(shares.log().expand(SAMPLES, -1, -1), 1.0, generator).argmax(-1)
        wide = shares.double().expand(SAMPLES, -1, -1)
        middle = wide.cumsum(-1) - wide / 2  # of the share of [0, 1) that is a cluster's
        choosing = middle.gather(-1, drawn.unsqueeze(-1)).squeeze(-1)
    bound_noise = torch.randn(SAMPLES, DIGITS, latent, generator=generator)
    uniforms = torch.rand(DIGITS, model.data_dim, generator=seeded())

    if mixed:
        posterior = model.posterior(x.unsqueeze(1), torch.arange(model.choices))
        loc, scale = posterior.mean, posterior.stddev  # (N, C, L)
        means = loc[torch.arange(DIGITS), y]
        q_z = model.posterior(x, y)
    else:
        q_z = model.posterior(*observed)
        means, loc, scale = q_z.mean, q_z.mean, q_z.stddev
    z = q_z.mean + q_z.stddev * noise
    p_x, p_z = model.likelihood(z, y), model.prior(y)
    base = p_x.base_dist
    outputs = base.loc if isinstance(base, Normal) else base.logits
    if isinstance(base, ContinuousBernoulli):
        sample = ContinuousBernoulli(outputs.double()).icdf(uniforms.double())  # float32 cancels near logit 0
    elif isinstance(base, Normal):
        uniforms = uniforms.clamp(min=1e-6)
        sample = Normal(base.loc.double(), base.scale.double()).icdf(uniforms.double())
    else:
        sample = (uniforms < p_x.mean).float()
        close = (uniforms - p_x.mean).abs() < 1e-4
        uniforms = torch.where(close, 1 - sample, uniforms)  # no decision by a rounding error
    styles = codes.style(model, means, y)
    distances = torch.cdist(z.double(), means.double()).fill_diagonal_(torch.inf)
    terms = model.terms(*observed, generator=seeded())
    with torch.enable_grad():  # of the one-sample estimate in q's own mean and log scale, through the decoder
        own_loc, own_log_scale = q_z.mean.clone().requires_grad_(), q_z.stddev.log().requires_grad_()
        own = Independent(Normal(own_loc, own_log_scale.exp()), 1)
        p_own = model.likelihood(own_loc + own_log_scale.exp() * noise, y)
        estimate = p_own.log_prob(x) - kl_divergence(own, p_z)
        own_slopes = torch.autograd.grad(estimate.sum(), [own_loc, own_log_scale])
    bound = importance_bounds(model, *observed, bounds=[SAMPLES], generator=seeded())[SAMPLES]
    expected = {
        "x": x,
        "weights": shares if mixed else torch.ones(DIGITS),
        "loc": loc,
        "scale": scale,
        "z": z,
        "outputs": outputs,
        "decoded": codes.decode(model, z, y),
        "rebuilt": model.reconstructed(*observed),
        "log_p_x": p_x.log_prob(x),
        "log_p_z": p_z.log_prob(z),
        "log_q_z": q_z.log_prob(z),
        "estimate": estimate,
        "sample": sample,
        "style": styles,
        "nearest": distances.topk(5, largest=False).indices,
        **terms,
        "elbo": total(terms),
        "bound": bound,
        "walk": torch.stack([codes.walk(a, b, 5) for a, b in pairwise(styles)]),
        "along": codes.along(styles[0], 3, torch.tensor([-3, 0.5, 3])),
    }
    if model.data_dim == 784:
        expected["framed"] = images / 255  # MNIST's own digits are prepared already
    weights = torch.zeros(1, 0)
    if model.choices:
        between = codes.between_labels(1, model.choices - 1, 5, model.choices)
        weights = torch.cat([torch.eye(model.choices), between])
        expected["between"] = between
    prior = model.prior(weights if model.choices else None)
    expected["prior_loc"], expected["prior_scale"] = prior.mean, prior.stddev
    expected["written"] = codes.write(
        model, styles[:5].unsqueeze(0), weights.unsqueeze(1) if model.choices else None
    )
    if model.conditional:
        bounds = [  # every label with the same noise
            importance_bounds(model, x, labels * 0 + y, bounds=[SAMPLES], generator=seeded())[SAMPLES]
            for y in range(model.choices)
        ]
        expected["label_bounds"] = torch.stack(bounds, 1)

    found = answers(
        model,
        tmp_path,
        pixels=images / 255,
        labels=labels,
        means=means,
        noise=noise,
        term_noise=per_digit(term_noise),
        bound_noise=per_digit(bound_noise),
        choosing=per_digit(choosing),
        uniforms=uniforms,
    )
    for name, slopes in zip(("estimate_loc", "estimate_log_scale"), own_slopes, strict=True):
        values = slopes.double().numpy()  # to the size of the whole gradient: its parts are sums that cancel
        apart = np.abs(found.pop(name).reshape(values.shape) - values).max(1)
        assert (apart <= MOST * np.abs(values).max(1).clip(1)).all(), name
    compare(found, expected)
    # What is decided by them is decided alike: the cluster, the label.
    for name in ("weights", "label_bounds"):
        if name in found and expected[name].dim() == 2:
            decided = found[name].reshape(expected[name].shape).argmax(1)
            assert (decided == expected[name].argmax(1).numpy()).all()


BOUNDED, GROWN = 10, 50  # of the digits: their rows take a while
KEEP, TEMPERATURE = 9, 0.7


OTHER_ROWS = {
    "a VRNN of 12 x 5": lambda: VRNN(5, 12, 3, 8, 1, [10]),
    "a Gaussian VRNN of 11 x 4": lambda: VRNN(4, 11, 1, 8, 3, [10], likelihood="gaussian"),
}


@torch.no_grad()
@pytest.mark.parametrize("name", ["vrnn", *OTHER_ROWS])
def test_a_vrnns_rows_are_torchs(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = other(OTHER_ROWS[name]()) if name in OTHER_ROWS else shipped(name)
    assert isinstance(model, VRNN)
    images = digits(model)[0][:GROWN]
    length, latent, width = model.length, model.latent_dim, model.data_dim
    real = model.support == "real"
    x = (images + 0.5) / 256 if real else (images >= 128).float()
    x = x.unflatten(1, (length, width))

    def drawn(generator: Generator, count: int) -> Tensor:
        """The noise that `model.infer` draws for `count` examples, (T, count, L)."""
        return torch.stack([torch.randn(count, latent, generator=generator) for _ in range(length)])

    noise = drawn(seeded(), GROWN)
    bound_noise = drawn(seeded(), SAMPLES * BOUNDED).unflatten(1, (SAMPLES, BOUNDED)).permute(2, 1, 0, 3)
    uniforms = torch.rand(GROWN, length, width, generator=seeded())
    grown_noise = torch.randn(GROWN, length, latent, generator=seeded())
    nothing = torch.zeros(GROWN - BOUNDED, *bound_noise.shape[1:])
    found = answers(
        model,
        tmp_path,
        pixels=images / 255,
        noise=per_digit(noise),
        bound_noise=torch.cat([bound_noise, nothing]),
        bounded=torch.tensor([BOUNDED]),
        grown=torch.tensor([GROWN]),
        grown_noise=grown_noise,
        uniforms=uniforms,
        options=torch.tensor([TEMPERATURE, KEEP]),
    )
    seen = rows.observe(model, x, generator=seeded())

    # Of a grown image the path that the engine took: what torch would draw of it, row by row.
    path_x = torch.from_numpy(found["grown_x"]).float().view(GROWN, length, width).transpose(0, 1)
    path_z = torch.from_numpy(found["grown_z"]).float().view(GROWN, length, latent).transpose(0, 1)
    path = model.unroll(GROWN, length, lambda t, h: (path_z[t], path_x[t]))
    p_z = model.row_prior(path.h, TEMPERATURE)
    p_x = at_temperature(model.row_likelihood(path), TEMPERATURE)
    probs = parameter(p_x)
    q_z = model.q_z_given_hx(torch.cat([path.h, path.x], -1))
    given = (torch.arange(length) < KEEP).view(-1, 1, 1)
    epsilon = grown_noise.transpose(0, 1)
    z = torch.where(given, q_z.mean + q_z.stddev * epsilon, p_z.mean + p_z.stddev * epsilon)
    threshold = uniforms.transpose(0, 1)
    if real:
        sampled = p_x.base_dist.icdf(threshold)
    else:  # no decision by a rounding error
        sampled = torch.where((threshold - probs).abs() < 1e-4, path_x, (threshold < probs).float())
    grown_x = torch.where(given, x.transpose(0, 1), sampled)

    time_first = {
        "prior_loc": seen.prior.mean,
        "prior_scale": seen.prior.stddev,
        "posterior_loc": seen.posterior.mean,
        "posterior_scale": seen.posterior.stddev,
        "z": seen.z,
        "probs": seen.probs,
        **seen.terms,
        "grown_x": grown_x,
        "grown_z": z,
        "grown_probs": probs,
        "grown_loc": p_z.mean,
        "grown_scale": p_z.stddev,
    }
    bounds = importance_bounds(model, x[:BOUNDED], bounds=[SAMPLES], generator=seeded())
    expected = {name: values.transpose(0, 1) for name, values in time_first.items()}
    expected["rebuilt"] = model.reconstructed(x[:BOUNDED])
    expected |= {"x": x, "mean_path": rows.mean_paths(model, x), "bound": bounds[SAMPLES]}
    compare(found, expected)


@torch.no_grad()
@pytest.mark.parametrize("mean", [False, True])
def test_factor_analysis_too(mean: bool, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = FactorAnalysis(data_dim=5, latent_dim=3, mean=mean)
    if mean:
        model.p_x_given_z.mu.normal_()
    model = model.half().float()
    z, x = torch.randn(4, 3), torch.randn(4, 5)
    p_x, p_z = model.likelihood(z), model.prior()
    expected = {"loc": p_x.mean, "scale": p_x.stddev, "prior_loc": p_z.mean, "prior_scale": p_z.stddev}
    expected["rebuilt"] = model.reconstructed(x)
    compare(answers(model, tmp_path, z=z, x=x), expected)


@pytest.mark.parametrize("name", ["vae", "cvae", "gmvae", "vrnn"])
def test_what_is_packed_is_what_torch_has(name: str) -> None:
    """A checkpoint's weights survive float16, and all of them are in one part or the other."""
    model = shipped(name)
    packed = dict(arrays(model))
    for key, array in packed.items():
        assert torch.equal(array, array.half().float()), key
        assert key.startswith(("p_", "q_")), key
    assert sum(array.numel() for array in packed.values()) == sum(p.numel() for p in model.parameters())
