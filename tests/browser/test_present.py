"""For a lecture: a scene alone, its keys, notes and code; links that leave one control."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.axe import barriers

OPEN = Callable[..., Page]


def test_a_lecture_by_its_keys(open_page: OPEN) -> None:
    page = open_page("vae", scene="amortised", digit=7, width=1920, height=1080)
    page.keyboard.press("p")
    explorer, sidebar = page.locator(".explorer"), page.locator("[data-testid=stSidebar]")
    expect(explorer).to_have_class(re.compile("presenting"))
    expect(sidebar).to_be_hidden()
    expect(page.locator("[data-testid=stHeader]")).to_be_hidden()
    expect(page.locator(".strip")).to_be_hidden()
    assert explorer.bounding_box() == {"x": 0, "y": 0, "width": 1920, "height": 1080}
    page.wait_for_url(re.compile("present=true"))

    # A clicker's keys are the lecture's, also after a slider was dragged.
    for key, scene in (
        (" ", "knobs"),
        ("PageDown", "plane"),
        ("PageUp", "knobs"),
        ("ArrowLeft", "amortised"),
        (" ", "knobs"),
    ):
        page.keyboard.press(key)
        expect(explorer).to_have_attribute("data-shown", scene)
    knob = page.locator(".knobs input[type=range]").first
    knob.click(position={"x": 30, "y": 10})
    page.wait_for_url(re.compile("z="))
    turned = knob.input_value()
    page.keyboard.press("PageDown")
    expect(explorer).to_have_attribute("data-shown", "plane")
    page.keyboard.press("PageUp")
    expect(explorer).to_have_attribute("data-shown", "knobs")
    expect(knob).to_have_value(turned)
    knob.focus()  # by Tab, it has the arrows
    page.keyboard.press("ArrowRight")
    expect(knob).not_to_have_value(turned)
    expect(explorer).to_have_attribute("data-scene", "knobs")

    page.keyboard.press("n")
    notes = page.get_by_role("complementary", name="Notes")
    expect(notes).to_contain_text("Turn the first knob slowly")
    page.keyboard.press("PageDown")
    expect(notes).to_contain_text("Drag in a circle")
    page.keyboard.press("n")
    expect(notes).to_be_hidden()

    page.keyboard.press("b")
    black = page.get_by_role("dialog", name="The screen is black")
    expect(black).to_be_focused()
    page.keyboard.press("PageDown")
    expect(black).to_be_hidden()
    expect(explorer).to_have_attribute("data-scene", "plane")

    page.keyboard.press("q")
    code = page.get_by_role("dialog", name="This view’s link")
    expect(code.get_by_role("img", name="QR code")).to_be_visible()
    expect(code).to_contain_text(
        re.compile(r"/vae\?scene=plane&digit=7&z=[-\d.,]+This address is this machine’s own")
    )
    assert barriers(page) == []
    page.keyboard.press("PageUp")
    expect(code).to_contain_text("scene=knobs")  # it is of the scene behind it
    page.keyboard.press("PageDown")
    expect(code).to_contain_text("scene=plane")
    page.keyboard.press("Escape")
    expect(code).to_be_hidden()
    page.keyboard.press("n")
    assert barriers(page) == []

    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(explorer).not_to_have_class(re.compile("presenting"))
    expect(sidebar).to_be_visible()
    page.wait_for_url(lambda url: "present" not in url)
    assert page.faults == []


def test_a_lecture_by_its_link_and_from_page_to_page(open_page: OPEN) -> None:
    page = open_page(scene="models", present="true", width=1280, height=720)
    page.locator(".explorer.presenting").wait_for()
    page.keyboard.press("n")
    full = "Boolean(document.fullscreenElement)"
    page.wait_for_function(full)  # a browser grants it to a press
    page.locator(".instrument a[data-page]").nth(1).click()
    page.locator(".explorer.presenting[data-page=vae][data-shown]").wait_for()
    expect(page).to_have_url(re.compile(r"/vae\?.*present=true"))
    page.locator(".handle").hover()
    page.get_by_role("button", name="Next (Page Down)").click()
    page.locator(".explorer.presenting[data-shown=normalisation]").wait_for()
    assert page.evaluate(full)
    page.get_by_role("button", name="Leave (Esc)").click()
    page.wait_for_function(f"!{full}")
    expect(page.locator(".explorer")).not_to_have_class(re.compile("presenting"))
    page.get_by_role("link", name="Overview").click()
    page.locator(".explorer:not(.presenting)[data-page=''][data-shown]").wait_for()
    assert page.faults == []


def test_what_there_is_to_press_in_a_lecture_covers_nothing_that_is_read(open_edition: OPEN) -> None:
    page = open_edition("vae", scene="knobs", width=1920, height=1080)
    lock, dial = page.locator(".lock").first, page.locator(".knobs input[type=range]").first
    width, zoom = "(element) => element.getBoundingClientRect().width", "(element) => element.currentCSSZoom"
    before, across = lock.evaluate(width), dial.evaluate(width)
    page.keyboard.press("p")
    page.locator(".explorer.presenting").wait_for()
    bar, handle = page.locator(".lectern"), page.locator(".handle")
    expect(bar).to_have_css("opacity", "0")
    page.locator(".top .says").hover()
    expect(bar).to_have_css("opacity", "0")
    # The handle stands in the margin, and what is under the hidden bar can be pressed.
    edge = handle.bounding_box()
    whole = page.locator(".top").bounding_box()
    assert edge and whole and whole["x"] + whole["width"] <= edge["x"]
    assert page.evaluate("document.elementFromPoint(innerWidth - 200, 30).closest('.lectern')") is None
    handle.hover()
    expect(bar).to_have_css("opacity", "1")
    page.mouse.move(900, 600)
    expect(bar).to_have_css("opacity", "0")
    page.get_by_role("button", name="Next (Page Down)").focus()
    expect(bar).to_have_css("opacity", "1")
    # What is pressed grows as letters do, and a slider keeps to its place.
    assert lock.evaluate(width) > 1.5 * before
    assert dial.evaluate(zoom) == 2
    strip = page.locator(".with-strip canvas").first.bounding_box()
    assert strip and across < dial.evaluate(width) <= strip["width"]
    page.keyboard.press("Escape")
    expect(handle).to_have_count(0)
    assert dial.evaluate(zoom) == 1
    assert page.faults == []


def test_a_lesson_leaves_a_class_one_control(open_edition: OPEN) -> None:
    page = open_edition("vae", scene="knobs", digit=7, height=720)
    first = page.locator(".knobs input[type=range]").first
    name = first.get_attribute("aria-label") or ""
    assert re.fullmatch(r"z\d+", name)
    page.locator(".scene").focus()
    page.keyboard.press("s")
    panel = page.locator(".panel.share")
    panel.get_by_text("A lesson", exact=True).click()
    panel.get_by_role("checkbox", name=re.compile(f"^{name} ")).check()
    link = page.get_by_role("textbox", name="Link of a lesson").input_value()
    assert link.endswith(f"?page=vae&scene=knobs&digit=7&free={name}")

    page.goto(link)
    explorer = page.locator(".explorer[data-shown=knobs]")
    explorer.wait_for()
    knob = page.get_by_role("slider", name=name, exact=True)
    knob.press("PageUp")
    page.wait_for_url(re.compile(f"free={name}&z="))
    assert page.locator(".instrument :is(input, button, summary):visible").count() == 1
    expect(page.locator(".tabs")).to_be_hidden()
    before = page.url
    for key in ("Tab", "r", "2", "PageDown"):  # what is not free is not for keys either
        page.locator(".scene").focus()
        page.keyboard.press(key)
    expect(explorer).to_be_visible()
    assert page.url == before
    page.get_by_role("button", name="Show all controls").click()
    page.wait_for_url(lambda url: "free" not in url)
    assert page.locator(".instrument :is(input, button):visible").count() > 10

    # What is pictured can be looked at, though not pressed; other scenes where they are free.
    page.goto(link.replace("scene=knobs", "scene=plane").replace(f"free={name}", "free=digit,scene"))
    page.locator(".explorer[data-shown=plane]").wait_for()
    expect(page.locator(".plane .pad canvas")).to_be_visible()
    page.locator(".plane .pad canvas").press("ArrowUp")
    page.locator(".scene").focus()
    page.keyboard.press("PageDown")
    page.locator(".explorer[data-shown=map]").wait_for()
    assert "z=" not in page.url

    page.goto(link.replace(f"free={name}", f"free={name},nothing"))
    expect(page.get_by_role("status").filter(has_text="free")).to_have_text(
        "This link’s free could not be read; it is at its default."
    )
    expect(page.get_by_role("button", name="Random")).to_be_visible()
    assert page.faults == []
