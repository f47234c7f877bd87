"""The factor analysis page in Chromium: it trains by itself, and the scrubber moves everything at once."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

PATH = "factor-analysis"
MINUTE = 60_000


@pytest.fixture
def open_trained(open_page, settle):
    """Opens the page and waits until its run is there."""

    def open_(**query: object) -> Page:
        page = open_page(PATH, wait=False, **query)
        expect(page.get_by_text(re.compile(r"^[\d,]+ steps done$"))).to_be_visible(timeout=2 * MINUTE)
        settle(page)
        return page

    return open_


def step(page: Page) -> int:
    return int(re.search(r"step ([\d,]+)", page.locator(".position").inner_text())[1].replace(",", ""))


def gap(page: Page) -> float:
    return float(page.locator("dl .gap dd").inner_text())


def pixels(canvas: Locator) -> str:
    return canvas.evaluate("canvas => canvas.toDataURL()")


def pictures(page: Page) -> list[str]:
    return [pixels(page.locator(selector).nth(i)) for selector, i in PANELS]


PANELS = [(".curves", 0), (".plane", 0), (".plane", 1), (".plane", 2), (".latent", 0)]


def drag(page: Page, canvas: Locator, fractions: list[float]) -> None:
    """Presses the mouse on a canvas, moves it across, and does not let go."""
    box = canvas.bounding_box()
    assert box is not None
    for i, fraction in enumerate(fractions):
        page.mouse.move(box["x"] + fraction * box["width"], box["y"] + box["height"] / 3)
        if i == 0:
            page.mouse.down()


def test_it_trains_by_itself_and_comes_near_the_truth(open_trained):
    page = open_trained(steps=1000)
    assert step(page) == 1000
    assert gap(page) < 0.1
    assert page.locator("dl .evidence dd").inner_text().startswith("−3.9")
    assert page.faults == []


def test_a_drag_moves_everything_and_sends_nothing_until_release(open_trained, settle):
    page = open_trained()
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.reload()
    expect(page.get_by_text("1,000 steps done")).to_be_visible(timeout=2 * MINUTE)
    settle(page)
    curves = page.locator(".curves")
    curves.scroll_into_view_if_needed()
    drag(page, curves, [0.9, 0.8])
    before, start = pictures(page), step(page)
    sent.clear()
    drag(page, curves, [0.7])
    for fraction in (0.6, 0.5, 0.4, 0.3, 0.2):
        box = curves.bounding_box()
        page.mouse.move(box["x"] + fraction * box["width"], box["y"] + 40)
        page.wait_for_timeout(60)
    assert step(page) < start
    assert all(a != b for a, b in zip(before, pictures(page), strict=True)), "every panel has moved"
    assert sent == []
    page.mouse.up()
    page.wait_for_function("location.search.includes('step=')")
    assert sent


def test_the_slider_answers_to_the_keyboard_and_speaks(open_trained):
    page = open_trained()
    slider = page.locator("input.range")
    slider.focus()
    slider.press("Home")
    assert step(page) == 0
    assert gap(page) > 1
    slider.press("ArrowRight")
    first = step(page)
    slider.press("PageUp")
    assert step(page) > first > 0
    spoken = slider.get_attribute("aria-valuetext")
    assert re.fullmatch(r"step [\d,]+, .+: evidence −[\d.]+, ELBO −[\d.]+, gap [\d.]+ nats", spoken)
    slider.press("End")
    assert step(page) == 1000
    page.wait_for_function("location.search.includes('step=1000')")


def test_play_moves_on_and_stops(open_trained):
    page = open_trained()
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(1500)
    page.get_by_role("button", name="Pause").click()
    reached = step(page)
    assert 0 < reached < 1000
    page.wait_for_timeout(300)
    assert step(page) == reached


def test_a_click_on_a_plane_chooses_a_test_point(open_trained):
    page = open_trained()
    latent = page.locator(".latent")
    before = pixels(latent)
    page.locator(".plane").nth(1).click(position={"x": 70, "y": 60})
    chosen = page.locator("input.point").input_value()
    assert chosen != "1"
    assert pixels(latent) != before
    page.wait_for_function(f"location.search.includes('point={chosen}')")


def test_a_link_shows_the_same_view(open_trained):
    query = {"experiment": "E and M in turn", "e": 150, "m": 100, "rounds": 1, "step": 120, "point": 7}
    first, second = open_trained(**query), open_trained(**query)
    assert step(first) == step(second) == 120
    assert first.locator(".phase").inner_text().startswith("E-step")
    assert first.locator("input.point").input_value() == "7"
    first.wait_for_timeout(2000)  # the newest data may be on their way
    assert pictures(first) == pictures(second)
    assert "e=150" in first.url and "step=120" in first.url


def test_other_settings_start_another_run(open_trained, settle):
    page = open_trained(steps=200, step=100)
    page.get_by_text("E and M in turn", exact=True).click()
    expect(page.get_by_text("4,000 steps done")).to_be_visible(timeout=2 * MINUTE)
    settle(page)
    assert step(page) == 4000
    assert "step=" not in page.url.replace("steps=", "")


def test_stop_keeps_what_there_is_and_train_goes_on(open_page, settle):
    page = open_page(PATH, wait=False, steps=10_000, seed=41)
    page.get_by_role("button", name="Stop").click(timeout=MINUTE)
    expect(page.get_by_text("Stopped.")).to_be_visible(timeout=MINUTE)
    settle(page)
    assert step(page) < 10_000
    page.get_by_role("button", name="Train").click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible(timeout=MINUTE)
    page.wait_for_function("!document.body.innerText.includes('step 0 of 10,000')", timeout=2 * MINUTE)
    page.get_by_role("button", name="Stop").click()


def test_the_scrubber_grows_while_training(open_page):
    page = open_page(PATH, wait=False, steps=10_000, seed=42)
    page.wait_for_function(
        """() => {
            const find = (root) => root.querySelector('.position')
                ?? [...root.querySelectorAll('*')].map(e => e.shadowRoot && find(e.shadowRoot)).find(Boolean)
            const step = Number(find(document)?.textContent.match(/[\\d,]+/)?.[0].replace(',', ''))
            window.seen = new Set([...(window.seen ?? []), step])
            return [...window.seen].filter(s => s > 0 && s < 10000).length >= 3
        }""",
        timeout=2 * MINUTE,
    )
    page.get_by_role("button", name="Stop").click()


def test_a_walk_by_hand(open_page, settle):
    page = open_page(PATH, view="By hand", steps=10)
    page.get_by_role("button", name="One E-step").click()
    expect(page.get_by_text("1. Exact E-step")).to_be_visible()
    expect(page.locator(".position")).to_have_text(re.compile("^move 1 of"))
    assert gap(page) == 0
    page.get_by_role("button", name="One M-step").click()
    expect(page.get_by_text("2. Exact M-step")).to_be_visible()
    expect(page.locator(".position")).to_have_text(re.compile("^move 2 of"))
    assert gap(page) > 0.01
    assert "walk=E-M" in page.url
    settle(page)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("2. Exact M-step")).to_be_hidden()


def test_a_walk_of_gradient_steps_arrives(open_page, settle):
    page = open_page(PATH, view="By hand", steps=10, walk="E200-M100")
    expect(page.get_by_text("2. Approximate M-step, 100 gradient steps")).to_be_visible(timeout=MINUTE)
    expect(page.locator(".position")).to_have_text(re.compile("^move 2 of"))
    page.get_by_text("50", exact=True).click()
    settle(page)
    page.get_by_role("button", name="One E-step").click()
    expect(page.get_by_text("3. Approximate E-step, 50 gradient steps")).to_be_visible(timeout=MINUTE)
    expect(page.locator(".position")).to_have_text(re.compile("^move 3 of"))
    expect(page.get_by_text(re.compile("^(Walking|Waiting|Next in line)"))).to_have_count(0)
    assert "walk=E200-M100-E50" in page.url
    assert page.faults == []


def test_rotation_changes_w_and_nothing_else(open_page):
    page = open_page(PATH, view="Rotation", steps=10)
    same, slider = page.locator(".same"), page.locator("input.angle")
    tables = page.locator(".matrices table")
    evidence, rotated, product = same.inner_text(), tables.nth(1).inner_text(), tables.nth(2).inner_text()
    slider.focus()
    for _ in range(25):
        slider.press("ArrowRight")
    assert same.inner_text() == evidence
    assert tables.nth(2).inner_text() == product
    assert tables.nth(1).inner_text() != rotated
    page.wait_for_function("location.search.includes('angle=65')")


@pytest.mark.parametrize("view", ["Watch", "EM plot", "Classic EM", "By hand", "Rotation"])
def test_no_view_is_wider_than_a_phone(open_page, view):
    page = open_page(PATH, width=400, height=800, view=view, steps=10, walk="E-M")
    main = page.locator("[data-testid=stMain]")
    assert main.evaluate("main => main.scrollWidth - main.clientWidth") <= 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert page.faults == []


@pytest.mark.parametrize("latent_dim", [1, 3])
def test_other_latent_dimensions(open_trained, latent_dim):
    page = open_trained(L=latent_dim, steps=50)
    before = pixels(page.locator(".latent"))
    page.locator("input.range").press("Home")
    assert pixels(page.locator(".latent")) != before
    assert page.faults == []


def test_nonsense_in_the_url_gives_a_working_page(open_trained):
    page = open_trained(
        experiment="7",
        steps="-3",
        L="x",
        lr="2",
        seed="1e9",
        batch="0",
        view="?",
        step="NaN",
        point="0",
        walk="EEM",
    )
    assert step(page) == 1000
    assert page.locator("input.point").input_value() == "1"
    assert page.get_by_test_id("stException").count() == 0
    assert page.faults == []
