"""The static edition in a browser: from a double click and from a file server under a path of its own."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from aevb.evaluation import posterior_means
from aevb.explore import codes
from aevb.ui.frame import catalogue
from aevb.ui.shared import contents, loading
from aevb.ui.shared.served import url as served_url
from benchmarks.site import files
from tests.axe import barriers
from tests.canvases import picture
from tests.conftest import BROWSER_REQUIRED, UNASKED
from tests.firefox import FIREFOX, firefox

PAGE_DOWN = "\ue00f"
SHOWN = [(page, scene) for page in catalogue.MENU if not page.served for scene in page.scenes]
GO = """
    history.pushState({}, "", new URL(search, location.href));
    dispatchEvent(new PopStateEvent("popstate"));
"""
LIVE = ".instrument :is(.live[data-painted], [data-ready])"


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """`visit(url, width=…)`: a new visitor's page; `page.faults` lists what went wrong on it."""
    contexts: list[BrowserContext] = []

    def visit(
        url: str, *, width: int = 1280, height: int = 720, color_scheme: str = "light", asks: bool = False
    ) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=color_scheme)
        contexts.append(context)
        if not asks:
            context.add_init_script(UNASKED)
        page = context.new_page()
        page.faults = []
        page.asked = set()
        page.on("request", lambda request: page.asked.add(urlsplit(request.url)[:2]))
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on("console", lambda told: told.type in ("error", "warning") and page.faults.append(told.text))
        page.on("requestfailed", lambda request: page.faults.append(request.url))
        page.goto(url)
        return page

    yield visit
    for context in contexts:
        context.close()


def query(page: catalogue.Page, scene: str) -> str:
    return f"?page={page.name}&scene={scene}" if page.name else f"?scene={scene}"


def go(page: Page, search: str) -> None:
    """To what another link says, as Forward leads to it, which takes a fraction of a visit."""
    page.evaluate(f"([search]) => {{ {GO} }}", [search])


def shown(page: Page, scene: str) -> None:
    page.locator(f".explorer[data-shown='{scene}']").wait_for()
    page.locator(LIVE).first.wait_for()


def test_it_asks_before_it_shows_from_a_file_too(edition: Path, visit: Callable[..., Page]) -> None:
    page = visit(f"{edition.as_uri()}/index.html?page=vae&scene=walk", asks=True)
    page.locator(".question").get_by_role("button", name="neither").click()
    expect(page.locator(".told")).to_contain_text("Of the 20 test images")
    shown(page, "walk")
    page.keyboard.press("k")
    expect(page.locator(".question")).to_contain_text("Before, you said “neither”.")
    assert page.faults == []


@pytest.mark.parametrize("place", ["file", "server"])
def test_every_scene_of_every_page_is_shown(
    edition: Path, served: str, visit: Callable[..., Page], place: str
) -> None:
    """From a file in a window, and from a server on a phone in the dark."""
    if place == "file":
        page = visit(f"{edition.as_uri()}/index.html")
    else:
        page = visit(served, width=390, height=844, color_scheme="dark")
    for entry, scene in SHOWN:
        go(page, query(entry, scene.id))
        shown(page, scene.id)
        assert page.locator(".instrument [role=alert]").count() == 0, (entry.name, scene.id)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (entry.name, scene.id)
        over = page.locator(".scene").evaluate(
            "({ scrollHeight, clientHeight }) => scrollHeight - clientHeight"
        )
        assert place == "server" or over <= 1, (entry.name, scene.id)
    assert page.faults == []
    assert {scheme for scheme, _ in page.asked} <= {urlsplit(page.url).scheme, "blob", "data"}
    assert {host for _, host in page.asked} <= {urlsplit(page.url).netloc, ""}  # and no other host
    assert page.locator(".explorer").get_attribute("data-theme") == ("light" if place == "file" else "dark")


