"""The models in the browser against the models in torch, on every shipped checkpoint."""

import math
import re
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable

import numpy as np
import pytest
import torch
from playwright.sync_api import Page

from aevb import FactorAnalysis, LatentVariableModel, checkpoints, data
from aevb.models import CVAE, GMVAE, VAE, VRNN
from aevb.ui.components import source
from aevb.ui.components.engine import weights

DIGITS = 200
MOST = 1e-4
"""The largest difference that is allowed: both have the same float16 weights, and sum in another order."""

EXPOSED = (
    "load, read, Random, sigmoid, softmax, logBernoulli, logContinuousBernoulli, logNormal, klNormal, place"
)
Run = Callable[..., object]


@pytest.fixture
def run(open_page: Callable[..., Page]) -> Run:
    """`run("(engine, [a, b]) => …", a, b)`: evaluates JavaScript beside the engine, on the app's origin."""
    page = open_page("_stcore/health", wait=False)
    text = source("engine/engine.js") + f"\nglobalThis.engine = {{ {EXPOSED} }};"
    page.add_script_tag(content=text, type="module")
    page.wait_for_function("globalThis.engine")

    def run(script: str, *arguments: object) -> object:
        return page.evaluate(f"async (given) => await ({script})(engine, given)", list(arguments))

    run.page = page
    return run


def shipped(name: str) -> LatentVariableModel:
    if name not in checkpoints.shipped():
        pytest.skip(f"checkpoints/{name} is not there")
    return checkpoints.load(checkpoints.ROOT / name).model


def digits(model: LatentVariableModel) -> tuple[torch.Tensor, torch.Tensor]:
    split = data.load().test
    few = data.Split(split.images[:DIGITS], split.labels[:DIGITS])
    return few.seen_by(model).fixed()[0], few.labels


def apart(found: object, expected: torch.Tensor) -> float:
    return float(np.abs(np.asarray(found) - expected.numpy()).max())


def text(x: torch.Tensor) -> list:
    return x.tolist()


# Each checkpoint


IMAGES = """async (engine, [url, xs, ys]) => {
    const model = await engine.load(url);
    return xs.map((x, i) => {
        const q = model.encode(Float32Array.from(x), ys[i]);
        return [Array.from(q.loc), Array.from(q.scale), Array.from(model.decode(q.loc, ys[i]))];
    });
}"""


@torch.no_grad()
@pytest.mark.parametrize("name", ["vae", "cvae", "gmvae"])
def test_an_image_models_probabilities_are_torchs(run: Run, name: str) -> None:
    model = shipped(name)
    x, y = digits(model)
    loc, scale, probs = zip(*run(IMAGES, weights.url(name), text(x), text(y)), strict=True)
    if isinstance(model, VAE):
        q_z = model.q_z_given_x(x)
        p_x = model.p_x_given_z(q_z.mean)
    elif isinstance(model, CVAE):
        q_z = model.q_z(x, y)
        p_x = model.p_x(q_z.mean, y)
    else:
        assert isinstance(model, GMVAE)
        q_z = model.q_z_given_xy(x, torch.eye(model.clusters)[y])
        p_x = model.p_x_given_z(q_z.mean)
    assert apart(probs, p_x.base_dist.probs) <= MOST
    assert apart(loc, q_z.mean) <= MOST and apart(scale, q_z.stddev) <= MOST


@torch.no_grad()
def test_styles_are_written_alike_under_every_label(run: Run) -> None:
    model = shipped("cvae")
    epsilon = torch.randn(5, model.latent_dim, generator=torch.Generator().manual_seed(0))
    script = """async (engine, [url, styles]) => {
        const model = await engine.load(url);
        const labels = [...Array(model.choices).keys()];
        const between = Float32Array.from(labels, (y) => (y < 2 ? 0.5 : 0));
        return styles.map((style) => [...labels, between].map((y) =>
            Array.from(model.write(Float32Array.from(style), y))));
    }"""
    found = run(script, weights.url("cvae"), text(epsilon))
    y = torch.cat([torch.eye(model.classes), torch.tensor([[0.5, 0.5] + [0.0] * 8])])
    p_z = model.p_z(y)
    z = p_z.mean + p_z.stddev * epsilon.unsqueeze(1)
    assert apart(found, model.p_x(z, y.expand(5, -1, -1)).base_dist.probs) <= MOST


