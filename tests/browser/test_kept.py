"""Checkpoints beside the shipped ones: a run's, from its page on, and those that were brought along."""

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import torch
from playwright.sync_api import Page, Route, expect

from aevb import checkpoints
from aevb.data import Images, Split
from aevb.models import CVAE, GMVAE, VAE, VRNN, LatentVariableModel
from aevb.ui.frame import catalogue
from aevb.ui.jobs import turns, uploads
from aevb.ui.jobs.queue import Job
from benchmarks.serving import Server
from tests.axe import barriers
from tests.browser.test_site import go
from tests.conftest import running

OPEN = Callable[..., Page]

SHOWN = ".instrument :is(.live[data-painted], [data-ready], .notice)"


def through(page: Page, name: str) -> None:
    """Every scene of a page, each until it shows something."""
    for scene in catalogue.page(name).scenes:
        page.locator(f".tab[data-scene={scene.id}]").click()
        page.locator(f".explorer[data-shown={scene.id}]").wait_for()
        page.locator(SHOWN).first.wait_for()
        expect(page.locator(".warning")).to_be_hidden()


def follow(page: Page, name: str, **query: object) -> None:
    """To what a link says, on any page."""
    go(page, f"{name}?{urlencode(query)}")
    page.locator(f".explorer[data-page={name}]:is([data-shown], :has([role=alert]))").wait_for()


def train(server, **specification: Any) -> str:
    """A run that is asked for without a page, and its id."""
    asked = json.dumps({"specification": specification, "visitor": "a-visitor"}).encode()
    request = urllib.request.Request(
        f"{server.url}/training/start", asked, {"Content-Type": "application/json"}
    )
    return json.load(urllib.request.urlopen(request, timeout=30))["id"]


def test_a_run_is_explored_on_its_model_s_page_and_drawn_with(server, open_page: OPEN) -> None:
    run = train(
        server,
        model="vae",
        arguments={"latent_dim": 2, "hidden_dims": [64]},
        data="digits",
        training={"steps": 300},
    )
    page = open_page("train", run=run)
    page.get_by_role("link", name="Explore it").click(timeout=60_000)
    page.locator(".explorer[data-page=vae][data-shown]").wait_for()
    expect(page.locator(".kept")).to_contain_text("scikit-learn's digits")
    assert barriers(page) == []
    through(page, "vae")
    # Its images have 8 × 8 pixels, and so has what it makes of them.
    page.locator(".tab[data-scene=flow]").click()
    page.locator(".explorer[data-shown=flow]").wait_for()
    sizes = page.locator(".flow canvas.pixels").evaluate_all("all => all.map((one) => one.width)")
    assert set(sizes) == {8}
    # The menu and Back bring it back as it was left.
    page.get_by_role("link", name="Conditional VAE").click()
    page.locator(".explorer[data-page=cvae][data-shown]").wait_for()
    page.get_by_role("link", name="VAE", exact=True).click()
    page.locator(".explorer[data-page=vae][data-shown=flow]").wait_for()
    assert f"checkpoint={run}" in page.url
    # The shipped model is a press away, and Back leads to the run again.
    page.get_by_role("button", name="Back to the shipped model").click()
    page.locator(".explorer[data-shown=flow]").wait_for()
    expect(page.locator(".kept")).to_be_hidden()
    assert "checkpoint" not in page.url and "scene=flow" in page.url
    # A scene that is chosen while it is awaited comes with it, and not with the shipped one.
    held: list[Route] = []
    page.route("**/checkpoint/**", lambda route: held.append(route))
    with page.expect_request("**/checkpoint/**"):
        page.go_back()
    page.locator(".tab[data-scene=knobs]").click()
    expect(page.locator(".tab[aria-current]")).to_have_attribute("data-scene", "knobs")
    expect(page.locator(".instrument > *")).to_have_count(0)
    held[0].continue_()
    page.unroute("**/checkpoint/**")
    page.locator(".explorer[data-shown=knobs]").wait_for()
    expect(page.locator(".kept")).to_be_visible()
    page.locator(".instrument .live[data-painted]").first.wait_for()
    assert page.locator(".knobs canvas.pixels").first.evaluate("one => one.width") == 8
    # Draw has it in its kind's place, beside the shipped others.
    page = open_page("draw", checkpoint=run, strokes="4040-8080c0c0", again=True)
    page.locator("[data-model=vae] canvas.live[data-painted]").first.wait_for()
    assert page.locator("[data-model=vae] .worth canvas").evaluate("one => one.width") == 8
    link = page.locator("[data-model=vae] header a").get_attribute("href")
    assert link and f"checkpoint={run}" in link and "strokes=" in link
    assert page.faults == []


