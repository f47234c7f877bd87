"""Predict, then see: a scene asks before it shows, and says what is right."""

import re
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect
from torch.distributions import kl_divergence

from aevb import data
from aevb.explore import codes
from aevb.ui.frame import catalogue
from tests.axe import OF_COLOURS, RULES, barriers
from tests.browser.test_latent import image, model_of
from tests.browser.test_scenes import MEASURE
from tests.conftest import FRAMES

OPEN = Callable[..., Page]
ASKED = [
    (page, [scene for scene in page.scenes if scene.questions])
    for page in catalogue.MENU
    if any(scene.questions for scene in page.scenes)
]
CLOSED = """Object.defineProperty(window, "localStorage", { get() { throw new Error("closed"); } })"""
RESIZED = """async (canvas) => {
    let count = 0;
    new MutationObserver((all) => count += all.length).observe(canvas, { attributeFilter: ["width"] });
    for (const key of ["ArrowUp", "ArrowDown"]) {
        const before = canvas.getAttribute("aria-valuetext");
        canvas.dispatchEvent(new KeyboardEvent("keydown", { key }));
        if (canvas.getAttribute("aria-valuetext") === before) throw new Error("It does not move.");
        await new Promise(requestAnimationFrame);
    }
    return count;
}"""
"""How often a canvas gets new pixels while arrow keys move what is on it."""


def question(page: Page):
    """The open question, once it can be answered."""
    card = page.locator(".question")
    card.locator(".pick").wait_for()
    return card


def answer(page: Page) -> str:
    """Answers by the keyboard alone, whatever is asked; what is said then."""
    card = question(page)
    first = card.locator(".pick :is(button, input, canvas[tabindex])").first
    first.focus()
    if first.evaluate("element => element.tagName") != "BUTTON":
        page.keyboard.press("ArrowUp")
        card.get_by_role("button", name="Answer").focus()
    page.keyboard.press("Enter")
    told = page.locator(".told")
    told.wait_for()
    expect(told).to_be_focused()
    return told.inner_text()


def test_twelve_are_asked_in_three_ways():
    questions = [one for _, scenes in ASKED for scene in scenes for one in scene.questions]
    assert len(questions) >= 12
    assert len({one.id for one in questions}) == len(questions)


@pytest.mark.parametrize(("entry", "scenes"), ASKED, ids=lambda one: getattr(one, "name", ""))
@pytest.mark.parametrize("width", [1280, 390])
def test_each_hides_its_answer_until_one_is_given(
    open_edition: OPEN, entry: catalogue.Page, scenes: list[catalogue.Scene], width: int
) -> None:
    height, color_scheme = (720, "light") if width == 1280 else (844, "dark")
    page = open_edition(
        entry.name, asks=True, scene=scenes[0].id, width=width, height=height, color_scheme=color_scheme
    )
    for scene in scenes:
        if scene != scenes[0]:
            if width < 640:
                page.locator(".where").click()
            page.locator(f".tab[data-scene='{scene.id}']").click()
        for k, one in enumerate(scene.questions):
            if k:
                page.get_by_role("button", name="Next question").click()
            told = f"{entry.name}/{scene.id}/{one.id}"
            card = question(page)
            if (pad := card.locator(".pad canvas")).count():
                assert pad.evaluate(RESIZED) == 0, told
            for selector in one.hides.split(", "):
                hidden = page.locator(f".instrument {selector}")
                hidden.first.wait_for(state="attached")
                assert hidden.evaluate_all(
                    "all => all.every((each) => getComputedStyle(each).visibility === 'hidden')"
                ), told
            assert barriers(page, RULES if width == 1280 else OF_COLOURS) == [], told
            if width == 1280:
                found = page.evaluate(MEASURE)
                assert found["height"] <= found["room"] + 1, told
                inside, whole = card.bounding_box(), page.locator(".instrument").bounding_box()
                assert inside["y"] >= whole["y"] - 1, told
                assert inside["y"] + inside["height"] <= whole["y"] + whole["height"] + 1, told
                assert card.evaluate("card => card.scrollHeight <= card.clientHeight"), told
            assert re.match(r"You said .+; it is .+\.|Right: .+\.", answer(page)), told
            if card.count():  # a point's answer stands where it was placed
                page.keyboard.press("k")
            expect(card).to_have_count(0)
            shown = page.locator(f".instrument {one.hides.split(', ')[0]}").first
            assert shown.evaluate("one => getComputedStyle(one).visibility") == "visible", told
            if width == 1280:
                found = page.evaluate(MEASURE)
                assert found["height"] <= found["room"] + 1 and found["overflow"] <= 1, told
    assert page.faults == []


def kl(digit: int) -> float:
    model = model_of("vae")
    return float(kl_divergence(codes.posterior(model, image("vae", digit)), model.prior()))


