"""Tours from start to end, in both editions, by keys and by touch; and a lecturer's own."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from aevb import tours
from aevb.ui.frame import catalogue
from tests.browser.test_site import go

OPEN = Callable[..., Page]
TOURS = pytest.mark.parametrize("tour", tours.shipped(), ids=lambda tour: tour.name)

MINE = """Tour: Mine
Step: vae?scene=flow&digit=7
Says: Look at this seven-like one.
Asks: Is it a 7?
Answer: It is a 9.
Step: ?scene=idea&at=1,1
Says: And at this map.
"""


def places(tour: tours.Tour) -> list[tuple[str, str]]:
    """The page and the scene of each step, as its file says them."""
    found = re.findall(r"^Step: *([\w-]+)\?scene=(\w+)", tour.text, re.MULTILINE)
    assert len(found) == tour.steps
    return [("" if page == "overview" else page, scene) for page, scene in found]


def at(page: Page, where: tuple[str, str], stop: int) -> None:
    """Waits for a step and its instrument; it is whole, and nothing of its link was unread."""
    name, scene = where
    page.locator(f".explorer[data-page='{name}'][data-shown='{scene}'][data-stop='{stop}']").wait_for()
    page.locator(".instrument :is(.live[data-painted], [data-ready])").first.wait_for()
    expect(page.locator(".instrument [role=alert]")).to_have_count(0)
    expect(page.locator(".explorer .warning")).to_be_hidden()
    expect(page.locator(".tour .at")).to_have_text(re.compile(rf"^{stop} of \d+$"))


def fits(page: Page) -> bool:
    """Whether nothing of the scene has to be scrolled for beside the bar."""
    return page.locator(".scene").evaluate("({ scrollHeight: all, clientHeight: seen }) => all - seen <= 1")


def walk(page: Page, tour: tours.Tour, on: Callable[[], None], look: Callable[[int], None]) -> None:
    """Through all steps; a question's answer comes before the next one."""
    for number, where in enumerate(places(tour), 1):
        at(page, where, number)
        look(number)
        if page.locator(".tour .question:visible").count():
            expect(page.locator(".tour .answer")).to_have_count(0)
            on()
            expect(page.locator(".tour .answer")).to_be_visible()
            at(page, where, number)
        if number < tour.steps:
            on()
    expect(page.get_by_role("button", name="Next step")).to_be_disabled()


@TOURS
def test_a_tour_in_the_app_by_keys(open_page: OPEN, tour: tours.Tour) -> None:
    page = open_page(width=1280, height=720)
    page.get_by_role("link", name=tour.title).focus()
    page.keyboard.press("Enter")
    too_high = []
    walk(page, tour, lambda: page.keyboard.press("ArrowRight"), lambda k: fits(page) or too_high.append(k))
    assert too_high == []
    page.keyboard.press("PageUp")
    at(page, places(tour)[-2], tour.steps - 1)
    page.go_back()
    at(page, places(tour)[-1], tour.steps)
    page.reload()
    at(page, places(tour)[-1], tour.steps)
    page.get_by_role("button", name="Leave the tour").click()
    expect(page.locator(".tour")).to_have_count(0)
    assert "tour=" not in page.url and "stop=" not in page.url
    assert page.faults == []


@pytest.fixture
def touch(browser: Browser) -> Iterator[Callable[[str], Page]]:
    """`touch(url)`: a page on a phone in the dark."""
    contexts: list[BrowserContext] = []

    def visit(url: str) -> Page:
        context = browser.new_context(
            viewport={"width": 390, "height": 844}, color_scheme="dark", has_touch=True, is_mobile=True
        )
        contexts.append(context)
        page = context.new_page()
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.goto(url)
        return page

    yield visit
    for context in contexts:
        context.close()


@pytest.mark.parametrize(
    ("place", "tour"),
    list(zip(("file", "server", "server"), tours.shipped(), strict=True)),
    ids=lambda one: getattr(one, "name", one),
)
def test_a_tour_without_a_server_by_touch(
    edition: Path, served: str, touch: Callable[[str], Page], place: str, tour: tours.Tour
) -> None:
    start = f"{edition.as_uri()}/index.html" if place == "file" else served
    page = touch(f"{start}?tour={tour.name}")

    def look(_: int) -> None:
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        box = page.get_by_role("button", name="Next step").bounding_box()
        assert box and min(box["width"], box["height"]) >= 40 and box["y"] + box["height"] <= 844

    walk(page, tour, lambda: page.get_by_role("button", name="Next step").tap(), look)
    page.get_by_role("button", name="Previous step").tap()
    at(page, places(tour)[-2], tour.steps - 1)
    page.go_back()
    at(page, places(tour)[-1], tour.steps)
    assert page.faults == []


