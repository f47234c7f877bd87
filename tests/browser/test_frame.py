"""What surrounds the scenes of every page: the strip, the link, the menu, keys and panels."""

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from aevb.ui.frame import catalogue
from tests.axe import barriers
from tests.browser.test_site import go
from tests.conftest import FRAMES

OPEN = Callable[..., Page]
SETTLE = Callable[[Page], None]


def shows(page: Page, scene: str) -> None:
    """Waits until a scene is there."""
    page.locator(f".explorer[data-shown='{scene}']").wait_for()


def menu(page: Page, title: str) -> None:
    """Presses the menu, and waits for that page's first picture."""
    (entry,) = (entry for entry in catalogue.MENU if entry.title == title)
    page.get_by_test_id("stSidebarNav").get_by_text(title, exact=True).click()
    page.locator(f".explorer[data-page='{entry.name}'][data-shown]").wait_for()


def said(page: Page) -> dict[str, str]:
    """What the page's link says."""
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def link_says(page: Page, **expected: str) -> None:
    """Waits until the link says all of this."""
    page.wait_for_function(
        """expected => {
            const said = new URLSearchParams(location.search)
            return Object.entries(expected).every(([key, value]) => said.get(key) === value)
        }""",
        arg=expected,
    )


def entries(page: Page) -> int:
    return page.evaluate("history.length")


def name_of_scene(page: Page) -> str:
    return page.locator(".explorer").get_attribute("data-shown") or ""


# The strip and its keys


def test_scenes_have_addresses_and_a_place_in_the_strip(open_page: OPEN) -> None:
    page = open_page("vae", scene="walk")
    assert name_of_scene(page) == "walk"
    current = page.locator(".tab[aria-current]")
    expect(current).to_contain_text("A walk")
    before = entries(page)
    page.locator(".tab", has_text="The map").click()
    shows(page, "map")
    assert said(page) == {"scene": "map"} and entries(page) == before + 1
    page.get_by_role("button", name="Next scene").click()
    shows(page, "walk")
    page.go_back()
    shows(page, "map")
    page.go_back()
    shows(page, "walk")
    page.go_forward()
    shows(page, "map")
    assert not page.faults


def test_every_scene_is_reached_by_keys(open_edition: OPEN) -> None:
    page = open_edition("vae")
    scenes = [scene.id for scene in catalogue.page("vae").scenes]
    for scene in scenes[1:]:
        page.keyboard.press("ArrowRight")
        shows(page, scene)
    page.keyboard.press("ArrowRight")  # there is none after the last
    page.keyboard.press("1")
    shows(page, scenes[0])
    page.keyboard.press("PageDown")
    shows(page, scenes[1])
    page.get_by_label("Test digit", exact=True).first.focus()
    page.keyboard.press("3")  # is typed, not followed
    assert name_of_scene(page) == scenes[1]


def test_by_keyboard_alone_a_scene_is_one_press_away(open_edition: OPEN) -> None:
    page = open_edition("vae", scene="knobs", digit=7)
    keys, skip = page.keyboard, page.get_by_role("button", name="To the scene")
    page.locator("body").evaluate("() => document.activeElement.blur()")
    assert skip.evaluate("element => getComputedStyle(element).clipPath") != "none"
    keys.press("Tab")
    expect(skip).to_be_focused()
    assert skip.evaluate("element => getComputedStyle(element).clipPath") == "none"
    assert barriers(page) == []
    keys.press("Enter")
    expect(page.locator("section.scene")).to_be_focused()
    for _ in range(4):  # at most three words of its sentence come before
        keys.press("Tab")
        if page.locator(".instrument :focus").count():
            break
    expect(page.locator(".instrument :focus")).to_have_count(1)


def test_the_app_too_has_a_way_past_its_menu(open_page: OPEN) -> None:
    page = open_page("vae", scene="knobs")
    page.locator("body").evaluate("() => document.activeElement.blur()")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="To the scene")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("section.scene")).to_be_focused()
    menu(page, "Conditional VAE")
    expect(page.get_by_role("button", name="To the scene")).to_have_count(1)
    assert page.faults == []