@pytest.mark.parametrize("place", ["file", "server"])
def test_links_the_menu_and_back_and_forward(
    edition: Path, served: str, visit: Callable[..., Page], place: str
) -> None:
    start = f"{edition.as_uri()}/index.html" if place == "file" else served
    page = visit(f"{start}?page=vae&scene=flow&digit=7")
    shown(page, "flow")
    expect(page).to_have_title("VAE · AEVB Explorer")
    expect(page.locator(".menu [aria-current]")).to_have_text("VAE")
    expect(page.locator(".tab[aria-current]")).to_have_attribute(
        "href", "/".join(["", *start.split("/")[3:]]) + "?page=vae&scene=flow"
    )
    page.get_by_role("link", name="Conditional VAE").click()
    shown(page, "styles")
    assert page.url == f"{start}?page=cvae&digit=7"  # the digit comes along
    page.keyboard.press("2")
    shown(page, "rewrite")
    assert page.url == f"{start}?page=cvae&scene=rewrite&digit=7"
    page.go_back()
    shown(page, "styles")
    page.go_back()
    shown(page, "flow")
    assert page.url == f"{start}?page=vae&scene=flow&digit=7"
    page.go_forward()
    shown(page, "styles")
    page.get_by_role("link", name="VAE", exact=True).click()
    shown(page, "flow")  # as it was left
    page.get_by_role("link", name="Overview").click()
    shown(page, "start")
    page.keyboard.press("3")
    page.locator("a.card", has_text="Variational RNN").click()
    shown(page, "growing")
    assert page.url == f"{start}?page=vrnn"
    page.get_by_role("link", name="Train", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("aevb app")
    assert page.faults == []


def test_the_menu_folds_away_and_colours_are_chosen(served: str, visit: Callable[..., Page]) -> None:
    page = visit(served)
    shown(page, "start")
    page.get_by_role("button", name="Dark").click()
    expect(page.locator(".explorer")).to_have_attribute("data-theme", "dark")
    page.reload()
    shown(page, "start")
    expect(page.locator(".explorer")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    assert barriers(page) == []
    page.get_by_role("button", name="Fold the menu away").click()
    expect(page.locator(".menu")).to_be_hidden()
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Menu", exact=True).click()
    page.get_by_role("link", name="Draw", exact=True).click()
    shown(page, "draw")
    expect(page.locator(".menu")).to_be_hidden()
    assert page.faults == []


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 720)])
def test_the_page_that_needs_a_server_leads_to_what_learns_without_one(
    edition: Path, visit: Callable[..., Page], width: int, height: int
) -> None:
    page = visit(f"{edition.as_uri()}/index.html?page=train", width=width, height=height)
    notice = page.get_by_role("alert")
    expect(notice).to_be_in_viewport(ratio=1)
    heading, told = page.locator(".scene h2").bounding_box(), notice.bounding_box()
    assert heading and told and heading["y"] + heading["height"] <= told["y"]
    for name, scene in (("VAE", "ascent"), ("Factor analysis", "watch")):
        notice.get_by_role("link", name=name).click()
        shown(page, scene)
        page.go_back()
        expect(notice).to_contain_text("aevb app")
    assert page.faults == []


@pytest.mark.parametrize("place", ["file", "server"])
def test_a_mouse_turns_a_knob(edition: Path, served: str, visit: Callable[..., Page], place: str) -> None:
    address = f"{edition.as_uri()}/index.html" if place == "file" else served
    page = visit(address + query(catalogue.page("vae"), "knobs"))
    shown(page, "knobs")
    decoded = page.locator(".decoded canvas").first
    page.locator(".decoded canvas.live[data-painted]").first.wait_for()
    before, knob = decoded.evaluate("canvas => canvas.toDataURL()"), page.locator(".knob input").first
    value, box = float(knob.input_value()), knob.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 0.5 * box["height"], steps=4)
    page.wait_for_function(
        "([canvas, before]) => canvas.toDataURL() !== before", arg=[decoded.element_handle(), before]
    )
    page.mouse.up()
    assert float(knob.input_value()) > max(3.5, value)
    assert page.faults == []


def test_a_lecture_and_a_lesson_need_no_server(edition: Path, visit: Callable[..., Page]) -> None:
    page = visit(f"{edition.as_uri()}/index.html?page=vae&scene=knobs&free=z8")
    shown(page, "knobs")
    assert page.locator(".instrument :is(input, button, summary):visible").count() == 1
    page.get_by_role("button", name="Show all controls").click()
    page.keyboard.press("p")
    page.locator(".explorer.presenting").wait_for()
    expect(page.locator(".menu")).to_be_hidden()
    assert page.locator(".explorer").bounding_box() == {"x": 0, "y": 0, "width": 1280, "height": 720}
    page.keyboard.press("n")
    expect(page.locator(".notes")).to_contain_text("Turn the first knob slowly")
    page.keyboard.press("q")
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    page.keyboard.press("q")
    page.keyboard.press("PageDown")
    shown(page, "plane")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator(".menu")).to_be_visible()
    assert page.faults == []


