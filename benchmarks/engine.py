"""The engine in the browser beside torch on the server: what one image costs, a VRNN's 28 rows, a step of the
small VAE that learns in the page, and factor analysis's 4,000 steps of the tutorial's experiment 2, its exact
ELBO and evidence computed after each.

python -m benchmarks.engine
"""

import statistics
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import torch
from playwright.sync_api import Browser, Page, Route, sync_playwright

import aevb
from aevb import checkpoints, experiments
from aevb.explore import codes, rows
from aevb.explore.packing import pack
from aevb.models import LatentVariableModel
from benchmarks.serving import ARGUMENTS, CHROMIUM

SITE = "http://engine.test"
ENGINE = Path(aevb.__file__).parent / "web" / "engine"

SCRIPT = """async ([site, packed]) => {
    const from = (name) => import(`${site}/${name}.js`);
    const [{ build }, { unpack }, { Random }, { write }, rows, { finish }] = await Promise.all(
        ["models/index", "weights", "random", "explore", "rows", "steps"].map(from));
    const { header, arrays } = unpack(Uint8Array.from(atob(packed), (c) => c.charCodeAt(0)).buffer);
    const model = build(header), random = new Random(0), times = [];
    model.learn(arrays);
    const nothing = new Float32Array(0), inRows = Boolean(model.length);
    for (let i = 0; i < (inRows ? 40 : 500); i++) {
        const epsilon = random.normal(model.latentDim), start = performance.now();
        if (inRows) finish(rows.grow(model, nothing, rows.rowNoise(model, random)));
        else write(model, epsilon, model.choices ? i % model.choices : null);
        times.push(performance.now() - start);
    }
    return times;
}"""

TRAINED = """async ([site, runs]) => {
    const from = (name) => import(`${site}/${name}.js`);
    const [{ EXPERIMENT_2, run }, { finish }] = await Promise.all(
        ["factor_analysis/experiments", "steps"].map(from));
    return Array.from({ length: runs }, (_, seed) => {
        const start = performance.now();
        finish(run({ ...EXPERIMENT_2, seed }, EXPERIMENT_2.steps + 1));
        return performance.now() - start;
    });
}"""
RUNS = 10

STEPS = """async ([site, count]) => {
    const from = (name) => import(`${site}/${name}.js`);
    const [{ Learner, untrained }, { Random }, { finish }] = await Promise.all(
        ["training", "random", "steps"].map(from));
    const random = new Random(0), times = [];
    const learner = new Learner(untrained({ dataDim: 196, latentDim: 2, hiddenDim: 64, random }), 0.004);
    const batch = Array.from({ length: 32 }, () => new Float32Array(196).map(() => random.uniform()));
    for (let step = 0; step < count; step++) {
        const start = performance.now();
        finish(learner.step(batch, batch.map(() => random.normal(2)), "EM"));
        times.push(performance.now() - start);
    }
    return times;
}"""
STEPPED = 500


def in_torch(model: LatentVariableModel) -> Callable[[], object]:
    """One decoding of one z in Python, or one digit of rows."""
    generator = torch.Generator().manual_seed(0)
    if model.length > 1:
        return lambda: rows.grow(model, rows.nothing(model, 1), generator=generator)  # type: ignore[arg-type]
    y = torch.tensor(3) if model.choices else None
    return lambda: codes.write(model, torch.randn(model.latent_dim, generator=generator), y)


@torch.no_grad()
def times_in_torch(model: LatentVariableModel, count: int) -> list[float]:
    work = in_torch(model)
    return [timed(work) for _ in range(count)]


def timed(work: Callable[[], object]) -> float:
    """Milliseconds that it takes once."""
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


def steps_in_torch() -> list[float]:
    """Of the same small VAE, by the library."""
    config = aevb.TrainingConfig(steps=STEPPED, batch_size=32, learning_rate=0.004)
    x = torch.rand(800, 196, generator=torch.Generator().manual_seed(0))
    run = aevb.Run(aevb.VAE(196, 2, [64]), x, config)
    return [timed(run.advance) for _ in range(STEPPED)]


def engine_page(browser: Browser) -> Page:
    """A blank page on a site that has the engine's modules, and no server."""

    def answer(route: Route) -> None:
        path = ENGINE / route.request.url.removeprefix(f"{SITE}/")
        if path.is_file():
            route.fulfill(body=path.read_bytes(), content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html>", content_type="text/html")

    page = browser.new_page()
    page.route("**/*", answer)
    page.goto(f"{SITE}/")
    return page


def main() -> None:
    torch.set_num_threads(1)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = engine_page(browser)
        print(f"{'':8}{'browser':>12}{'torch':>12}{'ratio':>10}   (medians, one image)")
        for name in checkpoints.shipped():
            model = checkpoints.load(name).model
            ours = statistics.median(page.evaluate(SCRIPT, [SITE, b64encode(pack(model, "p")).decode()]))
            torchs = statistics.median(times_in_torch(model, 20 if model.length > 1 else 300))
            print(f"{name:8}{ours:9.2f} ms{torchs:9.2f} ms{ours / torchs:10.2f}")
        ours, torchs = map(statistics.median, (page.evaluate(STEPS, [SITE, STEPPED]), steps_in_torch()))
        print(f"{'vae':8}{ours:9.2f} ms{torchs:9.2f} ms{ours / torchs:10.2f}   (a step of 32, 196-64-2)")
        ours = statistics.median(page.evaluate(TRAINED, [SITE, RUNS]))
        torchs = statistics.median(timed(lambda: experiments.run(experiments.EXPERIMENT_2)) for _ in range(3))
        print(f"{'fa':8}{ours:9.0f} ms{torchs:9.0f} ms{ours / torchs:10.2f}   (4,000 steps)")
        browser.close()


if __name__ == "__main__":
    main()