def test_the_names_of_scenes_are_one_stop_of_the_tab_key(open_edition: OPEN) -> None:
    page = open_edition("vae", scene="knobs")
    keys, current = page.keyboard, page.locator(".tab[aria-current]")
    page.get_by_role("button", name="Previous scene").focus()
    keys.press("Tab")
    expect(current).to_be_focused()
    keys.press("Tab")
    expect(page.get_by_role("button", name="Next scene")).to_be_focused()
    keys.press("Shift+Tab")
    keys.press("ArrowRight")
    shows(page, "plane")
    expect(current).to_be_focused()
    expect(current).to_contain_text(catalogue.page("vae").scenes[7].title)
    keys.press("ArrowLeft")
    shows(page, "knobs")
    expect(current).to_be_focused()
    # On a phone they are a list, and each has its own.
    page.set_viewport_size({"width": 390, "height": 844})
    names = page.get_by_role("button", name="All scenes")
    names.focus()
    keys.press("Enter")
    keys.press("Tab")
    expect(page.locator(".tab").first).to_be_focused()
    keys.press("Tab")
    expect(page.locator(".tab").nth(1)).to_be_focused()
    keys.press("Enter")
    shows(page, catalogue.page("vae").scenes[1].id)


def test_what_had_the_focus_gives_it_back_as_it_closes(open_edition: OPEN) -> None:
    page = open_edition("vae")
    panel, keys = page.locator(".panel"), page.keyboard
    for key, title in {"m": "Mathematics", "g": "Glossary", "s": "Share"}.items():
        keys.press(key)
        expect(panel).to_be_focused()
        keys.press(key)
        expect(panel).to_be_hidden()
        expect(page.locator(".tools").get_by_role("button", name=title)).to_be_focused()
    keys.press("m")
    expect(panel).to_be_focused()
    keys.press("ArrowRight")
    expect(panel).to_be_hidden()
    expect(page.locator(".tools").get_by_role("button", name="Mathematics")).to_be_focused()
    keys.press("p")
    leave = page.get_by_role("button", name="Leave (Esc)")
    leave.focus()
    keys.press("Enter")
    expect(leave).to_have_count(0)
    expect(page.locator("section.scene")).to_be_focused()


def test_a_style_sheet_that_does_not_come_is_told_and_asked_for_again(open_page: OPEN) -> None:
    page = open_page("vae", scene="prior")
    page.route("**/style/base.css*", lambda route: route.abort())
    page.reload()
    told = page.locator(".explorer [role=alert]")
    expect(told).to_contain_text("The explorer could not be loaded.")
    expect(told).to_be_visible()
    page.unroute("**/style/base.css*")
    told.get_by_role("button", name="Try again").click()
    shows(page, "prior")
    expect(told).to_have_count(0)
    page.route("**/style/tour.css*", lambda route: route.abort())
    page.goto(page.url.split("?")[0].removesuffix("vae") + "?tour=aevb")
    expect(page.locator(".warning")).to_contain_text("The tour could not be loaded")
    page.route("**/style/present.css*", lambda route: route.abort())
    page.keyboard.press("p")
    expect(page.locator(".warning")).to_contain_text("The presentation could not be loaded")
    page.unroute("**/style/present.css*")
    page.keyboard.press("p")
    expect(page.locator(".explorer.presenting")).to_be_visible()
    assert not page.faults


def test_mathematics_and_glossary_open_beside_the_scene(open_edition: OPEN) -> None:
    page = open_edition("vae")
    page.keyboard.press("m")
    panel = page.locator(".panel")
    expect(panel.locator("math").first).to_be_visible()
    expect(panel.locator("pre").first).to_contain_text("return")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    page.get_by_role("button", name="Glossary").click()
    expect(panel).to_contain_text("evidence lower bound")
    page.keyboard.press("g")
    expect(panel).to_be_hidden()


def test_a_word_that_the_glossary_knows_opens_it_there(open_edition: OPEN) -> None:
    page = open_edition("vae", scene="forcing")
    panel, keys = page.locator(".panel"), page.keyboard
    word = page.locator(".says").get_by_role("button", name="reverse: its meaning")
    expect(page.locator(".says")).to_contain_text("lowers the reverse KL")  # reads as before
    word.focus()
    keys.press("Enter")
    entry = panel.locator("dl > div", has_text="reverse KL, forward KL")
    expect(entry).to_be_focused()
    expect(entry).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("button", name="Glossary")).to_have_attribute("aria-expanded", "true")
    assert barriers(page) == []
    keys.press("Escape")
    expect(panel).to_be_hidden()
    expect(word).to_be_focused()
    keys.press("g")
    expect(panel).to_be_focused()
    # A word that it does not know is bold and no button; in a frame on another page none is one.
    assert page.locator(".says b").count() > page.locator(".says button").count() > 0
    page = open_edition("vae", scene="forcing", embed="true")
    expect(page.locator(".says b")).not_to_have_count(0)
    expect(page.locator(".says button")).to_have_count(0)