@torch.no_grad()
def test_the_label_of_the_highest_bound_is_the_same(run: Run) -> None:
    model = shipped("cvae")
    x, _ = digits(model)
    noise = torch.randn(model.latent_dim, generator=torch.Generator().manual_seed(0))
    script = """async (engine, [url, xs, noise]) => {
        const model = await engine.load(url), epsilon = Float32Array.from(noise);
        return xs.map((x) => [...Array(model.choices).keys()].map((y) =>
            model.logWeight(Float32Array.from(x), y, epsilon)));
    }"""
    found = np.asarray(run(script, weights.url("cvae"), text(x), text(noise)))
    expected = []
    for y in range(model.classes):
        label = torch.full((len(x),), y)
        q_z, p_z = model.q_z(x, label), model.p_z(label)
        z = q_z.mean + q_z.stddev * noise
        expected.append(model.p_x(z, label).log_prob(x) + p_z.log_prob(z) - q_z.log_prob(z))
    bounds = torch.stack(expected, 1).numpy()
    assert found == pytest.approx(bounds, abs=0.05, rel=1e-4)
    assert (found.argmax(1) == bounds.argmax(1)).all()


@torch.no_grad()
def test_clusters_are_decided_alike(run: Run) -> None:
    model = shipped("gmvae")
    x, _ = digits(model)
    script = """async (engine, [url, xs]) => {
        const model = await engine.load(url);
        return xs.map((x) => Array.from(model.classify(Float32Array.from(x))));
    }"""
    found = np.asarray(run(script, weights.url("gmvae"), text(x)))
    expected = model.q_y_given_x(x).probs
    assert (found.argmax(1) == expected.numpy().argmax(1)).all()
    assert apart(found, expected) <= MOST


@torch.no_grad()
def test_a_vrnn_reads_rows_as_torch_does(run: Run) -> None:
    model = shipped("vrnn")
    x = digits(model)[0]
    script = """async (engine, [url, xs]) => {
        const model = await engine.load(url);
        return xs.map((rows) => {
            let memory = model.start();
            return rows.map((row) => {
                const x = Float32Array.from(row), q = model.encode(memory, x), p = model.prior(memory);
                const seen = [...q.loc, ...q.scale, ...p.loc, ...p.scale, ...model.decode(memory, q.loc)];
                memory = model.advance(memory, x, q.loc);
                return seen;
            });
        });
    }"""
    found = torch.tensor(run(script, weights.url("vrnn"), text(x)))
    path, q_z = model.infer(x, sampled=False)
    p_z = model.prior(path.h)
    expected = torch.cat([q_z.mean, q_z.stddev, p_z.mean, p_z.stddev, model.p_x(path).base_dist.probs], -1)
    assert apart(found.transpose(0, 1), expected) <= MOST


@torch.no_grad()
def test_a_digit_grows_and_a_beginning_is_kept(run: Run) -> None:
    model = shipped("vrnn")
    assert isinstance(model, VRNN)
    given = digits(model)[0][0, :9]
    script = """async (engine, [url, given]) => {
        const model = await engine.load(url);
        const unroll = (seed, choose) => model.unroll(given.map((row) => Float32Array.from(row)),
            new engine.Random(seed), { choose }).map((row) => ({
                x: Array.from(row.x), z: Array.from(row.z), probs: Array.from(row.probs) }));
        const chosen = Float32Array.from([1.5, -0.5]);
        return [unroll(1), unroll(1), unroll(2), unroll(1, (t) => (t === 20 ? chosen : null))];
    }"""
    first, again, other, moved = run(script, weights.url("vrnn"), text(given))
    x = [[row["x"] for row in rows] for rows in (first, other, moved)]
    assert first == again and x[0] != x[1]
    assert x[0][:9] == text(given) and len(first) == model.length
    assert {value for rows in x for row in rows for value in row} == {0, 1}
    assert moved[20]["z"] == [1.5, -0.5] and moved[:20] == first[:20] and moved[20:] != first[20:]
    # And the probabilities are those of the model on the path that was taken.
    z = torch.tensor([row["z"] for row in first])
    steps = iter(zip(z, torch.tensor(x[0]), strict=True))
    path = model.unroll(1, model.length, lambda t, h: tuple(part.unsqueeze(0) for part in next(steps)))
    assert apart([row["probs"] for row in first], model.p_x(path).base_dist.probs[:, 0]) <= MOST


@torch.no_grad()
def test_factor_analysis_too(run: Run) -> None:
    torch.manual_seed(0)
    model = FactorAnalysis(data_dim=5, latent_dim=3).half().float()
    z = torch.randn(4, 3)
    script = """(engine, [packed, zs]) => {
        const model = engine.read(Uint8Array.from(atob(packed), (c) => c.charCodeAt(0)).buffer);
        return zs.map((z) => Object.values(model.decode(Float32Array.from(z))).flatMap((part) => [...part]));
    }"""
    found = run(script, b64encode(weights.pack(model)).decode(), text(z))
    p_x = model.p_x_given_z(z)
    assert apart(found, torch.cat([p_x.mean, p_x.stddev], -1)) <= MOST


