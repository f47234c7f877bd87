"""The first page in a real browser: the one idea, tried out, and the cards that lead on."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from aevb.ui.overview import cells
from aevb.ui.overview.models import MODELS

OPEN = Callable[..., Page]


def terms(page: Page, *shown: str) -> None:
    """Waits until evidence, ELBO and gap read so."""
    expect(page.locator(".identity b")).to_have_text(list(shown))


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_steps_close_the_gap_lift_the_evidence_and_stand_in_the_link(open_edition: OPEN) -> None:
    page = open_edition(scene="idea")
    terms(page, "−3.15", "−3.62", "0.47")
    press(page, "E-step")
    terms(page, "−3.15", "−3.15", "0.00")
    expect(page).to_have_url(re.compile(r"\?scene=idea&at=0\.4,0\.4$"))
    press(page, "M-step")
    terms(page, "−2.40", "−2.70", "0.30")
    expect(page).to_have_url(re.compile(r"\?scene=idea&at=1\.184,0\.4$"))
    other = open_edition(page.url)
    terms(other, "−2.40", "−2.70", "0.30")
    press(page, "Start again")
    press(page, "AEVB")
    terms(page, "−2.50", "−2.79", "0.29")
    assert page.faults == other.faults == []


def test_the_mark_is_moved_by_a_press_and_by_keys(open_edition: OPEN) -> None:
    page = open_edition(scene="idea", at="1,0.5")
    terms(page, "−2.52", "−2.63", "0.11")
    field = page.locator(".field")
    field.focus()
    page.keyboard.press("ArrowRight")  # φ alone
    expect(page).to_have_url(re.compile(r"\?scene=idea&at=1,0\.6$"))
    terms(page, "−2.52", "−2.58", "0.06")
    field.click(position={"x": 200, "y": 100})
    expect(page).not_to_have_url(re.compile(r"at=1,"))
    expect(page.locator(".field")).to_have_attribute("aria-valuetext", re.compile("θ 2"))
    assert page.faults == []


def test_without_motion_a_step_is_there_at_once(open_edition: OPEN) -> None:
    page = open_edition(scene="idea")
    terms(page, "−3.15", "−3.62", "0.47")
    page.emulate_media(reduced_motion="reduce")
    page.evaluate("window.shown = []")
    page.locator(".field").evaluate(
        "field => new MutationObserver(() => window.shown.push(field.getAttribute('aria-valuetext')))"
        ".observe(field, { attributeFilter: ['aria-valuetext'] })"
    )
    press(page, "E-step")
    terms(page, "−3.15", "−3.15", "0.00")
    assert set(page.evaluate("shown")) == {"θ 0.40, φ 0.40, gap 0.00"}


def test_the_ring_turns_until_it_is_touched_and_its_place_stands_in_the_link(open_edition: OPEN) -> None:
    page = open_edition()
    ring = page.locator(".ring canvas")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(ring).not_to_have_attribute("aria-valuenow", "0.00")
    assert "turn" not in page.url
    box = ring.bounding_box()
    assert box
    side = min(box["width"], box["height"])
    ring.click(position={"x": box["width"] / 2 + 0.4 * side, "y": box["height"] / 2})
    expect(ring).to_have_attribute("aria-valuetext", "50 % of the way from 2 to 3")
    expect(page).to_have_url(re.compile(r"\?turn=2\.5$"))
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(r"\?turn=2\.6$"))
    page.reload()
    expect(ring).to_have_attribute("aria-valuenow", "2.60")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    page.emulate_media(reduced_motion="reduce")
    page.goto(page.url.split("?")[0])
    expect(page.get_by_role("button", name="Play")).to_be_visible()  # not by itself
    expect(ring).to_have_attribute("aria-valuenow", "0.00")
    page.locator(".ways .card", has_text="The one idea").click()
    terms(page, "−3.15", "−3.62", "0.47")
    assert page.faults == []


def test_every_card_leads_to_its_page_and_back(open_page: OPEN) -> None:
    page = open_page(scene="models")
    cards = page.locator(".card")
    expect(cards).to_have_count(len(MODELS) + 1)
    page.evaluate("window.loadedOnce = true")
    for number, name in enumerate([*(entry.page for entry in MODELS), "draw"]):
        cards.nth(number).click()
        page.locator(f".explorer[data-page='{name}'][data-shown]").wait_for()
        assert f"/{name}" in page.url
        page.go_back()
        page.locator(".explorer[data-page=''][data-shown=models]").wait_for()
    assert page.evaluate("window.loadedOnce")  # the document was never loaded anew
    assert page.faults == []


def test_table_1_is_there_in_graphs_and_formulas(open_edition: OPEN) -> None:
    page = open_edition(scene="models")
    for number, entry in enumerate(MODELS):
        card = page.locator(".card").nth(number)
        expect(card.locator("h3")).to_contain_text(entry.title)
        expect(card.locator(".text")).to_have_text(entry.text)
        expect(card.locator("svg[role=img]")).to_be_visible()
        assert "\\" not in card.inner_text()
        assert card.locator("math").count() == 1 + len(entry.observed) + len(entry.latent)


def test_the_gap_of_jensens_inequality_is_none_at_the_posterior(open_edition: OPEN) -> None:
    page = open_edition(scene="jensen")
    sums, found = page.locator(".derivation b"), cells.jensen()
    told = [f"{found[name]:.2f}".replace("-", "−") for name in ("evidence", "elbo", "gap")]
    expect(sums).to_have_text([f"{told[0]} ≥ {told[1]}", f"{told[0]} = {told[1]} + {told[2]}"])
    page.get_by_label("q(z = 3)").press("ArrowLeft")
    expect(page).to_have_url(re.compile("q=15-26-59"))
    press(page, "Set q to the posterior")
    expect(sums).to_have_text(["−1.61 = −1.61", "−1.61 = −1.61 + 0.00"])
    expect(page).to_have_url(re.compile("q=45-35-20"))
    assert page.faults == []