def test_a_scene_is_used_beside_its_mathematics(open_edition: OPEN) -> None:
    page = open_edition("vae", width=1280, height=720, scene="flow")
    whole = page.locator(".scene").bounding_box()
    page.get_by_role("button", name="Mathematics").click()
    expect(page.locator(".panel pre").first).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="Another 3").click()
    expect(page.locator("[data-instrument] figcaption").first).to_contain_text("a 3")
    expect(page.locator("[data-instrument] canvas").first).to_be_in_viewport(ratio=1)
    page.keyboard.press("Escape")
    assert page.locator(".scene").bounding_box() == whole
    # Another z is of the same image, whose bound is known.
    numbers = page.locator(".equation b")
    expect(numbers.last).not_to_have_text("…")
    before = numbers.all_inner_texts()
    after = page.get_by_role("button", name="Resample z").evaluate(
        "(button) => (button.click(), [...document.querySelectorAll('.equation b')].map((b) => b.innerText))"
    )
    assert after[0] != before[0] and after[3] == before[3]


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 720), (1920, 1080)])
def test_the_button_that_unfolds_the_menu_stands_in_the_middle_of_the_strip(
    open_page: OPEN, width: int, height: int
) -> None:
    page = open_page("vae", width=width, height=height, scene="flow")
    if width > 640:
        page.get_by_test_id("stSidebarHeader").hover()
        page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    button = page.get_by_test_id("stExpandSidebarButton").bounding_box()
    strip = page.locator(".strip").bounding_box()
    assert button and strip
    assert abs(button["y"] + button["height"] / 2 - strip["y"] - strip["height"] / 2) <= 2


def test_beside_the_mathematics_a_large_screen_has_room_for_what_is_shown(open_edition: OPEN) -> None:
    page = open_edition("vae", width=1920, height=1080, scene="training")
    page.get_by_role("button", name="Mathematics").click()
    expect(page.locator(".panel pre").first).to_be_attached()
    page.evaluate(FRAMES)
    chart = page.locator("[data-instrument]").first.bounding_box()
    place = page.locator(".instrument").bounding_box()
    assert chart and place and chart["width"] > 0.8 * place["width"]


def test_on_a_phone_an_image_goes_through_both_nets(open_edition: OPEN) -> None:
    page = open_edition("vae", width=390, height=844, scene="flow")
    arrows = page.locator(".flow .arrow")
    for arrow, net in zip(arrows.all(), ("encoder", "decoder"), strict=True):
        expect(arrow).to_be_in_viewport(ratio=1)
        expect(arrow).to_contain_text(net)
    first, second = (arrow.bounding_box() for arrow in arrows.all())
    assert first and second and first["y"] + first["height"] <= second["y"]


def test_on_a_phone_the_mathematics_lies_over_the_scene(open_edition: OPEN) -> None:
    page = open_edition("vae", width=390, height=844, scene="flow")
    page.get_by_role("button", name="Mathematics").click()
    expect(page.locator(".panel pre").first).to_be_attached()
    box, strip = page.locator(".panel").bounding_box(), page.locator(".strip").bounding_box()
    assert box and strip and (box["x"], box["width"]) == (0, 390) and box["y"] >= strip["height"] - 1
    page.get_by_role("button", name="Close").click()
    expect(page.locator(".panel")).to_be_hidden()


# The link


def test_one_press_of_the_menu_is_one_entry_and_restores_what_the_link_held(open_page: OPEN) -> None:
    page = open_page("vae", scene="flow")
    page.get_by_role("button", name="Any digit").click()
    page.wait_for_function("location.search.includes('digit=')")
    digit, before, there = said(page)["digit"], entries(page), page.url
    menu(page, "Overview")
    assert entries(page) == before + 1
    menu(page, "VAE")
    assert entries(page) == before + 2
    assert page.url == there
    expect(page.get_by_label("Test digit", exact=True)).to_have_value(digit)
    page.go_back()
    page.locator(".explorer[data-page='']").wait_for()
    page.go_back()
    shows(page, "flow")
    assert page.url == there
    expect(page.get_by_label("Test digit", exact=True)).to_have_value(digit)


