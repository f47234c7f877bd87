"""The VRNN's scenes: digits row by row, all of it computed in the browser."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

OPEN = Callable[..., Page]

HALF = "4040603080308040704860586070"
"""Strokes within the canvas's upper half."""

PIXELS = """canvas => {
    const { width, height } = canvas
    return Array.from(canvas.getContext('2d').getImageData(0, 0, width, height).data)
}"""


def pixels(canvas: Locator) -> np.ndarray:
    """What is painted, (28, 28): black 0, white 255; what is not painted in full, -1."""
    rgba = np.array(canvas.evaluate(PIXELS)).reshape(28, 28, 4)
    return np.where(rgba[..., 3] == 255, rgba[..., 0], -1)


def done(page: Page) -> None:
    """Waits until all is computed."""
    expect(page.locator("[data-instrument][aria-busy='false']")).to_be_attached(timeout=60_000)


def link_says(page: Page, name: str, value: object) -> None:
    expect(page).to_have_url(re.compile(rf"[?&]{name}={value}(&|$)"))


def slider(page: Page, name: str) -> Locator:
    return page.get_by_role("slider", name=name, exact=True)


def fetched(page: Page) -> set[str]:
    """The parts of the model that were fetched."""
    urls = page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
    return set(re.findall(r"/weights/vrnn/([pq])/", " ".join(urls)))


PLAY_BEFORE_THE_WORDS_FOLLOW = """async (instrument) => {
    const [row, play] = ["input[aria-label=Row]", ".play"].map((each) => instrument.querySelector(each));
    const said = new Promise((done) =>
        new MutationObserver(() => row.ariaValueText === "row 8 of 28" && done())
            .observe(row, { attributes: true }));
    const frame = requestAnimationFrame, waiting = [];
    row.value = 8;
    for (const type of ["input", "change"]) row.dispatchEvent(new Event(type, { bubbles: true }));
    await new Promise((done) => frame(() => frame(done)));
    window.requestAnimationFrame = (tick) => waiting.push(tick);
    play.click();
    await said;
    window.requestAnimationFrame = frame;
    waiting.forEach((tick) => frame(tick));
    return play.ariaLabel;
}"""
"""Moves to row 8 and plays; the words that follow the move are written before the first frame of playing."""


def test_the_first_samples_are_recorded_as_the_model_draws_them(open_page: OPEN) -> None:
    page = open_page("vrnn", image=3, grown=20)
    done(page)
    note = page.get_by_text("Recorded samples; Resample loads the model.")
    expect(note).to_be_visible()
    tiles, plane = page.locator(".tile canvas"), page.locator(".row-plane canvas")
    shown = [pixels(tiles.nth(n)) for n in range(12)]
    probs = pixels(page.locator(".chosen canvas").nth(1))
    expect(plane).to_have_attribute("aria-label", re.compile("row 20: z is at "))
    label = plane.get_attribute("aria-label")
    assert page.locator(".instrument").evaluate(PLAY_BEFORE_THE_WORDS_FOLLOW) == "Pause"
    expect(slider(page, "Row")).to_have_value("28")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    slider(page, "Row").fill("20")
    assert fetched(page) == set()
    # The model's own take their place without a jump, once there is another seed in between.
    slider(page, "Temperature").fill("0.5")
    done(page)
    expect(note).to_be_hidden()
    assert fetched(page) == {"p"}
    assert any((pixels(tiles.nth(n)) != shown[n]).any() for n in range(12))
    slider(page, "Temperature").fill("1")
    done(page)
    link_says(page, "grown", 20)
    expect(plane).to_have_attribute("aria-label", label or "")
    assert all((pixels(tiles.nth(n)) == shown[n]).all() for n in range(12))
    assert np.abs(pixels(page.locator(".chosen canvas").nth(1)) - probs).max() <= 1
    assert page.faults == []