SMALL: dict[str, Callable[[], LatentVariableModel]] = {
    "vae": lambda: VAE(data_dim=64, latent_dim=1, hidden_dims=(8,)),
    "cvae": lambda: CVAE(data_dim=36, classes=3, latent_dim=3, hidden_dims=(8,)),
    "gmvae": lambda: GMVAE(data_dim=64, latent_dim=2, hidden_dims=(8, 8), clusters=7),
    "vrnn": lambda: VRNN(data_dim=8, length=8, latent_dim=1, hidden_dims=(8,), memory_dim=8),
}


@pytest.fixture(scope="module")
def brought(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, dict[str, str]]]:
    """A server that finds an untrained checkpoint of each kind among its runs, and their ids.

    The conditional one is of images of three classes, which a visitor has brought too, "many" of a hundred.
    """
    ids, folder = {}, tmp_path_factory.mktemp("brought")
    runs = folder / "runs"
    grey = torch.arange(30 * 36).view(30, 6, 6).remainder(256).to(torch.uint8)
    split = Split(grey, torch.arange(30) % 3)
    shapes = Images(split, split, ("circle", "square", "star"), True, "Shapes: 30 images.", "shapes")
    split = Split(grey.repeat(10, 1, 1), torch.arange(300) % 100)
    kinds = Images(split, split, tuple(f"kind {y}" for y in range(100)), True, "Kinds: 300 images.", "kinds")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uploads, "_root", uploads.below(runs))
        uploads.below(runs).mkdir(parents=True)
        source, others = (
            uploads.keep(place, uploads.write(place, images, title), "a-visitor")
            for images, title in ((shapes, "Shapes"), (kinds, "Kinds"))
            for place in [folder / title]
        )
    many = {"many": lambda: CVAE(data_dim=36, classes=100, latent_dim=3, hidden_dims=(8,))}
    for number, (kind, build) in enumerate((SMALL | many).items()):
        ids[kind] = f"{number:016x}"
        torch.manual_seed(number)
        known = {"source": others if kind == "many" else source}
        checkpoints.save(build(), runs / ids[kind] / turns.CHECKPOINT, known)
        Job(ids[kind], runs / ids[kind], "a-visitor", status="done", ended=2e9).keep()
    with running(AEVB_RUNS=str(runs)) as server:
        yield server, ids