def test_in_a_frame_a_scene_stands_alone(served: str, visit: Callable[..., Page]) -> None:
    page = visit(f"{served}?page=vae&scene=knobs&embed=true")
    shown(page, "knobs")
    assert page.locator(".menu, .fold").count() == 0
    expect(page.locator("a.whole")).to_have_attribute("href", f"{served}?page=vae&scene=knobs")


def test_latent_values_that_are_not_recorded_are_found_by_the_encoder(open_page: Callable[..., Page]) -> None:
    page = open_page("cvae")
    told = contents.of(("cvae",), served_url)
    script = """async ({ digits, checkpoint: { about, p, q } }) => {
        const fetched = performance.getEntriesByType("resource").map(({ name }) => name);
        const host = fetched.find((name) => name.endsWith("hosts/streamlit.js"));
        const module = (path) => import(new URL(`../kit/${path}.js`, host));
        const { loadLatents } = await module("latents"), { Digits } = await module("digits");
        const all = new Digits({ ...digits, count: 60 });
        const kinds = ["means", "styles"].map((kind) => loadLatents({ about, p, q }, kind, all));
        return (await Promise.all(kinds)).map((values) => [...values]);
    }"""
    model, test = loading.checkpoint("cvae").model, loading.digits().test
    x, y = (
        (test.images[:60].flatten(1) + 0.5) / 256,
        test.known_labels[:60],
    )  # greys, as browsers present them
    expected = posterior_means(model, x, y), codes.styles(model, x, y)
    for values, own in zip(page.evaluate(script, told), expected, strict=True):
        assert values == pytest.approx(own.ravel().tolist(), abs=1e-3)


def test_what_was_visited_once_opens_without_a_network(served: str, visit: Callable[..., Page]) -> None:
    page = visit(served)
    page.evaluate(
        """async () => {
            const { active } = await navigator.serviceWorker.ready;
            while (active.state !== "activated") {
                await new Promise((seen) => active.addEventListener("statechange", seen));
            }
        }"""
    )
    page.context.set_offline(True)
    page.goto(f"{served}?page=gmvae&scene=knobs")
    shown(page, "knobs")
    go(page, "?page=vrnn&scene=samples")
    shown(page, "samples")
    assert page.faults == []


def test_how_much_of_a_model_has_come_is_told_and_nothing_else_is_fetched_beside_it(
    served: str, visit: Callable[..., Page]
) -> None:
    slow = """
        const { fetch: bring } = window;
        window.fetch = async (url, init) => {
            const answer = await bring(url, init);
            if (!/weights/.test(url)) return answer;
            const bytes = new Uint8Array(await answer.arrayBuffer()), half = bytes.length >> 1;
            return new Response(new ReadableStream({
                async start(out) {
                    out.enqueue(bytes.slice(0, half));
                    while (!window.go) await new Promise((done) => setTimeout(done, 50));
                    out.enqueue(bytes.slice(half));
                    out.close();
                },
            }));
        };
    """
    page = visit(f"{served}?page=train")  # which has nothing to show, so nothing is kept for later
    page.add_init_script(slow)
    page.goto(f"{served}?page=vae&scene=prior")
    told = page.locator(".notice .share")
    expect(told).to_have_text(re.compile(r"^ ?(\d+\.\d) of (\d+\.\d) MB$"))
    come, whole = map(float, re.findall(r"\d+\.\d", told.inner_text()))
    assert come == pytest.approx(whole / 2, abs=0.11)
    registered = "async () => (await navigator.serviceWorker.getRegistrations()).length"
    page.wait_for_timeout(1500)
    assert page.evaluate(registered) == 0
    page.evaluate("window.go = true")
    shown(page, "prior")
    page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")


