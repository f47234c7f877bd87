"""The engine's modules as a browser imports them. What they compute is tests/test_parity.py's matter."""

from collections.abc import Iterator

import pytest
import torch
from playwright.sync_api import Browser, Page

from aevb import VAE
from aevb.explore.packing import pack
from benchmarks.engine import ENGINE, SITE, engine_page


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = engine_page(browser)
    yield page
    page.close()


def test_the_modules_are_imported_as_they_are(page: Page) -> None:
    urls = [f"{SITE}/{path.relative_to(ENGINE).as_posix()}" for path in sorted(ENGINE.rglob("*.js"))]
    script = "async (urls) => Promise.all(urls.map(async (url) => Object.keys(await import(url)).length))"
    assert len(urls) > 10 and all(page.evaluate(script, urls))


@torch.no_grad()
def test_a_model_decodes_what_torch_decodes(page: Page) -> None:
    torch.manual_seed(0)
    model, z = VAE(latent_dim=3, hidden_dims=(20,)).half().float(), torch.randn(3)
    script = """async ([parts, z]) => {
        const [{ build }, { unpack }] = await Promise.all(["./models/index.js", "./weights.js"].map((m) =>
            import(new URL(m, document.baseURI))));
        const [p, q] = parts.map((bytes) => unpack(Uint8Array.from(bytes).buffer)), model = build(p.header);
        model.learn(p.arrays);
        const probs = model.decode(Float32Array.from(z));
        model.learn(q.arrays);
        return [[...probs], [...model.encode(probs).loc]];
    }"""
    probs, loc = page.evaluate(script, [[list(pack(model, part)) for part in ("p", "q")], z.tolist()])
    expected = model.likelihood(z).base_dist.probs
    assert probs == pytest.approx(expected.tolist(), abs=1e-5)
    assert loc == pytest.approx(model.posterior(expected).mean.tolist(), abs=1e-4)