class Line:
    """A visitor's line to the server, on which what that says may be held back. The page is loaded anew."""

    def __init__(self, page: Page):
        self.page, self.holds, self.held, self.asked = page, False, [], 0
        page.route_web_socket("**/_stcore/stream*", self._open)
        page.reload()
        page.locator(".explorer[data-shown]").wait_for()

    def _open(self, browser: WebSocketRoute) -> None:
        self.browser, server = browser, browser.connect_to_server()

        def to_browser(message: str | bytes) -> None:
            if self.holds:
                self.held.append(message)
            else:
                browser.send(message)

        def to_server(message: str | bytes) -> None:
            self.asked += 1
            server.send(message)

        server.on_message(to_browser)
        browser.on_message(to_server)

    def late(self, first: Callable[[], None], then: Callable[[], None], page: str) -> None:
        """What the server answers the first comes once it is asked for what follows, and shows its page."""
        self.holds = True
        first()
        self._until(self._ran)
        before = self.asked
        then()
        self._until(lambda: self.asked > before)
        for _ in range(self._ran()):
            self.browser.send(self.held.pop(0))
        self.page.locator(f".explorer[data-page={page}]").wait_for()
        self.holds = False
        while self.held:
            self.browser.send(self.held.pop(0))

    def _ran(self) -> int:
        """How many messages tell of a script that has run from its beginning to its end; 0 until then."""
        kinds = [ForwardMsg.FromString(message).WhichOneof("type") for message in self.held]
        begun = kinds.index("new_session") if "new_session" in kinds else len(kinds)
        return kinds.index("script_finished", begun) + 1 if "script_finished" in kinds[begun:] else 0

    def _until(self, came: Callable[[], bool]) -> None:
        for _ in range(1500):
            if came():
                return
            self.page.wait_for_timeout(20)  # in which what comes is heard
        raise AssertionError("It did not come")


def test_back_pressed_faster_than_pages_come_ends_where_it_leads(open_page: OPEN) -> None:
    """Streamlit shows the page between too, after which the last was taken for one of the menu."""
    page = open_page("vrnn", scene="endings", keep=9)
    menu(page, "Conditional VAE")
    for keep in (20, 21):  # from another page, and from the one that is asked for
        Line(page).late(
            lambda: go(page, "draw"), lambda keep=keep: go(page, f"vrnn?scene=endings&keep={keep}"), "draw"
        )
        page.locator(".explorer[data-page=vrnn][data-shown=endings]").wait_for()
        expect(page.get_by_label("Rows to keep")).to_have_value(str(keep))
        link_says(page, keep=str(keep))


def test_a_page_chosen_before_the_one_asked_for_comes_is_shown(open_page: OPEN) -> None:
    """The browser told that it had that page, and let go of it while the other's run ended."""
    page = open_page("vae")
    line, links = Line(page), page.get_by_test_id("stSidebarNav")
    menu(page, "Conditional VAE")
    line.late(
        links.get_by_text("Gaussian mixture VAE", exact=True).click,
        links.get_by_text("VAE", exact=True).click,
        "gmvae",
    )
    page.locator(".explorer[data-page=vae][data-shown]").wait_for()


def test_where_colours_are_the_readers_own_it_is_seen_what_is_chosen(open_edition: OPEN) -> None:
    page = open_edition("vae", scene="map", digit=0)
    page.emulate_media(forced_colors="active")
    color = "element => getComputedStyle(element).backgroundColor"
    chosen = [".tab[aria-current]", ".classes [aria-pressed=true]", ".menu a[aria-current]"]
    others = [".tab:not([aria-current])", ".classes [aria-pressed=false]", ".menu li a:not([aria-current])"]
    for one, other in zip(chosen, others, strict=True):
        assert page.locator(one).first.evaluate(color) != page.locator(other).first.evaluate(color), one
    colors = "dots => dots.map((dot) => getComputedStyle(dot).backgroundColor)"
    dots = page.locator(".map .legend i").evaluate_all(colors)
    assert len(set(dots)) >= 10