def test_it_is_asked_of_what_is_in_view_once_and_again_when_wanted(open_edition: OPEN) -> None:
    page = open_edition("vae", asks=True, scene="flow")
    expect(question(page)).to_contain_text("digit 0, a 7")
    page.get_by_role("spinbutton", name="Test digit").fill("4")
    page.keyboard.press("Enter")
    expect(question(page)).to_contain_text("digit 4, a 4")
    said = re.match(r"You said 51 nats; it is ([\d.]+) nats", answer(page))
    assert said and float(said[1]) == pytest.approx(kl(4), abs=0.06)
    page.get_by_role("button", name="Close").click()
    expect(page.locator(".says")).to_be_visible()
    page.reload()
    page.locator(".explorer[data-shown=flow]").wait_for()
    expect(page.locator(".question")).to_have_count(0)
    page.locator(".scene").focus()
    page.keyboard.press("k")
    expect(question(page)).to_contain_text("Before, you said 51 nats.")
    expect(page.locator(".question input")).to_be_focused()
    page.keyboard.press("k")  # a letter is not the slider's
    expect(page.get_by_role("button", name="Predict")).to_be_focused()
    # Whoever uses a scene has begun to look.
    page.locator(".tab[data-scene=training]").click()
    question(page)
    page.get_by_role("slider", name="epoch").last.press("ArrowLeft")
    expect(page.locator(".question")).to_have_count(0)
    # Nothing more is asked, but by a link that wants it, also while it is presented.
    page.locator(".tab[data-scene=walk]").click()
    question(page).get_by_role("button", name="No more questions").click()
    page.locator(".tab[data-scene=dimensions]").click()
    page.locator(".explorer[data-shown=dimensions]").wait_for()
    expect(page.locator(".question")).to_have_count(0)
    page.goto(re.sub(r"\?.*", "?page=vae&scene=flow&ask=true", page.url))
    question(page)
    page.evaluate(PRESENT)
    question(page)
    assert page.faults == []


def test_what_is_skipped_while_it_is_judged_leaves_nothing_behind(open_page: OPEN) -> None:
    page = open_page("draw", asks=True)
    held: list[Route] = []
    page.route("**/weights/cvae/**", lambda route: held.append(route))
    text = question(page).locator(".asks").inner_text()
    with page.expect_request("**/weights/cvae/**"):
        page.locator(".question .pick button").first.click()
    expect(page.locator(".question[aria-busy]")).to_be_visible()
    for _ in range(2):  # it is asked again
        page.keyboard.press("k")
    question(page)
    expect(page.locator(".question[aria-busy]")).to_have_count(0)
    for route in held:
        with page.expect_event("requestfailed"):
            route.abort()
    page.evaluate(FRAMES)
    expect(page.locator(".question .asks")).to_have_text(text)
    page.unroute("**/weights/cvae/**")
    assert re.match(r"You said .+; it is .+\.|Right: .+\.", answer(page))


PRESENT = """() => {
    const find = (node) => node.querySelector(".explorer")
        ?? [...node.querySelectorAll("*")].reduce((found, { shadowRoot }) =>
            found ?? (shadowRoot && find(shadowRoot)), null);
    find(document).classList.add("presenting");
}"""


def test_a_lecture_and_a_frame_are_not_asked_and_a_closed_store_breaks_nothing(open_edition: OPEN) -> None:
    page = open_edition("vrnn", asks=True, scene="rows", ask="false")
    expect(page.get_by_role("button", name="Predict")).to_be_visible()
    expect(page.locator(".question")).to_have_count(0)
    page.goto(re.sub(r"\?.*", "?page=vrnn&scene=rows", page.url))
    question(page)
    page.evaluate(PRESENT)
    expect(page.locator(".question")).to_have_count(0)
    page.goto(re.sub(r"\?.*", "?page=vrnn&scene=endings&embed=true", page.url))
    page.locator(".explorer[data-shown=endings]").wait_for()
    expect(page.locator(".question, .predict")).to_have_count(0)
    page.add_init_script(CLOSED)
    page.goto(re.sub(r"\?.*", "?page=vrnn&scene=rows", page.url))
    assert answer(page).startswith("You said row ")
    page.get_by_role("button", name="Another 4").click()  # what was said was said of another
    expect(page.locator(".question")).to_have_count(0)
    expect(page.locator(".told")).to_be_hidden()
    page.locator(".tab[data-scene=endings]").click()
    page.locator(".tab[data-scene=rows]").click()
    page.locator(".explorer[data-shown=rows]").wait_for()
    expect(page.locator(".question")).to_have_count(0)
    assert page.faults == []


def test_in_a_lesson_an_answer_shows_what_was_asked_though_a_class_may_not_change_it(
    open_edition: OPEN,
) -> None:
    page = open_edition("vae", asks=True, scene="walk", free="digit")
    expect(question(page)).to_contain_text("from a 3 to an 8")
    expect(page.locator(".question .pictured canvas")).to_have_count(2)  # both ends
    told = answer(page)
    counts = {label: int(count) for count, label in re.findall(r"(\d+) (?:is an?|are) (\d)", told)}
    assert sum(counts.values()) == 20
    ends = [counts.get("3", 0), counts.get("8", 0)]
    names = dict(zip(("a 3", "an 8", "neither"), [*ends, 20 - sum(ends)], strict=True))
    assert re.search(r"(?:Right: |it is )“(.+?)”", told)[1] == max(names, key=names.__getitem__)
    labels = data.read().test.known_labels
    page.wait_for_url(re.compile("to="))
    found = dict(parse_qsl(urlsplit(page.url).query))
    assert [int(labels[int(found[end])]) for end in ("digit", "to")] == [3, 8]
    expect(page.get_by_role("button", name="Show all controls")).to_be_visible()
    assert page.faults == []
