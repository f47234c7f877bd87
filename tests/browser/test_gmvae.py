"""The GMVAE page in a real browser, as a visitor meets it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from aevb.ui import gmvae
from tests.visitors import digit, drawn, fits, listen, needs, works_despite

OPEN = Callable[..., Page]
SETTLE = Callable[[Page], None]
PICTURE = "canvas => canvas.toDataURL()"

pytestmark = needs("gmvae")


def simplex(page: Page) -> Locator:
    found = page.locator(".st-key-gumbel")
    found.scroll_into_view_if_needed()
    expect(found.locator(".position")).to_contain_text("temperature")
    return found


def spread(simplex: Locator) -> float:
    """How large a part of the samples' picture lies outside the simplex's middle, by coloured pixels."""
    return simplex.locator("canvas").evaluate(
        """canvas => {
            const { width, height } = canvas
            const data = canvas.getContext('2d').getImageData(0, 0, width, height).data
            let all = 0, outside = 0
            for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
                const [r, g, b, a] = data.slice(4 * (y * width + x), 4 * (y * width + x) + 4)
                if (a < 150 || Math.max(r, g, b) - Math.min(r, g, b) < 50) continue
                all++
                if (Math.hypot(x / width - 0.5, y / height - 0.6) > 0.2) outside++
            }
            return outside / all
        }"""
    )


def test_another_digit_has_its_own_cluster_and_place(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("gmvae")
    expect(page.locator("h1")).to_have_text("Gaussian mixture VAE")
    page.get_by_label("Test digit", exact=True).fill("1")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("digit=1"))
    settle(page)
    expect(page.locator(".st-key-reconstructed")).to_contain_text("digit 1, a 2")
    expect(page.locator(".st-key-points .chosen")).to_contain_text("digit 1")
    title = gmvae.titles("gmvae")[gmvae.scored("gmvae").order.index(gmvae.own("gmvae", 1))]
    expect(page.locator(".st-key-place_sliders figcaption").first).to_have_text(f"cluster of {title}")
    assert page.faults == []


def test_resampling_changes_the_rows(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("gmvae", rows=1)
    first = drawn(page, "draws")
    assert len(first) == 10
    page.get_by_role("button", name="Resample", exact=True).click()
    settle(page)
    assert not set(first) & set(drawn(page, "draws"))


def test_a_click_on_a_cell_opens_its_images(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("gmvae")
    chart = page.locator(".st-key-confusion")
    chart.scroll_into_view_if_needed()
    before = drawn(page, "cell")
    grid = chart.locator(".nsewdrag").first.bounding_box()
    assert grid is not None
    # The third row's third cell: one of the matching, if the clusters are digits.
    page.mouse.click(grid["x"] + 0.25 * grid["width"], grid["y"] + 0.25 * grid["height"])
    expect(page.get_by_text("labelled 2 in the cluster of 2s")).to_be_visible()
    settle(page)
    assert "in=2s" in page.url and "labelled=2" in page.url
    opened = drawn(page, "cell")
    assert opened != before and 0 < len(opened) <= 60
    # A second click elsewhere: the first one's selection must not stay.
    grid = chart.locator(".nsewdrag").first.bounding_box()
    assert grid is not None
    page.mouse.click(grid["x"] + 0.35 * grid["width"], grid["y"] + 0.35 * grid["height"])
    expect(page.get_by_text("labelled 3 in the cluster of 3s")).to_be_visible()
    assert page.faults == []


def test_a_cell_can_be_chosen_by_its_name(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("gmvae")
    _, shown = gmvae.commonest_mistake("gmvae")
    other = 1 if shown == 7 else 7  # what is shown at first does not stand in the link
    page.get_by_role("combobox", name="Labelled").focus()
    page.keyboard.type(f"{other}")
    expect(page.get_by_role("option", name=f"{other}", exact=True)).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"labelled={other}"))


def test_the_temperature_moves_the_samples_without_the_server(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("gmvae")
    frames = listen(page, settle)
    found = simplex(page)
    temperature = found.get_by_role("slider", name="temperature")
    temperature.focus()
    temperature.press("Home")
    expect(found.locator(".position")).to_have_text("temperature τ = 10")
    hot, nearest = spread(found), found.locator(".nearest").all_inner_texts()
    frames.clear()
    for _ in range(5):
        temperature.press("ArrowRight")
    temperature.press("End")
    expect(found.locator(".position")).to_have_text("temperature τ = 0.10")
    assert frames == []
    cold = spread(found)
    assert hot < 0.05 and cold > 0.8
    assert found.locator(".nearest").all_inner_texts() == nearest
    expect(page).to_have_url(re.compile("tau=0.1"))
    assert page.faults == []


def test_the_probabilities_add_up_to_one_and_stand_in_the_link(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("gmvae", tau=0.5, pi="20-30-50")
    found = simplex(page)
    expect(found.locator(".position")).to_have_text("temperature τ = 0.50")
    names = found.locator(".name")
    assert names.all_inner_texts() == ["π₁ = 0.20", "π₂ = 0.30", "π₃ = 0.50"]
    slider = found.get_by_role("slider", name="probability of category 1")
    slider.focus()
    slider.press("End")
    assert names.all_inner_texts() == ["π₁ = 0.96", "π₂ = 0.02", "π₃ = 0.02"]
    slider.press("Home")
    assert names.all_inner_texts() == ["π₁ = 0.02", "π₂ = 0.49", "π₃ = 0.49"]
    expect(page).to_have_url(re.compile("pi=2-49-49"))
    settle(page)
    other = open_page(page.url.split("/", 3)[3])
    assert simplex(other).locator(".name").all_inner_texts() == names.all_inner_texts()
    assert simplex(other).locator("canvas").evaluate("c => c.toDataURL()") == found.locator(
        "canvas"
    ).evaluate("c => c.toDataURL()")


def test_back_and_another_link_move_the_simplex(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("gmvae", tau=0.5, pi="20-30-50")
    found = simplex(page)
    position, first = found.locator(".position"), found.locator(".name").first
    found.get_by_role("slider", name="temperature").press("Home")
    expect(page).to_have_url(re.compile("tau=10"))
    settle(page)
    found.get_by_role("slider", name="probability of category 1").press("Home")
    expect(page).to_have_url(re.compile("pi=2-"))
    settle(page)
    page.go_back()
    expect(first).to_have_text("π₁ = 0.20")
    expect(position).to_have_text("temperature τ = 10")
    settle(page)
    page.go_back()
    expect(position).to_have_text("temperature τ = 0.50")
    settle(page)
    menu = page.get_by_test_id("stSidebarNav")
    for title in ("Overview", "Gaussian mixture VAE"):
        menu.get_by_role("link", name=title, exact=True).click()
        settle(page)
    found = simplex(page)
    expect(found.locator(".position")).to_have_text("temperature τ = 1.0")
    expect(found.locator(".name").first).to_have_text("π₁ = 0.50")
    assert page.faults == []


def test_the_samples_can_be_played_to_the_corners(open_page: OPEN) -> None:
    page = open_page("gmvae", tau=0.2)
    found = simplex(page)
    found.get_by_role("button", name="Play").click()
    found.get_by_role("button", name="Pause").wait_for()
    expect(found.locator(".position")).to_have_text("temperature τ = 0.10", timeout=10_000)
    expect(found.get_by_role("button", name="Play")).to_be_visible()
    expect(page).to_have_url(re.compile("tau=0.1"))


def test_a_copied_link_shows_the_same_view(open_page: OPEN, settle: SETTLE) -> None:
    query = {"digit": 42, "map": "UMAP", "colour": "digit", "rows": 5, "sample": 3, "cluster": "8s"}
    page = open_page("gmvae", **query, **{"in": "9s", "labelled": 4})
    page.locator(".st-key-place_sliders .slider input").first.focus()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile("place="))
    settle(page)
    other = open_page(page.url.split("/", 3)[3])
    assert other.url == page.url
    assert digit(other) == 42
    for place in ("draws", "cell", "reconstructed"):
        assert drawn(other, place) == drawn(page, place), place
    assert other.locator(".st-key-elbo").inner_text() == page.locator(".st-key-elbo").inner_text()


def test_nothing_is_wider_than_a_phone(open_page: OPEN) -> None:
    page = open_page("gmvae", width=400, height=800)
    fits(page)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        (
            {"digit": "-3", "map": "globe", "rows": "1e9", "sample": "x", "tau": "hot", "in": "11s"},
            "rows, digit, sample, map, in and tau",
        ),
        (
            {
                "digit": "nonsense",
                "place": "<b>",
                "cluster": "no",
                "colour": "red",
                "labelled": "-1",
                "pi": "1",
            },
            "digit, cluster, colour, labelled and pi",
        ),
    ],
)
def test_nonsense_in_the_link_leaves_a_working_page(
    open_page: OPEN, settle: SETTLE, query: dict[str, str], names: str
) -> None:
    page = open_page("gmvae", **query)
    works_despite(page, settle, names, 1 + ("place" in query))


def test_from_page_to_page_nothing_is_carried_over_that_does_not_fit(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("gmvae", digit=5, colour="digit", tau=0.3, **{"in": "4s"})
    titles = (("Conditional VAE", "Conditional VAE"), ("Gaussian mixture VAE", "Gaussian mixture VAE"))
    for title, heading in titles:
        page.get_by_test_id("stSidebarNav").get_by_role("link", name=title, exact=True).click()
        expect(page.locator("h1")).to_have_text(heading)
        settle(page)
        assert page.locator("[data-testid=stAlertContentError]").count() == 0
        assert page.locator("[data-testid=stAlertContentWarning]", has_text="link").count() == 0
        expect(page.locator("#mathematics")).to_be_attached()
    assert page.faults == []


def test_what_is_written_on_a_canvas_follows_a_font_that_arrives_late(
    open_page: OPEN, settle: SETTLE
) -> None:
    page = open_page("gmvae")
    canvas = simplex(page).locator("canvas")
    in_time = canvas.evaluate(PICTURE)
    held = []
    page.route("**/*.woff2", lambda route: held.append(route))
    page.reload(wait_until="commit")  # "load" waits for fonts
    canvas = simplex(page).locator("canvas")
    settle(page)
    assert held and canvas.evaluate(PICTURE) != in_time, "no font has arrived yet"
    for route in held:
        route.continue_()
    page.unroute("**/*.woff2")
    page.wait_for_function("document.fonts.status === 'loaded'")
    settle(page)
    assert canvas.evaluate(PICTURE) == in_time
