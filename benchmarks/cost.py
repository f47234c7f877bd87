"""How a training step's cost grows: milliseconds an image against one size at a time, into docs/cost.svg.

    python -m benchmarks.cost

Batch, latent dimensions L and width are a VAE's, clusters C a GMVAE's, rows T a VRNN's; all else is as in the
tutorial. It is the processor's time on one thread, the median of a few steps on random images, so that other
work on the machine matters little. The dashed line is the straight one that comes nearest to all points.
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch

from aevb import GMVAE, VAE, VRNN, Examples, LatentVariableModel, TrainingConfig, train

STEPS = 6
PICTURE = Path(__file__).parent.parent / "docs" / "cost.svg"
Build = Callable[[int], LatentVariableModel]
SWEEPS: tuple[tuple[str, Build, tuple[int, ...]], ...] = (
    ("VAE: batch", lambda _: VAE(), (10, 30, 100, 300, 1000)),
    ("VAE: width", lambda width: VAE(hidden_dims=(width, width)), (125, 250, 500, 1000, 2000)),
    ("VAE: L", lambda size: VAE(latent_dim=size), (5, 20, 80, 320, 1280)),
    ("GMVAE: C", lambda size: GMVAE(clusters=size), (2, 5, 10, 20, 40)),
    ("VRNN: T", lambda size: VRNN(length=size), (4, 7, 14, 28)),
)


def cost(model: LatentVariableModel, batch: int) -> float:
    """Milliseconds of the processor's time for an image of a step."""
    torch.manual_seed(0)
    shape = (model.length, model.data_dim) if model.length > 1 else (model.data_dim,)
    values = torch.rand(2 * batch, *shape)
    seen = Examples(values if model.observation == "continuous" else values.round(), model.observation)
    run = train(model, seen, TrainingConfig(steps=STEPS + 2, batch_size=batch, precision="float32"))
    next(run), next(run)
    times = []
    for _ in range(STEPS):
        start = time.process_time()
        next(run)
        times.append(time.process_time() - start)
    return 1000 * statistics.median(times) / batch


def panel(title: str, sizes: tuple[int, ...], costs: list[float], left: int) -> str:
    """A plot of 220 by 200, both axes from 0."""
    right, top = max(sizes), 1.1 * max(costs)

    def at(size: float, spent: float) -> str:
        return f"{left + 45 + 160 * size / right:.1f},{180 - 140 * min(spent, top) / top:.1f}"

    slope, start = statistics.linear_regression(sizes, costs)
    points = [at(*point) for point in zip(sizes, costs, strict=True)]
    marks = "".join(f'<circle cx="{x}" cy="{y}" r="3"/>' for x, y in (p.split(",") for p in points))
    straight = ""
    if slope > 0:  # with the batch it falls: what a step costs by itself is shared by more
        straight = f'<path class="straight" d="M{at(0, max(0, start))} L{at(right, start + slope * right)}"/>'
    return (
        f'<path class="axis" d="M{left + 45},40 V180 H{left + 205}"/>{straight}'
        f'<polyline points="{" ".join(points)}"/>{marks}'
        f'<text x="{left + 45}" y="28" class="title">{title}</text>'
        f'<text x="{left + 40}" y="{180 - 140 / 1.1:.0f}" class="end">{max(costs):.3g}</text>'
        f'<text x="{left + 40}" y="184" class="end">0</text>'
        f'<text x="{left + 205}" y="196" class="end">{right:,}</text>'
    )


STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1A2233 } .title { font-weight: 600 } .end { text-anchor: end }
.axis { stroke: #70888B; fill: none } circle { fill: #106D87 }
polyline { stroke: #106D87; fill: none; stroke-width: 2 }
.straight { stroke: #E27047; fill: none; stroke-dasharray: 5 4 } rect { fill: #FFFFFF }
@media (prefers-color-scheme: dark) { text { fill: #E8ECF4 } rect { fill: #111111 }
  circle { fill: #3EA678 } polyline { stroke: #3EA678 } }
"""


def main() -> None:
    torch.set_num_threads(1)
    panels = []
    for number, (title, build, sizes) in enumerate(SWEEPS):
        costs = [cost(build(size), size if title.endswith("batch") else 100) for size in sizes]
        print(title, dict(zip(sizes, (round(spent, 4) for spent in costs), strict=True)), flush=True)
        panels.append(panel(title, sizes, costs, 215 * number))
    width = 215 * len(SWEEPS) + 10
    PICTURE.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 206">'
        f"<title>Milliseconds an image in a training step, against one size at a time</title>"
        f"<style>{STYLE}</style>"
        f'<rect width="{width}" height="206"/>{"".join(panels)}</svg>\n',
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