def test_the_model_is_there_for_who_reaches_for_it_and_asked_for_again_where_it_did_not_arrive(
    open_page: OPEN,
) -> None:
    page = open_page("vrnn")
    done(page)
    page.route("**/weights/vrnn/**", lambda route: route.abort())
    before = pixels(page.locator(".tile canvas").first)
    page.get_by_role("button", name="Resample").hover()
    alert = page.locator(".growing [role=alert]")
    expect(alert).to_contain_text("The model could not be loaded.")
    slider(page, "Temperature").fill("0.5")
    expect(page.locator(".tile.stale")).to_have_count(12)
    page.unroute("**/weights/vrnn/**")
    alert.get_by_role("button", name="Try again").click()
    done(page)
    assert (pixels(page.locator(".tile canvas").first) != before).any()
    expect(page.locator(".tile.stale")).to_have_count(0)
    expect(alert).to_have_count(0)
    assert page.faults == []


def test_samples_grow_row_by_row_and_need_no_inference_net(open_page: OPEN) -> None:
    page = open_page("vrnn", image=3)
    done(page)
    tiles, large = page.locator(".tile canvas"), page.locator(".chosen canvas").first
    whole = [pixels(tiles.nth(n)) for n in range(12)]
    assert all((image >= 0).all() and image.max() == 255 for image in whole)
    assert (pixels(large) == whole[2]).all()
    slider(page, "Row").fill("12")
    link_says(page, "grown", 12)
    half = pixels(tiles.nth(4))
    assert (half[:12] == whole[4][:12]).all() and (half[12:] == -1).all()
    page.get_by_role("button", name="Sample 5").click()
    link_says(page, "image", 5)
    expect(page.get_by_role("button", name="Sample 5")).to_have_attribute("aria-pressed", "true")
    assert (pixels(large) == half).all()
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".play")).to_have_attribute("aria-label", "Play", timeout=20_000)
    expect(page).not_to_have_url(re.compile("grown="))
    assert (pixels(tiles.nth(4)) == whole[4]).all()
    slider(page, "Temperature").fill("0.5")
    done(page)
    link_says(page, "temperature", 0.5)
    assert (pixels(tiles.nth(4)) != whole[4]).any()
    assert fetched(page) == {"p"}
    assert page.faults == []


def test_other_samples_grow_before_the_visitors_eyes(open_edition: OPEN) -> None:
    page = open_edition("vrnn")
    done(page)
    before = pixels(page.locator(".tile canvas").first)
    page.get_by_role("button", name="Resample").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    done(page)
    page.get_by_role("button", name="Pause").click()
    slider(page, "Row").fill("28")
    expect(page).to_have_url(re.compile(r"seed=\d+$"))
    after = pixels(page.locator(".tile canvas").first)
    assert (before != after).any()
    page.get_by_role("link", name="Thirty samples").click()  # the same samples, and more of them
    page.locator(".explorer[data-shown='samples']").wait_for()
    done(page)
    sheet = page.locator(".samples canvas").first
    assert (np.array(sheet.evaluate(PIXELS)).reshape(144, 173, 4)[:28, :28, 0] == after).all()
    assert page.faults == []


def numbers(page: Page) -> list[float]:
    """log p(x | z), the KL, the ELBO and the bound, once they are there."""
    page.locator(".equation[aria-busy='false']").wait_for(timeout=60_000)
    return [float(text.replace("−", "-")) for text in page.locator(".equation b").all_inner_texts()]


def test_a_digit_opens_at_the_row_that_surprises_most(open_edition: OPEN) -> None:
    page = open_edition("vrnn", scene="rows", digit=61)
    done(page)
    likelihood, kl, elbo, bound = numbers(page)
    assert round(likelihood - kl, 1) == elbo
    assert elbo - 5 < bound < 0 and kl > 0
    said = page.locator(".said").inner_text()
    found = re.fullmatch(
        r"In digit 61, an? \d, row (\d+) surprises most: KL ([\d.]+) nats\. "
        r"4 of the 28 rows hold ([\d.]+) % of the KL\.",
        said,
    )
    assert found is not None
    row = slider(page, "Row")
    expect(row).to_have_attribute("aria-valuetext", f"row {found[1]} of 28")
    read = page.locator(".read")
    expect(read).to_have_attribute("aria-label", re.compile(rf"Row {found[1]}: KL "))
    told = re.search(r"KL ([\d.]+) nats", read.get_attribute("aria-label") or "")
    assert told is not None and abs(float(told[1]) - float(found[2])) <= 0.056
    row.press("ArrowRight")
    link_says(page, "row", int(found[1]) + 1)
    expect(read).to_have_attribute("aria-label", re.compile(f"Row {int(found[1]) + 1}:"))
    page.get_by_role("button", name="Resample z").click()
    assert numbers(page)[:3] != [likelihood, kl, elbo]
    page.get_by_role("button", name="Another 3").click()
    expect(page).not_to_have_url(re.compile("row="))
    done(page)
    expect(page.locator(".said")).to_contain_text("a 3, row")
    assert page.faults == []


