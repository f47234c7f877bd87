"""The CVAE page in a real browser, as a visitor meets it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.visitors import digit, drawn, fits, needs, works_despite

OPEN = Callable[..., Page]
SETTLE = Callable[[Page], None]

pytestmark = needs("cvae")


def test_another_digit_is_rewritten_in_ten_ways(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("cvae")
    expect(page.locator("h1")).to_have_text("Conditional VAE")
    before = drawn(page, "rewritten")
    assert len(set(before)) == 10
    page.get_by_label("Test digit", exact=True).fill("1234")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("digit=1234"))
    settle(page)
    after = drawn(page, "rewritten")
    assert all(a != b for a, b in zip(before, after, strict=True))
    expect(page.locator(".st-key-original")).to_contain_text("digit 1234, a 8")
    expect(page.locator(".st-key-points .chosen")).to_contain_text("digit 1234")
    expect(page.locator(".st-key-style_sliders figcaption").first).to_have_text("written as 8")
    assert page.faults == []


def test_resampling_and_sharing_change_the_grid(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("cvae", grid=1)
    first = drawn(page, "styles")
    assert len(first) == 10
    page.get_by_text("The same styles in every row").click()
    settle(page)
    alone = drawn(page, "styles")
    assert alone != first and "shared=false" in page.url
    page.get_by_role("button", name="Resample", exact=True).click()
    settle(page)
    assert drawn(page, "styles") not in (first, alone)


def test_a_copied_link_shows_the_same_view(open_page: OPEN, settle: SETTLE) -> None:
    query = {"digit": 42, "map": "UMAP", "grid": 5, "sample": 3, "to": 9, "from": 4, "until": 7}
    page = open_page("cvae", **query)
    page.locator(".st-key-style_sliders .slider input").first.focus()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile("style="))
    settle(page)
    other = open_page(page.url.split("/", 3)[3])
    assert other.url == page.url
    assert digit(other) == 42
    for place in ("styles", "rewritten", "same_z", "between"):
        assert drawn(other, place) == drawn(page, place), place
    assert other.locator(".st-key-elbo").inner_text() == page.locator(".st-key-elbo").inner_text()


def test_nothing_is_wider_than_a_phone(open_page: OPEN) -> None:
    page = open_page("cvae", width=400, height=800)
    fits(page)


@pytest.mark.parametrize(
    "query",
    [
        {"digit": "-3", "map": "globe", "grid": "1e9", "sample": "x", "to": "10000", "from": "ten"},
        {"digit": "nonsense", "style": "<script>alert(1)</script>", "shared": "perhaps", "until": "-1"},
    ],
)
def test_nonsense_in_the_link_leaves_a_working_page(
    open_page: OPEN, settle: SETTLE, query: dict[str, str]
) -> None:
    page = open_page("cvae", **query)
    names = "shared, digit and until" if "style" in query else "grid, digit, sample, to, from and map"
    works_despite(page, settle, names, 1 + ("style" in query))


def test_from_page_to_page_nothing_is_carried_over_that_does_not_fit(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("cvae", digit=5, map="PCA of ε", to=9)
    for title, heading in (("VAE", "Variational auto-encoder"), ("Conditional VAE", "Conditional VAE")):
        page.get_by_test_id("stSidebarNav").get_by_role("link", name=title, exact=True).click()
        expect(page.locator("h1")).to_have_text(heading)
        settle(page)
        assert page.locator("[data-testid=stAlertContentError]").count() == 0
        assert page.locator("[data-testid=stAlertContentWarning]", has_text="link").count() == 0
        expect(page.locator("#mathematics")).to_be_attached()
    assert page.faults == []
