"""Links that make no sense, to every scene, in a real browser: each scene is there all the same."""

import random
import re
from collections.abc import Iterator
from urllib.parse import quote

from playwright.sync_api import Page, sync_playwright

from aevb.ui.frame import catalogue
from aevb.ui.shared import front_end
from benchmarks.hostile.table import Row
from benchmarks.serving import ARGUMENTS, CHROMIUM, WINDOW, Server

VALUES = (
    "",
    "1e400",
    "9" * 400,
    "-inf",
    "NaN",
    "-1",
    "0.5",
    "foo",
    "1,2,,",
    "1e9," * 500,
    "<img src=x onerror=alert(1)>",
    "../../etc/passwd",
    "\u202e\x00",
    "__proto__",
)
ARRIVALS = 10
"""One in so many links is arrived at; the others come under the page, as Back changes its address."""

SHOWN = ".explorer[data-shown], .explorer [role=alert]"
GO = "search => { history.pushState(null, '', search); dispatchEvent(new PopStateEvent('popstate')) }"


def names() -> list[str]:
    """Every parameter that a part of the front end names, and those of all pages."""
    found = {"scene", "digit", "strokes", "checkpoint", "embed"}
    for path, content in front_end.files().items():
        declared = re.search(r"export const params = \{(.*?)\};", content.decode(), re.DOTALL)
        if path.startswith("parts/") and declared:
            found |= set(re.findall(r"(?<![.\w])([a-z]\w*)(?=:|,|\s*\})", declared[1]))
    return sorted(found)


def links() -> Iterator[tuple[str, str]]:
    """Pages and queries: of every scene, each value for all parameters at once or for one of them."""
    chosen, known = random.Random(0), names()
    for page in catalogue.MENU:
        for scene in page.scenes:
            for value in VALUES:
                some = known if chosen.random() < 0.5 else [chosen.choice(known)]
                said = {"scene": scene.id} | {name: value for name in some if name != "embed"}
                yield page.name, "?" + "&".join(f"{name}={quote(text)}" for name, text in said.items())


def tried(row: Row, server: Server, most: int | None = None) -> None:
    """Opens them, or so many of them, in Chromium."""
    found = list(links())
    if most is not None:
        found = sorted(random.Random(1).sample(found, most))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page, faults = browser.new_page(viewport=WINDOW), list[str]()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("dialog", lambda dialog: (faults.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
        before = None
        for number, (name, query) in enumerate(found):
            if name != before or number % ARRIVALS == 0:
                page.goto(f"{server.url}/{name}{query}")
                page.locator(SHOWN).first.wait_for(timeout=60_000)
            else:
                page.evaluate(GO, query)
            before = name
            row.attempt(f"/{name}{query}", lambda: _fault(page, faults))
            faults.clear()
        browser.close()


def _fault(page: Page, faults: list[str]) -> str:
    explorer = page.locator(".explorer")
    explorer.locator(".scene, [role=alert]").first.wait_for(timeout=20_000)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    said = explorer.inner_text()
    if faults:
        return faults[0]
    if page.locator("[data-testid=stException]").count():
        return "an exception of Streamlit's"
    odd = re.search(r"\bNaN\b|\bundefined\b|\[object|\bInfinity\b", said.replace("“NaN”", ""))
    return f"it shows {said[max(0, odd.start() - 40) : odd.end() + 20]!r}" if odd else ""