# Its arithmetic


@torch.no_grad()
def test_densities_are_torchs(run: Run) -> None:
    from aevb.distributions import ContinuousBernoulli

    logits = torch.tensor([-15.9, -3.0, -0.005, 0.0, 0.2, 15.9])
    x = torch.tensor([0.1, 0.9, 0.6, 0.25, 1.0, 0.0])
    script = """(engine, [logits, x]) => [
        engine.logContinuousBernoulli(logits, x), engine.logBernoulli(logits, x.map(Math.round)),
        engine.logNormal({ loc: [1, -2], scale: [0.5, 2] }, [0, 1]),
        engine.klNormal({ loc: [1, -2], scale: [0.5, 2] }, { loc: [0, 0], scale: [1, 3] })]"""
    continuous, binary, normal, kl = run(script, text(logits), text(x))
    assert continuous == pytest.approx(ContinuousBernoulli(logits).log_prob(x).sum().item(), rel=1e-5)
    bernoulli = torch.distributions.Bernoulli(logits=logits)
    assert binary == pytest.approx(bernoulli.log_prob(x.round()).sum().item(), rel=1e-5)
    q = torch.distributions.Normal(torch.tensor([1.0, -2.0]), torch.tensor([0.5, 2.0]))
    p = torch.distributions.Normal(torch.zeros(2), torch.tensor([1.0, 3.0]))
    assert normal == pytest.approx(q.log_prob(torch.tensor([0.0, 1.0])).sum().item(), rel=1e-5)
    assert kl == pytest.approx(torch.distributions.kl_divergence(q, p).tolist(), rel=1e-5)


def test_noise_is_normal_and_a_seed_repeats_it(run: Run) -> None:
    script = """(engine) => [1, 1, 2].map((seed) => Array.from(new engine.Random(seed).normal(20000)))"""
    first, again, other = map(np.asarray, run(script))
    assert (first == again).all() and (first != other).any()
    assert abs(first.mean()) < 0.03 and abs(first.std() - 1) < 0.03
    assert abs(np.corrcoef(first[:-1], first[1:])[0, 1]) < 0.03
    assert (np.abs(first) < 1.96).mean() == pytest.approx(0.95, abs=0.01)


# Its weights


def test_weights_may_be_kept_for_ever(server) -> None:
    name = checkpoints.shipped()[0]
    answer = urllib.request.urlopen(server.url + weights.url(name))
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.read() == weights.pack(shipped(name))


@pytest.mark.parametrize("path", ["/weights/vae/0123456789abcdef", "/weights/none/0", "/weights/%2e%2e/0"])
def test_weights_that_are_not_there_are_not_found(server, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match=r"40[04]"):
        urllib.request.urlopen(server.url + path)


def test_a_model_is_fetched_once_and_a_failure_is_tried_again(run: Run) -> None:
    url, fetched = weights.url(checkpoints.shipped()[0]), []
    page: Page = run.page
    page.on("request", lambda request: fetched.append(request.url) if "/weights/" in request.url else None)
    page.route(re.compile("/weights/"), lambda route: route.abort(), times=1)
    script = """async (engine, [url]) => {
        const failed = await engine.load(url).then(() => "", (error) => error.message);
        const [a, b] = await Promise.all([engine.load(url), engine.load(url)]);
        return [failed, a === b && a === (await engine.load(url))];
    }"""
    failed, one = run(script, url)
    assert failed == "The model could not be loaded. The server did not answer."
    assert one is True
    assert len(fetched) == 2  # the one that failed, and the one that all three share
    missing = "async (engine, [url]) => engine.load(url).then(() => '', (error) => error.message)"
    assert run(missing, "/weights/none/0") == "The model could not be loaded. The server answered 404."
    page.route(re.compile("/weights/damaged"), lambda route: route.fulfill(body=b"\x08\0\0\0nonsense"))
    said = run(missing, "/weights/damaged/0")
    assert said == "The model could not be loaded. What arrived was damaged."


def test_what_the_browser_gets_is_what_torch_has(tmp_path) -> None:
    """A checkpoint's weights survive float16 as they are."""
    model = shipped(checkpoints.shipped()[0])
    for name, array in weights._arrays(model).items():
        assert torch.equal(array, array.half().float()), name
    assert math.isfinite(sum(array.abs().sum().item() for array in weights._arrays(model).values()))