def test_a_press_or_a_drag_on_the_digit_chooses_a_row(open_edition: OPEN) -> None:
    page = open_edition("vrnn", scene="rows", height=720)
    done(page)
    read = page.locator(".read")
    box = read.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 60, box["y"] + 0.3 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 0.5 * box["height"], steps=3)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"row=1\d"))
    assert page.faults == []


@pytest.mark.parametrize("scene", ["rows", "endings", "paths"])
def test_a_drawing_stands_for_a_digit(open_edition: OPEN, scene: str) -> None:
    page = open_edition("vrnn", scene=scene, strokes="8020807080c080e0")
    expect(page.locator(".chooser .drawing")).to_be_visible()
    expect(page.locator(".instrument")).to_contain_text("your drawing") if scene != "paths" else expect(
        page.locator(".paths canvas")
    ).to_have_attribute("aria-label", re.compile("your drawing"))
    assert page.faults == []


def test_a_moved_z_grows_the_rows_below_again_and_leaves_those_above(open_edition: OPEN) -> None:
    page = open_edition("vrnn", scene="moved", seed=1)
    digit, pad = page.locator(".moved .rowed canvas"), page.locator(".row-plane canvas")
    expect(pad).to_have_attribute("aria-valuetext", re.compile("z₁"))
    grown(page)
    before, box = pixels(digit), pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 0.2 * box["height"], steps=5)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"moved_z=9,"))
    grown(page)
    after = pixels(digit)
    assert (after[:8] == before[:8]).all(), "the rows above stay"
    assert (after[8:] != before[8:]).any(), "those below do not"
    other = open_edition(page.url)
    expect(other.locator(".position")).to_contain_text("1 row moved")
    grown(other)
    assert (pixels(other.locator(".moved .rowed canvas")) == after).all()
    page.get_by_role("button", name="Reset this row").click()
    expect(page).not_to_have_url(re.compile("moved_z="))
    grown(page)
    assert (pixels(digit) == before).all()
    assert page.faults == []


def test_a_moved_row_follows_on_the_frame_and_those_below_are_paler_until_they_grow_again(
    open_edition: OPEN,
) -> None:
    page = open_edition("vrnn", scene="moved", moved_row=5)
    grown(page)
    opacities = (
        """canvas => [4, 27].map((row) => canvas.getContext("2d").getImageData(0, row, 1, 1).data[3])"""
    )
    digit = page.locator(".moved .rowed canvas")
    assert digit.evaluate(opacities) == [255, 255]
    moving = digit.evaluate(
        f"""async (canvas) => {{
            const plane = canvas.closest(".moved").querySelector("[role=slider]");
            plane.dispatchEvent(new KeyboardEvent("keydown", {{ key: "ArrowRight", shiftKey: true }}));
            await new Promise((done) => requestAnimationFrame(done));
            return ({opacities})(canvas);
        }}"""
    )
    assert moving == [255, 102]
    grown(page)
    assert digit.evaluate(opacities) == [255, 255]


def grown(page: Page) -> None:
    """Waits until all rows of the digit that is moved follow from those above."""
    expect(page.locator(".moved .rowed[aria-busy='false']")).to_be_attached(timeout=60_000)


