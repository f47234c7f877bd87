"""The VAE page in a real browser, as a visitor meets it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from aevb.ui import latents, vae
from tests.visitors import digit, needs, works_despite

OPEN = Callable[..., Page]
SETTLE = Callable[[Page], None]

pytestmark = needs("vae")


def decoded(page: Page) -> str:
    """The pixels beside the sliders, once they are painted."""
    canvas = page.locator(".st-key-z_sliders .decoded")
    expect(canvas).to_have_attribute("aria-label", "decoded λ", timeout=60_000)
    return canvas.evaluate("canvas => canvas.toDataURL()")


def test_a_digit_by_its_number_by_class_and_at_random(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("vae")
    expect(page.locator("h1")).to_have_text("Variational auto-encoder")
    first = decoded(page)

    page.get_by_label("Test digit", exact=True).fill("1234")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("digit=1234"))
    settle(page)
    assert decoded(page) != first
    expect(page.locator(".st-key-points .chosen")).to_contain_text("digit 1234")

    page.locator(".st-key-digit_class").get_by_role("radio", name="3", exact=True).click()
    settle(page)
    expect(page.locator(".st-key-points .chosen")).to_contain_text("a 3")
    before = digit(page)
    page.get_by_role("button", name="Another 3").click()
    settle(page)
    assert digit(page) != before
    expect(page.locator(".st-key-points .chosen")).to_contain_text("a 3")
    page.locator(".st-key-digit_any").get_by_role("button").click()
    settle(page)
    assert f"digit={digit(page)}" in page.url
    assert page.faults == []


def values(page: Page) -> list[float]:
    """Where the sliders stand, in the order in which they are shown."""
    sliders = page.locator(".st-key-z_sliders .slider output")
    return [float(value.replace("−", "-")) for value in sliders.all_inner_texts()]


def test_the_sample_above_is_the_one_that_is_shown(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("vae")
    page.get_by_role("button", name="Resample z").click()
    expect(page).to_have_url(re.compile("sample="))
    settle(page)
    page.get_by_role("button", name="The sample above").click()
    expect(page).to_have_url(re.compile("z="))
    seed = int(re.search(r"sample=(\d+)", page.url)[1])
    z = latents.rounded(vae.drawn("vae", 0, seed))
    shown = [z[dimension] for dimension in latents.order("vae")]
    assert values(page) == pytest.approx(shown, abs=0.011)


def test_back_and_forward_move_the_sliders(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("vae", digit=3)
    decoded(page)  # it is there
    start, first = values(page), page.locator(".st-key-z_sliders .slider input").first
    first.focus()
    stops = [(page.url, start)]
    for _ in range(2):
        for _ in range(4):
            page.keyboard.press("ArrowRight")
        expect(page).not_to_have_url(stops[-1][0], timeout=20_000)
        settle(page)
        stops.append((page.url, values(page)))
    assert len({url for url, _ in stops}) == 3
    for _ in range(20):  # as many entries as the key presses left, one or more for each stop
        if page.url == stops[0][0]:
            break
        page.go_back()
        settle(page)
        known = dict(stops).get(page.url)
        assert known is None or values(page) == known
    assert (page.url, values(page)) == stops[0]
    page.go_forward()
    settle(page)
    assert "z=" in page.url and values(page) != start
    assert page.locator("[data-testid=stAlertContentWarning]").count() == 0


def test_a_copied_link_shows_the_same_view(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("vae", digit=42, map="UMAP", prior=5, sample=3, to=9)
    for slider in (0, 3):
        page.locator(".st-key-z_sliders .slider input").nth(slider).focus()
        before = page.url
        for _ in range(5):
            page.keyboard.press("ArrowLeft")
        expect(page).not_to_have_url(before)
        settle(page)
    other = open_page(page.url.split("/", 3)[3])
    assert other.url == page.url
    assert decoded(other) == decoded(page)
    assert digit(other) == 42
    for place in ("flow", "elbo", "walk", "traversal"):
        inner = (
            "[...document.querySelectorAll('.st-key-%s *')].map(e => e.shadowRoot?.innerHTML ?? '').join()"
        )
        assert other.evaluate(inner % place) == page.evaluate(inner % place)


def test_nothing_is_wider_than_a_phone(open_page: OPEN) -> None:
    page = open_page("vae", width=400, height=800)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    wide = page.evaluate(
        """[...document.querySelectorAll('[data-testid=stMain] *')].filter(element => {
            const box = element.getBoundingClientRect()
            const scrolls = element.closest('.katex-display, pre, svg, canvas, .plotly, input')
            return box.width > 0 && box.right > 401 && !scrolls
        }).map(element => element.className)"""
    )
    assert wide == []


@pytest.mark.parametrize(
    "query",
    [
        {"digit": "-3", "map": "globe", "dim": "99", "prior": "1e9", "sample": "x", "to": "10000"},
        {"digit": "nonsense", "z": "<script>alert(1)</script>"},
    ],
)
def test_nonsense_in_the_link_leaves_a_working_page(
    open_page: OPEN, settle: SETTLE, query: dict[str, str]
) -> None:
    page = open_page("vae", **query)
    names = "digit" if "z" in query else "digit, sample, map, prior, to and dim"
    works_despite(page, settle, names, 1 + ("z" in query))


def test_a_link_opened_first_shows_the_page_with_its_menu(open_page: OPEN, fresh_server) -> None:
    page = open_page("vae", on=fresh_server, digit=7)
    expect(page.locator("h1")).to_have_text("Variational auto-encoder")
    assert digit(page) == 7
    menu = page.locator("[data-testid=stSidebarNav]")
    for title in ("Overview", "Factor analysis", "VAE"):
        expect(menu.get_by_role("link", name=title, exact=True)).to_have_count(1)