def test_any_checkpoint_fills_every_scene_and_what_cannot_be_shown_is_said(
    brought: tuple[Server, dict[str, str]], open_page: OPEN
) -> None:
    server, ids = brought
    page = open_page("", on=server, height=720)
    for kind in SMALL:
        follow(page, kind, checkpoint=ids[kind])
        expect(page.locator(".kept")).to_be_visible()
        through(page, kind)
        assert page.faults == [], kind
    follow(page, "cvae", checkpoint=ids["cvae"], scene="knobs", digit=4)
    expect(page.get_by_text("image 4, square").first).to_be_visible()
    page.get_by_role("button", name="Another star").click()
    expect(page.get_by_text(re.compile(r"image \d+, star")).first).to_be_visible()
    page.locator(".choices").evaluate(  # as of one class, whose image would fill more than the screen
        """choices => {
            choices.querySelectorAll("button:not(:first-of-type)").forEach((one) => one.remove())
            choices.parentElement.style.setProperty("--count", "1")
        }"""
    )
    assert page.locator(".scene").evaluate("scene => scene.scrollHeight <= scene.clientHeight")
    page.locator(".tab[data-scene=map]").click()
    expect(page.locator(".legend button:visible")).to_have_count(3)
    page.get_by_role("button", name="Lasso").click()
    page.get_by_role("button", name="All in view").click()
    expect(page.locator(".bars li span:last-child")).to_have_text(["10", "10", "10"])
    # What a link says beyond what there is is told, and does not stand beside something else.
    beyond = {"between": {"to": 900, "from": 7}, "dimensions": {"dim": 4}, "map": {"only": 7}}
    for scene, said in beyond.items():
        follow(page, "cvae", checkpoint=ids["cvae"], scene=scene, **said)
        expect(page.locator(".warning")).to_contain_text(" and ".join(said))
        expect(page).not_to_have_url(re.compile("[?&](to|from|dim|only)="))
    follow(page, "vae", checkpoint=ids["vae"], scene="knobs", locked="1,9")
    expect(page.locator(".warning")).to_contain_text("locked")
    # A lesson that may not change the projection shows one that is there, too.
    assert page.faults == []
    page = open_page("cvae", on=server, checkpoint=ids["cvae"], scene="map", free="digit,loop", again=True)
    page.locator(".map .points[data-painted]").wait_for()
    expect(page.locator(".map .points")).to_have_attribute(
        "aria-label", re.compile("^PCA of the latent means")
    )
    expect(page.locator(".map .notice")).to_have_count(0)
    # Of another model's page it is not; that has a way to its own.
    assert page.faults == []
    page = open_page("gmvae", on=server, checkpoint=ids["vae"], again=True)
    expect(page.get_by_role("alert")).to_contain_text("This checkpoint is of another model")
    page.get_by_role("link", name="Open it on VAE").click()
    page.locator(".explorer[data-page=vae][data-shown]").wait_for()
    # One that has expired.
    follow(page, "vae", scene="map", checkpoint="f" * 16)
    expect(page.get_by_role("alert")).to_contain_text("There is no such checkpoint any more")
    page.get_by_role("button", name="Show the shipped model").click()
    page.locator(".explorer[data-shown=map]").wait_for()
    assert page.faults == []


WIDER = """(instrument) => {
    const { right } = instrument.getBoundingClientRect();
    const all = [...instrument.querySelectorAll(":is(canvas, table, button, select):not(.scrolled *)")];
    return all.filter((one) => one.getBoundingClientRect().right > right + 12).map((one) => one.outerHTML);
}"""


def test_a_hundred_classes_leave_room_for_what_is_looked_at(
    brought: tuple[Server, dict[str, str]], open_page: OPEN
) -> None:
    server, ids = brought
    page = open_page("cvae", on=server, checkpoint=ids["many"], height=720, again=True)
    for scene in ("knobs", "plane", "map", "confusion"):
        page.locator(f".tab[data-scene={scene}]").click()
        page.locator(f".explorer[data-shown={scene}]").wait_for()
        page.locator(".instrument :is(.live[data-painted], td)").first.wait_for()
        assert page.locator(".instrument").evaluate(WIDER) == [], scene
    # A cell of the table is as wide as its number, and the last one can be reached.
    assert page.locator("td[aria-selected]").last.evaluate("one => one.clientWidth >= one.scrollWidth")
    page.locator("td[aria-selected]").last.click()
    expect(page.locator(".count")).to_contain_text("labelled 99")
    page.locator(".tab[data-scene=knobs]").click()
    page.get_by_label("Another of class").select_option("42: kind 42")
    expect(page.get_by_text(re.compile(r"image \d+, kind 42"))).to_be_visible()
    # Rows are as high as their names, and arrow keys bring those that are out of view.
    page.locator(".tab[data-scene=styles]").click()
    page.locator(".tiles .live[data-painted]").wait_for()
    sheet, names = page.locator(".tiles .sheet"), page.locator(".tiles .titles")
    assert sheet.evaluate("one => one.clientHeight") >= names.evaluate("one => one.scrollHeight") - 8
    sheet.focus()
    for _ in range(60):
        page.keyboard.press("ArrowDown")
    expect(page.locator(".tiles .frame")).to_be_in_viewport()
    assert page.faults == []
