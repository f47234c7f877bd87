"""The engine in the browser beside torch on the server: what one image costs, and a VRNN's 28 rows.

python -m benchmarks.engine
"""

import shutil
import statistics
import time
from base64 import b64encode
from collections.abc import Callable

import torch
from aevb.ui.components import source
from aevb.ui.components.engine import weights
from playwright.sync_api import sync_playwright

from aevb import checkpoints
from aevb.explore import codes, rows
from aevb.models import VRNN, LatentVariableModel

SCRIPT = """([packed, vrnn]) => {
    const model = engine.read(Uint8Array.from(atob(packed), (c) => c.charCodeAt(0)).buffer);
    const random = new engine.Random(0), times = [];
    for (let i = 0; i < (vrnn ? 40 : 500); i++) {
        const z = vrnn ? null : random.normal(model.latentDim), start = performance.now();
        vrnn ? model.unroll([], random) : model.write(z, i % (model.choices || 1));
        times.push(performance.now() - start);
    }
    return times;
}"""


def in_torch(model: LatentVariableModel) -> Callable[[], object]:
    """One decoding of one z in Python, or one digit of a VRNN."""
    generator = torch.Generator().manual_seed(0)
    if isinstance(model, VRNN):
        return lambda: rows.grow(model, rows.nothing(model, 1), generator=generator)
    y = torch.tensor(3) if model.choices else None
    return lambda: codes.write(model, torch.randn(model.latent_dim, generator=generator), y)


@torch.no_grad()
def times_in_torch(model: LatentVariableModel, count: int) -> list[float]:
    work, times = in_torch(model), []
    for _ in range(count):
        start = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - start))
    return times


def main() -> None:
    torch.set_num_threads(1)
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        text = source("engine/engine.js") + "\nglobalThis.engine = { read, Random };"
        page.add_script_tag(content=text, type="module")
        page.wait_for_function("globalThis.engine")
        print(f"{'':8}{'browser':>12}{'torch':>12}{'ratio':>10}   (medians, one image)")
        for name in checkpoints.shipped():
            model = checkpoints.load(name).model
            vrnn = isinstance(model, VRNN)
            packed = b64encode(weights.pack(model)).decode()
            ours = statistics.median(page.evaluate(SCRIPT, [packed, vrnn]))
            torchs = statistics.median(times_in_torch(model, 20 if vrnn else 300))
            print(f"{name:8}{ours:9.2f} ms{torchs:9.2f} ms{ours / torchs:10.2f}")
        browser.close()


if __name__ == "__main__":
    main()