def test_rows_and_their_z_answer_to_the_keyboard(open_edition: OPEN) -> None:
    page = open_edition("vrnn", scene="moved", width=390, height=844)
    grown(page)
    slider(page, "Row").press("ArrowRight")
    link_says(page, "moved_row", 10)
    pad = page.get_by_role("slider", name="z of row 10")
    before = pad.get_attribute("aria-valuetext")
    pad.press("Shift+ArrowUp")
    expect(pad).not_to_have_attribute("aria-valuetext", before or "")
    expect(page).to_have_url(re.compile("moved_z=10,"))
    page.get_by_role("button", name="Reset all").click()
    expect(pad).to_have_attribute("aria-valuetext", before or "")
    expect(page).not_to_have_url(re.compile("moved_z="))
    assert page.faults == []


def test_moves_that_cannot_be_read_are_told(open_edition: OPEN) -> None:
    page = open_edition("vrnn", scene="moved", moved_z="3,9,1")
    expect(page.locator(".warning")).to_contain_text("moved_z could not be read")
    assert page.faults == []


def test_endings_keep_the_first_rows(open_edition: OPEN) -> None:
    page = open_edition("vrnn", scene="endings", digit=2, keep=12)
    done(page)
    tiles = page.locator(".all canvas")
    digit = pixels(page.locator(".beginning canvas"))[:12]
    endings = [pixels(tiles.nth(n)) for n in range(12)]
    assert all((ending[:12] == digit).all() and (ending >= 0).all() for ending in endings)
    assert len({ending.tobytes() for ending in endings}) > 1
    slider(page, "Rows to keep").fill("16")
    done(page)
    link_says(page, "keep", 16)
    digit = pixels(page.locator(".beginning canvas"))[:16]
    assert all((pixels(tiles.nth(n))[:16] == digit).all() for n in range(12))
    assert page.faults == []


def test_what_is_drawn_in_the_upper_half_is_a_beginning(open_edition: OPEN) -> None:
    page = open_edition("vrnn", scene="endings", strokes=HALF)
    done(page)
    caption = page.locator(".beginning figcaption")
    expect(caption).to_have_text(re.compile(r"your drawing: \d+ rows are kept"))
    kept = int(re.search(r"\d+", caption.inner_text())[0])
    assert kept < 15
    drawn = pixels(page.locator(".beginning canvas"))[:kept]
    assert drawn[kept - 1].max() == 255, "down to its last row"
    assert (pixels(page.locator(".all canvas").first)[:kept] == drawn).all()
    assert page.faults == []


def test_paths_show_one_class_alone_or_samples(open_edition: OPEN) -> None:
    page = open_edition("vrnn", scene="paths")
    canvas = page.locator(".paths canvas")
    expect(canvas).to_have_attribute("aria-label", re.compile("of digit 0, a 7"))
    shown = canvas.evaluate("canvas => canvas.toDataURL()")
    own, only = (page.get_by_role("button", name=f"Only {label}") for label in (7, 3))
    expect(own).to_have_attribute("aria-pressed", "true")  # at first its own class
    only.click()
    link_says(page, "only", 3)
    expect(only).to_have_attribute("aria-pressed", "true")
    expect(own).to_have_attribute("aria-pressed", "false")
    assert canvas.evaluate("canvas => canvas.toDataURL()") != shown
    only.click()
    link_says(page, "only", -1)
    expect(page.locator(".class[aria-pressed=true]")).to_have_count(0)
    page.get_by_role("button", name="12 samples").click()
    link_says(page, "paths", "samples")
    expect(canvas).to_have_attribute("aria-label", re.compile("12 samples"))
    expect(page.get_by_role("button", name="Resample")).to_be_visible()
    expect(only).to_be_hidden()
    assert page.faults == []


def test_back_restores_what_the_link_says(open_edition: OPEN) -> None:
    page = open_edition("vrnn", grown=9, image=2, seed=5)
    done(page)
    shown = pixels(page.locator(".tile canvas").nth(1))
    page.keyboard.press("ArrowRight")
    page.locator(".explorer[data-shown='rows']").wait_for()
    page.keyboard.press("r")
    expect(page).not_to_have_url(re.compile("seed=5(&|$)"))
    page.go_back()
    done(page)
    expect(slider(page, "Row")).to_have_value("9")
    expect(page.get_by_role("button", name="Sample 2")).to_have_attribute("aria-pressed", "true")
    assert (pixels(page.locator(".tile canvas").nth(1)) == shown).all()
    assert page.faults == []
