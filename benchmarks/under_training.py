"""A visitor looks around while two others train: `python -m benchmarks.under_training`.

Changes of page by the menu and drags, on one server and in one run: first while nobody trains, then while two
visitors train a VAE and a GMVAE on a sample of MNIST and look at it, as the page Train does. The budgets: a
picture within 1 s of the menu, and a median of at most one frame from the pointer to what it moves.
"""

import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from benchmarks.classroom import EVERY, ask
from benchmarks.drag import DRAGS, FRAME, Felt, measure
from benchmarks.first_view import UNSEEN, follow
from benchmarks.serving import ARGUMENTS, CHROMIUM, IDLE, LIVE, WINDOW, Server, serving

MENU_SECONDS = 1.0
PAGES = ("vae", "cvae", "gmvae", "vrnn", "factor-analysis")
ROUNDS = 3  # through them, of which the first brings what the browser keeps
DRAGGED = ("VAE, the plane", "CVAE, a knob: 11 images", "FA, the learning rate")
TRAINED = (
    {"model": "vae", "arguments": {"latent_dim": 20, "hidden_dims": [500, 500]}},
    {"model": "gmvae", "arguments": {"latent_dim": 10, "hidden_dims": [200, 200]}},
)


@contextmanager
def training(server: Server) -> Iterator[None]:
    """Two visitors train, and look at it, until the block is left."""
    over = threading.Event()
    runs = {}
    for number, one in enumerate(TRAINED):
        visitor = f"trainer-{number}"
        specification = {**one, "data": "sample", "training": {"steps": 100_000}}
        told = {"specification": specification, "visitor": visitor}
        runs[visitor] = f"{server.url}/training/run/{ask(f'{server.url}/training/start', told)['id']}"

    def look(url: str) -> None:
        first = 0
        while not over.wait(EVERY):
            first += len(ask(f"{url}?from={first}")["points"])

    lookers = [threading.Thread(target=look, args=(url,)) for url in runs.values()]
    for looker in lookers:
        looker.start()
    while not all(ask(url)["step"] for url in runs.values()):
        time.sleep(EVERY)
    yield
    over.set()
    for looker in lookers:
        looker.join()
    for visitor, url in runs.items():
        found = ask(url)
        assert found["status"] == "running", found["problem"]
        print(f"{found['specification']['model']:28}{found['step']:>8,} steps meanwhile")
        ask(f"{url}/act", {"visitor": visitor, "do": "stop"})


def by_the_menu(browser: Browser, server: Server) -> list[float]:
    """Seconds from a press of the menu to the first live picture, for pages that the browser has seen."""
    page = browser.new_page(viewport=WINDOW)
    page.goto(server.url)
    page.locator(LIVE).first.wait_for()
    times = []
    for turn in range(ROUNDS):
        for name in PAGES:
            page.locator(IDLE).wait_for()
            begun = time.perf_counter()
            follow(page, f"{server.url}/{name}")
            page.locator(UNSEEN).first.wait_for()
            if turn:
                times.append(time.perf_counter() - begun)
    page.close()
    return times


def looking(browser: Browser, server: Server) -> tuple[list[float], list[Felt]]:
    """All that is measured of a visitor."""
    return by_the_menu(browser, server), [
        measure(browser, server.url, drag) for drag in DRAGS if drag.name in DRAGGED
    ]


def main() -> None:
    with serving() as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        alone, dragged_alone = looking(browser, server)
        with training(server):
            beside, dragged_beside = looking(browser, server)
        browser.close()
    kept = True
    print(f"{'':28}{'nobody trains':>16}{'two train':>16}{'budget':>12}")
    for name, of in (("menu to picture, median", statistics.median), ("menu to picture, longest", max)):
        kept &= of(beside) <= MENU_SECONDS
        print(f"{name:28}{of(alone):>14.2f} s{of(beside):>14.2f} s{MENU_SECONDS:>10.1f} s")
    for name, before, now in zip(DRAGGED, dragged_alone, dragged_beside, strict=True):
        kept &= now.latency <= FRAME
        print(f"{name:28}{before.latency:>13.1f} ms{now.latency:>13.1f} ms{FRAME:>9.1f} ms")
        print(f"{'  frames dropped':28}{before.dropped:>16.1%}{now.dropped:>16.1%}")
    print("All within their budgets." if kept else "NOT within the budgets.")


if __name__ == "__main__":
    main()