@pytest.fixture
def damaged(edition: Path, tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A copy of the edition, which may be damaged, and its address on a server of files."""
    copy = shutil.copytree(edition, tmp_path / "edition")
    with files(copy) as url:
        yield copy, f"{url}/"


def test_a_missing_file_costs_its_scene_alone_and_is_told(
    damaged: tuple[Path, str], visit: Callable[..., Page]
) -> None:
    copy, served = damaged
    (weights,) = (copy / "contents").glob("weights-cvae-p.*")
    whole, file = weights.read_bytes(), f"{copy.as_uri()}/index.html"
    for start, content, told in [
        (file, None, "A file of this edition is missing."),
        (served, None, "The server answered 404."),
        (file, whole[:1000], "What arrived was damaged."),
        (served, whole[:1000], "What arrived was damaged."),
    ]:
        weights.unlink()
        if content is not None:
            weights.write_bytes(content)
        page = visit(f"{start}?page=cvae&scene=rewrite")
        expect(page.get_by_role("alert")).to_contain_text(f"The model could not be loaded. {told}")
        weights.write_bytes(whole)
        page.get_by_role("button", name="Try again").click()
        shown(page, "rewrite")


@pytest.mark.skipif(
    FIREFOX is None and not BROWSER_REQUIRED, reason="No Firefox was found: apt install firefox-esr."
)
def test_firefox_shows_every_scene_from_a_file(edition: Path, served: str, tmp_path: Path) -> None:
    with firefox(tmp_path / "profile") as browser:
        browser.go(f"{edition.as_uri()}/index.html")
        browser.evaluate(
            "window.faults = []; addEventListener('error', (event) => faults.push(event.message));"
        )
        for entry, scene in SHOWN:
            browser.evaluate(f"const [search] = arguments; {GO}", query(entry, scene.id))
            browser.wait(f"document.querySelector(`.explorer[data-shown='{scene.id}']`)")
            browser.wait(f"document.querySelector(`{LIVE}`)")
        assert browser.evaluate("return faults;") == []
        browser.go(f"{served}?page=vae&scene=flow&digit=7")
        browser.wait(f"document.querySelector(`{LIVE}`)")
        browser.evaluate("document.querySelector('.scene').focus();")
        for key, seen in [
            ("p", ".explorer.presenting"),
            ("n", ".notes:not([hidden])"),
            ("q", ":not([hidden]) > svg[aria-label='QR code']"),
            ("q", "[hidden] > svg[aria-label='QR code']"),
            (PAGE_DOWN, ".explorer.presenting[data-shown=evidence]"),
        ]:
            browser.press(key)
            browser.wait(f"document.querySelector(`{seen}`)")


# Both editions

VIEWS = {
    "": ["start&turn=3.5", "idea", "models"],
    "factor-analysis": ["watch&step=40", "hand&moves=E,M25", "rotation&angle=30"],
    "vae": ["prior&seed=3", "flow&digit=17", "knobs&digit=4", "plane&digit=5", "walk", "dimensions&dim=2"],
    "cvae": ["styles&seed=2", "rewrite&digit=12", "guess&digit=8", "training"],
    "gmvae": ["clusters&seed=5", "knobs&digit=9", "gumbel"],
    "vrnn": ["rows&digit=3", "endings&digit=6"],
}

LOOK = """async () => {
    const find = (node) => node.querySelector(".explorer") ?? [...node.querySelectorAll("*")]
        .map((each) => each.shadowRoot && find(each.shadowRoot)).find(Boolean);
    const explorer = find(document);
    Object.assign(explorer.style, { width: "1000px", height: "700px", fontFamily: "sans-serif" });
    const inside = explorer.querySelectorAll(".instrument *");
    inside.forEach((each) => each.dispatchEvent(new Event("themechange")));
    const canvases = () => [...explorer.querySelectorAll(".instrument canvas")]
        .filter(({ width, height }) => width && height)
        .map((canvas) => canvas.toDataURL());
    const words = () => explorer.querySelector(".scene").innerText;
    const seen = () => words() + canvases().join();
    // Until it has stood still for a fifth of a second, and says that nothing is under way.
    let before = "", still = 0;
    while (still < 4) {
        await new Promise((drawn) => setTimeout(() => requestAnimationFrame(() => setTimeout(drawn)), 50));
        const now = explorer.querySelector("[aria-busy=true], .notice[role=status]") ? "" : seen();
        still = now && now === before ? still + 1 : 0;
        before = now;
    }
    return { words: words(), canvases: canvases() };
}"""


@pytest.mark.parametrize("name", VIEWS)
def test_both_editions_draw_the_same_and_show_the_same_numbers(
    open_page: Callable[..., Page], open_edition: Callable[..., Page], name: str
) -> None:
    app = open_page(name, height=720)
    own = open_edition(name, height=720, again=True)
    for view in VIEWS[name]:
        scene = view.partition("&")[0]
        found = []
        for page, search in ((app, f"?scene={view}"), (own, f"?page={name}&scene={view}")):
            go(page, search)
            shown(page, scene)
            found.append(page.evaluate(LOOK))
        theirs, ours = found
        assert ours["words"] == theirs["words"], view
        assert len(ours["canvases"]) == len(theirs["canvases"]) >= (scene != "models"), view
        for drawn in zip(ours["canvases"], theirs["canvases"], strict=True):
            one, other = map(picture, drawn)
            assert one.shape == other.shape, view
            assert np.abs(one.astype(int) - other).max() <= 2, view