def test_a_screen_that_stands_on_end_is_laid_out_as_a_phone_s(open_edition: OPEN) -> None:
    page = open_edition("factor-analysis", width=1080, height=1920)
    expect(page.get_by_role("button", name="All scenes")).to_be_visible()  # in the place of their names
    size = "element => parseFloat(getComputedStyle(element).fontSize)"
    assert page.locator(".explorer").evaluate(size) > 25
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("m")
    expect(page.locator(".panel")).to_be_visible()
    # It lies over the scene, which is as wide as before.
    widths = ".beside, .explorer"
    beside, whole = page.locator(widths).evaluate_all("found => found.map(({ clientWidth }) => clientWidth)")
    assert beside == whole
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    page.locator(".explorer.presenting").wait_for()
    planes = page.locator(".factor_analysis .panes canvas").evaluate_all(
        "planes => planes.map((plane) => plane.clientWidth / plane.clientHeight)"
    )
    assert len(planes) > 2 and all(0.7 < ratio < 1.4 for ratio in planes), planes


def test_a_page_that_is_not_there_is_told(open_page: OPEN, open_edition: OPEN) -> None:
    told = "There is no page “no-such-page” here: this is the first."
    for page in (open_page("no-such-page"), open_edition("no-such-page", scene="map")):
        expect(page.locator(".warning")).to_contain_text(told)
        shows(page, "start")
    unread = "This link’s scene could not be read; it is at its default."
    expect(page.locator(".warning")).to_have_text(f"{told} {unread}")
    page = open_page("vae")
    expect(page.locator(".warning")).to_be_hidden()


def test_a_scene_goes_on_without_the_server(open_page: OPEN) -> None:
    page = open_page("vae", scene="flow")
    line = Line(page)
    app, away = page.get_by_test_id("stApp"), page.locator(".away")
    expect(away).to_be_empty()
    digit = page.get_by_label("Test digit", exact=True)
    digit.focus()

    page.route("**/_stcore/*", lambda route: route.abort())
    with page.expect_console_message(lambda message: "server is not responding" in message.text):
        line.browser.close()
    expect(app).to_have_attribute("data-test-connection-state", "PINGING_SERVER")
    expect(away).to_have_text("The server does not answer: this page goes on, the others need it.")
    expect(digit).to_be_focused()
    page.get_by_role("button", name="Another 7").click()
    expect(page.get_by_role("button", name="Another 7")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("dialog")).to_have_count(0)

    page.unroute("**/_stcore/*")
    expect(app).to_have_attribute("data-test-connection-state", "CONNECTED")
    expect(away).to_be_empty()
    menu(page, "Overview")
    assert page.faults == []


def test_a_change_that_was_not_yet_noted_is_not_lost_to_the_menu(open_page: OPEN) -> None:
    page = open_page("vae", scene="flow")
    page.get_by_role("button", name="Another 7").click()
    menu(page, "Overview")  # at once
    page.go_back()
    shows(page, "flow")
    expect(page.get_by_role("button", name="Another 7")).to_have_attribute("aria-pressed", "true")


def test_the_digit_goes_from_page_to_page_and_what_belonged_to_another_does_not(open_page: OPEN) -> None:
    page = open_page("vae", scene="flow", digit=7)
    menu(page, "Conditional VAE")
    link_says(page, digit="7")
    page.locator(".tab[data-scene='rewrite']").click()
    shows(page, "rewrite")
    page.get_by_label("Test digit", exact=True).fill("12")
    page.keyboard.press("Enter")
    link_says(page, digit="12")
    menu(page, "VAE")
    link_says(page, digit="12", scene="flow")


def test_what_cannot_be_read_is_told_by_name_and_everything_works(open_page: OPEN) -> None:
    page = open_page("vae", scene="flow", digit="1e400", seed="9" * 400, z="foo", strokes="zz")
    warning = page.locator(".explorer .warning")
    expect(warning).to_contain_text("This link’s")
    for name in ("digit", "strokes"):
        expect(warning).to_contain_text(name)
    expect(warning).to_contain_text("z could not be read")  # though it is another scene's
    expect(page.get_by_label("Test digit", exact=True)).to_have_value("0")
    page.get_by_role("button", name="Another 7").click()
    expect(warning).to_be_hidden()
    assert page.locator("[data-testid=stException]").count() == 0
    assert page.faults == []


