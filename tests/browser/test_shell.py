"""What surrounds every page, in a real browser."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from aevb.ui import catalogue

OPEN = Callable[..., Page]
SETTLE = Callable[[Page], None]


def test_a_tab_says_which_page_it_holds(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page()
    expect(page).to_have_title("AEVB Explorer")
    icon = page.locator("link[rel*=icon]").first.get_attribute("href")
    assert icon and icon.startswith("data:image/svg+xml")  # of no other server
    for title in [entry.menu for entry in catalogue.MODELS] + ["Draw"]:
        page.get_by_test_id("stSidebarNav").get_by_text(title, exact=True).click()
        expect(page).to_have_title(f"{title} · AEVB Explorer")
        settle(page)
    page.go_back()
    expect(page).to_have_title(f"{catalogue.MODELS[-1].menu} · AEVB Explorer")
    assert not page.faults


def test_the_one_idea_fits_on_a_phone(open_page: OPEN) -> None:
    page = open_page(width=360)
    formula = page.locator(".st-key-identity .katex-display")
    expect(formula).to_be_visible()
    hidden = formula.evaluate("shown => shown.scrollWidth - shown.clientWidth")
    assert hidden <= 2