def test_a_tour_of_ones_own_opens_from_a_file_and_stands_in_its_link(open_page: OPEN, tmp_path: Path) -> None:
    page, mine = open_page(width=1280, height=720), tmp_path / "mine.txt"
    warning = page.locator(".explorer .warning")
    chosen = page.locator("input[type=file]")
    mine.write_text(MINE.replace("Says: And", "Said: And"))
    chosen.set_input_files(mine)
    expect(warning).to_contain_text("mine.txt: Line 7: it begins with none of Tour:")
    mine.write_text(MINE)
    chosen.set_input_files(mine)
    at(page, ("vae", "flow"), 1)
    expect(warning).to_be_hidden()
    expect(page.get_by_label("Test digit", exact=True)).to_have_value("7")
    page.keyboard.press("a")
    expect(page.locator(".tour .answer")).to_have_text("It is a 9.")
    file = page.locator(".tour .save").get_attribute("href")
    kept = "at => fetch(at).then(() => true, () => false)"
    assert page.evaluate(kept, file)
    page.keyboard.press("ArrowRight")
    at(page, ("", "idea"), 2)
    assert not page.evaluate(kept, file)  # by the page that was left
    path = page.url.split("/", 3)[3]
    other = open_page(path, width=390, height=844)
    at(other, ("", "idea"), 2)
    expect(other.locator(".tour")).to_contain_text("And at this map.")
    page.get_by_test_id("stSidebarNav").get_by_text("VAE", exact=True).click()  # the menu leads out of a tour
    page.locator(".explorer[data-page=vae][data-shown]").wait_for()
    assert "tour=" not in page.url
    assert page.faults == other.faults == []
    # What is no tour is told, as a page opens and as a link is followed.
    page = open_page(path.replace("&stop=2", "")[:-8], width=1280, height=720, again=True)
    warning = page.locator(".explorer .warning")
    expect(warning).to_contain_text("damaged: copy the link whole")
    for name in ("none", "constructor"):  # the latter is a word that every object of JavaScript knows
        go(page, f"/?tour={name}")
        expect(warning).to_contain_text(f"There is no tour “{name}”: the tours are aevb, em,")
    (steps,) = (tour.steps for tour in tours.shipped() if tour.name == "em")
    for said in ("&scene=models", ""):
        go(page, f"/?tour=em&stop=59{said}")
        expect(page.locator(".tour .at")).to_have_text(f"{steps} of {steps}")
        go(page, "/?scene=models")
        expect(page.locator(".tour")).to_have_count(0)
    assert page.faults == []


def test_the_third_tour_reaches_whatever_has_a_number_each_named_on_its_scene() -> None:
    (tour,) = (one for one in tours.shipped() if one.name == "figures")
    steps = re.split(r"^Step:", tour.text, flags=re.MULTILINE)[1:]
    words = {
        (page.name, scene.id): scene.says + scene.below for page in catalogue.MENU for scene in page.scenes
    }
    reached: set[str] = set()
    for where, step in zip(places(tour), steps, strict=True):
        says = re.sub(r"\s+", " ", re.split(r"^(?:Notes|Asks):", step, flags=re.MULTILINE)[0])
        reached |= set(re.findall(r"equation \d", says)) | set(re.findall(r"Experiment \d", says))
        for kind, numbers in re.findall(
            r"\b(Figure|section)s? ((?:[\d.]+\d|\d)(?:(?:, | and )[\d.]*\d)*)", says, re.I
        ):
            reached |= {f"{kind.lower()} {number}" for number in re.findall(r"[\d.]*\d", numbers)}
            for number in re.findall(r"\d+", numbers) if kind == "Figure" else ():
                assert re.search(rf"Figures?[^.]*\b{number}\b", words[where]), (where, number)
    figures = {f"figure {number}" for number in range(1, 13)}
    sections = "1 2 3.1 3.2 3.3 4 5.1 5.2.1 5.2.3 5.2.4 5.3.1 5.3.2 5.3.3 5.4.1 5.4.2 5.4.3 5.4.4"
    sections += " 5.5.1 5.5.2 5.5.3 5.5.4 5.6.1 5.6.2 5.6.3 5.6.4"
    assert figures <= reached
    assert {f"section {number}" for number in sections.split()} <= reached
    assert {f"equation {number}" for number in range(1, 5)} | {"Experiment 1", "Experiment 2"} <= reached