def test_a_click_asks_nothing_of_the_server(open_page: OPEN) -> None:
    page = open_page("vae", scene="flow")
    frames: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: frames.append(frame)))
    page.reload()
    shows(page, "flow")
    page.locator(".picture canvas[data-painted]").first.wait_for()
    frames.clear()
    for name in ("Any digit", "Another 3"):
        before = page.url
        page.get_by_role("button", name=name).click()
        page.wait_for_function("before => location.href !== before", arg=before)
    page.locator(".tab[data-scene='map']").click()
    shows(page, "map")
    page.keyboard.press("ArrowLeft")
    shows(page, "plane")
    assert frames == []


# Around it


def test_a_tab_says_which_page_it_holds_and_asks_no_other_host(open_page: OPEN, server) -> None:
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    expect(page).to_have_title("AEVB Explorer")
    icon = page.locator("link[rel*=icon]").first.get_attribute("href")
    assert icon and icon.startswith("data:image/svg+xml")
    for entry in catalogue.MENU[1:]:
        menu(page, entry.title)
        expect(page).to_have_title(f"{entry.title} · AEVB Explorer")
    page.reload()
    page.locator(".explorer[data-shown]").wait_for()
    own = re.compile(r"^(blob:|data:)|^" + re.escape(server.url))
    assert [url for url in asked if not own.match(url)] == []
    assert not page.faults


def test_the_names_of_scenes_fold_away_on_a_phone(open_edition: OPEN) -> None:
    page = open_edition("vae", width=390, height=844)
    expect(page.locator(".tab").first).to_be_hidden()
    page.get_by_role("button", name="All scenes").click()
    page.locator(".tab", has_text="The map").click()
    shows(page, "map")
    expect(page.locator(".tab").first).to_be_hidden()
    expect(page.locator(".where")).to_have_text(re.compile(r"\d / \d"))


def test_a_link_beyond_what_there_is_is_told(open_page: OPEN) -> None:
    beyond = {
        "vrnn?scene=growing&grown=64": "grown",
        "vrnn?scene=rows&row=64": "row",
        "vrnn?scene=moved&moved_row=64&moved_z=64,1,1": "moved_z and moved_row",
        "vrnn?scene=endings&keep=64": "keep",
        "vrnn?scene=estimators&epochs=99": "epochs",
        "draw?keep=64": "keep",
        "vae?scene=training&epoch=100000": "epoch",
        "gmvae?scene=confusion&cell=0,0&page=999": "page",
        "gmvae?scene=clusters&tile=99,0": "tile",
    }
    page = open_page("vrnn")
    for link, names in beyond.items():
        go(page, link)
        expect(page.locator(".warning"), link).to_contain_text(f"This link’s {names} could not be read")


def test_the_keyboard_goes_on_where_what_had_the_focus_ends(open_edition: OPEN) -> None:
    page = open_edition("", scene="idea", at="1,1")

    def press(name: str) -> None:
        page.get_by_role("button", name=name, exact=True).focus()
        page.keyboard.press("Enter")

    expect(page.get_by_role("button", name="Start again")).to_be_enabled()
    press("Start again")  # it cannot start again now
    expect(page.get_by_role("button", name="AEVB", exact=True)).to_be_focused()
    page = open_edition("gmvae", scene="guess", again=True)
    press("Previous scene")
    shows(page, "clusters")
    expect(page.locator(".tab[aria-current]")).to_be_focused()


def test_the_keyboard_stays_in_a_tour(open_edition: OPEN) -> None:
    page = open_edition("", tour="aevb")
    following, tried = page.get_by_role("button", name="Next step"), 0
    following.focus()
    where = page.locator(".tour .at")
    while following.is_enabled():
        before, name = where.inner_text(), page.locator(".explorer").get_attribute("data-page")
        answer = page.locator(".tour .question:visible button")
        if answer.count():
            answer.focus()
            page.keyboard.press("Enter")
            tried |= 1
        else:
            page.keyboard.press("Enter")
            expect(where).not_to_have_text(before)
            if page.locator(".explorer").get_attribute("data-page") != name:
                tried |= 2
        last = page.get_by_role("button", name="Previous step" if following.is_disabled() else "Next step")
        expect(last).to_be_focused()
        if tried == 3:
            break
    assert tried == 3
    assert not page.faults
