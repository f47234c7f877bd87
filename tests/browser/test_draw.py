"""Draw in a real browser: strokes, what the models say of them, and where they lead."""

import math
import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import torch
from playwright.sync_api import Locator, Page, Route, expect

from aevb import checkpoints
from aevb.ui.shared import loading
from tests.canvases import image

OPEN = Callable[..., Page]
Points = list[tuple[float, float]]

MODELS = ("vae", "cvae", "gmvae", "vrnn")
SCENES = {"vae": "flow", "cvae": "guess", "gmvae": "guess", "vrnn": "endings"}

TITLES = {"vae": "VAE", "cvae": "Conditional VAE", "gmvae": "Gaussian mixture VAE", "vrnn": "Variational RNN"}

pytestmark = pytest.mark.skipif(not {*MODELS} <= {*checkpoints.shipped()}, reason="a checkpoint is not there")

ONE = [(0.52, 0.15), (0.5, 0.5), (0.48, 0.86)]
ZERO = [(0.5 + 0.24 * math.sin(a / 20 * math.pi), 0.5 - 0.34 * math.cos(a / 20 * math.pi)) for a in range(41)]
SEVEN = [(0.28, 0.2), (0.72, 0.2), (0.45, 0.85)]
BEGINNING = [(0.3, 0.25), (0.7, 0.25), (0.62, 0.42)]


def begin(page: Page, points: Points) -> None:
    """A stroke through points, in shares of the canvas; the button stays down."""
    box = page.locator(".paper").bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=6 if len(points) < 10 else 1)  # the page answers each step


def stroke(page: Page, points: Points) -> None:
    begin(page, points)
    page.mouse.up()


def scribble(page: Page, points: Points) -> None:
    """The same in one go: the page hears of all moves at once, as it does when it is slower than a hand."""
    begin(page, points[:1])
    page.locator(".paper").evaluate(
        """(canvas, points) => {
            const { left, top, width, height } = canvas.getBoundingClientRect();
            for (const [x, y] of points) {
                const at = { clientX: left + x * width, clientY: top + y * height };
                canvas.dispatchEvent(new PointerEvent("pointermove", { isPrimary: true, ...at }));
            }
        }""",
        points,
    )
    page.mouse.up()


def pixels(page: Page, selector: str) -> list[str]:
    return page.locator(f".draw {selector}").evaluate_all("all => all.map(canvas => canvas.toDataURL())")


def said(page: Page, *texts: str) -> None:
    """Waits until a screen reader is told all of this, of what is there now."""
    for text in texts:
        expect(page.locator(".spoken[aria-busy=false]")).to_contain_text(text, timeout=60_000)


def until(page: Page, condition: str, argument: object = None) -> None:
    """Waits until `condition(root, argument)`, JavaScript, holds; root is the part's."""
    page.locator(".draw").evaluate(
        f"""async (root, argument) => {{
            const condition = {condition}, until = performance.now() + 30_000;
            while (!condition(root, argument)) {{
                if (performance.now() > until) throw new Error("It does not come to hold.");
                await new Promise(requestAnimationFrame);
            }}
        }}""",
        argument,
    )


def idle(page: Page, name: str) -> Locator:
    """What asks a model that nothing was asked of yet."""
    return page.locator(f"[data-model={name}]").get_by_role("button", name="about this digit")


def ask(page: Page) -> None:
    """Asks all models about the digit that the page opened with, and waits for their answers."""
    for name in MODELS:
        idle(page, name).click()
    ready(page)


def fetched(page: Page) -> list[str]:
    """The models whose weights were asked for, in their order."""
    urls = page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
    return list(dict.fromkeys(re.findall(r"/weights/(\w+)/[pq]/", " ".join(urls))))


def ready(page: Page) -> None:
    """Waits until all models have answered."""
    for name in MODELS:
        expect(page.locator(f"[data-model={name}] .body")).to_be_visible(timeout=60_000)
    said(page, "looks like")


def link(page: Page, model: str) -> dict[str, str]:
    """What the link to a model's page says."""
    href = page.locator(f"[data-model={model}] header a").get_attribute("href") or ""
    assert urlsplit(href).path == model
    return {key: values[0] for key, values in parse_qs(urlsplit(href).query).items()}


# A visitor draws


def test_a_page_opens_without_a_model_and_the_first_stroke_asks_all_of_them(open_page: OPEN) -> None:
    page = open_page("draw")
    expect(page.locator(".seen figcaption").first).to_have_text("digit 0, a 7")
    for name in MODELS:
        expect(idle(page, name)).to_be_visible()
        expect(page.locator(f"[data-model={name}] .body")).to_be_hidden()
    assert fetched(page) == []
    held: list[Route] = []
    page.route("**/weights/vae/**", lambda route: held.append(route))
    begin(page, ONE[:2])
    for name, title in TITLES.items():
        expect(page.locator(f"[data-model={name}] .notice")).to_have_text(f"Loading the {title} …")
        expect(idle(page, name)).to_have_count(0)
    assert len(held) == 2 and fetched(page) == []  # one after the other
    for route in held:
        route.continue_()
    expect(page.locator(".verdict b")).to_have_text("1")
    page.mouse.up()
    ready(page)
    assert fetched(page) == [*MODELS]
    assert page.faults == []


def test_a_model_is_asked_about_the_first_digit_by_its_own_button(open_page: OPEN) -> None:
    page = open_page("draw")
    idle(page, "gmvae").press("Enter")
    expect(page.locator("[data-model=gmvae] .body")).to_be_visible()
    expect(page.locator("[data-model=gmvae] .best th")).to_have_text("7s")
    urls = page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
    assert re.findall(r"/weights/(\w+/[pq])/", " ".join(urls)) == ["gmvae/q"]  # all that it needs
    expect(idle(page, "vae")).to_be_visible()
    assert page.faults == []


def test_on_a_phone_a_model_is_asked_once_its_panel_comes_into_view(open_page: OPEN) -> None:
    page = open_page("draw", width=390, height=700, strokes="80207fe0")
    expect(page.locator(".verdict b")).to_have_text("1")  # the guess stands beside the paper
    assert fetched(page) == ["vae", "cvae"]  # and so does what qualifies it
    for name in ("vrnn", "gmvae"):
        page.locator(f"[data-model={name}] h3").scroll_into_view_if_needed()
        expect(page.locator(f"[data-model={name}] .body")).to_be_visible()
    ready(page)
    assert page.faults == []


def test_everything_answers_while_the_button_is_down(open_page: OPEN) -> None:
    page = open_page("draw")
    ask(page)
    shown = [".seen canvas", ".worth canvas", ".columns canvas", ".likes canvas"]
    before = {selector: pixels(page, selector) for selector in shown}
    begin(page, ONE[:2])
    expect(page.locator(".verdict b")).to_have_text("1")
    for selector in shown:
        until(
            page,
            """(root, [selector, before]) => [...root.querySelectorAll(selector)]
                .every((canvas, i) => canvas.toDataURL() !== before[i])""",
            [selector, before[selector]],
        )
    assert "strokes" not in page.url
    page.mouse.up()
    expect(page).to_have_url(re.compile("strokes=[0-9a-f]+$"))
    assert page.faults == []


@pytest.mark.parametrize(("shape", "digit"), [(ONE, "1"), (ZERO, "0"), (SEVEN, "7")])
def test_what_is_drawn_is_read(open_page: OPEN, shape: Points, digit: str) -> None:
    page = open_page("draw")
    stroke(page, shape)
    ready(page)
    said(page, "Your drawing", f"looks like a {digit}")
    expect(page.locator(".verdict b")).to_have_text(digit)
    best = page.locator(".columns .best")
    expect(best.locator("b")).to_have_text(digit)
    expect(best.locator("span")).to_have_text("best")
    widths = page.locator("[data-model=gmvae] .bar i").evaluate_all(
        "all => all.map(bar => parseFloat(bar.style.width))"
    )
    assert sum(widths) == pytest.approx(100, abs=0.1)
    assert not re.search(
        r"(?<![\d.])(100|0)(\.0)? %", page.locator(".draw").inner_text()
    )  # nothing is quite certain
    ink = image(page.locator(".seen canvas")).reshape(28, 28)
    rows = np.flatnonzero(ink.max(1) > 0.1)
    assert rows[-1] - rows[0] + 1 in (20, 21)  # as MNIST's
    assert page.faults == []


def test_a_test_digit_is_answered_as_the_library_does(open_page: OPEN) -> None:
    page = open_page("draw", digit=7)
    ready(page)
    said(page, "Digit 7, a 9")
    vae, gmvae = (loading.checkpoint(name).model for name in ("vae", "gmvae"))
    grey = loading.digits().test.images[7].flatten()
    with torch.no_grad():
        mean = vae.posterior((grey + 0.5) / 256).mean
        rebuilt = vae.likelihood(mean).base_dist.probs
        shares = gmvae.q_y_given_x((grey >= 128).float()).probs
    assert np.abs(image(page.locator(".worth canvas")) - rebuilt.numpy()).max() < 0.01
    order = loading.checkpoint("gmvae").measures["order"]
    widths = page.locator("[data-model=gmvae] .bar i").evaluate_all(
        "all => all.map(bar => parseFloat(bar.style.width) / 100)"
    )
    assert np.abs(np.array(widths) - shares[order].numpy()).max() < 2e-3
    likes = page.locator(".likes a")
    expect(likes.first).to_have_attribute("href", "vae?scene=flow&digit=7")  # itself
    assert image(page.locator(".seen canvas")) == pytest.approx(grey.numpy() / 255)


def test_a_dash_is_unlike_any_digit_and_a_7_is_not(open_page: OPEN) -> None:
    page = open_page("draw", strokes="4080c080")
    ready(page)
    answers = page.locator(":is(.verdict, [data-model=cvae], [data-model=gmvae])")
    for answer in answers.all():
        expect(answer).to_contain_text(re.compile("unlike any digit", re.IGNORECASE))
    said(page, "Unlike any digit.", "If it had to be a digit: it looks like a")
    wrong = loading.checkpoint("vae").measures["likeness"]["wrong"]
    told = [f"{100 * count / of:.1f} %" for count, of in wrong.values()]
    expect(page.locator(".errors")).to_contain_text(re.compile(".*".join(told)))
    percentiles = np.array(loading.checkpoint("vae").measures["elbo_percentiles"])
    worth = page.locator(".worth")
    nats = float((worth.locator("b").text_content() or "").replace(",", ""))
    low, high = (np.searchsorted(percentiles, nats + half) - 1 for half in (-0.5, 0.5))  # as it is rounded
    expect(worth).to_contain_text(re.compile(rf"higher than ({low}|{high}) % of the test digits’"))
    page.get_by_role("button", name="Clear").click()  # the first test digit
    said(page, "Digit 0, a 7")
    for answer in answers.all():
        expect(answer).not_to_contain_text(re.compile("unlike any digit", re.IGNORECASE))
    assert page.faults == []


def test_the_vrnn_goes_on_from_what_is_half_drawn(open_page: OPEN) -> None:
    page = open_page("draw")
    stroke(page, BEGINNING)
    ready(page)
    said(page, "Your drawing")
    keep = page.get_by_label("Rows to keep")
    expect(keep).not_to_have_value("14")
    kept = int(keep.input_value())  # all that is inked, where it stands
    assert 10 <= kept <= 14
    whole(page)
    drawn = [image(page.locator(".grown canvas").nth(n)).reshape(28, 28) for n in range(6)]
    assert all((one[:kept] == drawn[0][:kept]).all() and one[kept:].any() for one in drawn)
    assert len({one.tobytes() for one in drawn}) > 3
    before = pixels(page, ".grown canvas")
    page.keyboard.press("r")
    whole(page)
    assert pixels(page, ".grown canvas") != before
    keep.focus()
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile(f"keep={kept - 1}"))
    expect(page.locator("[data-model=vrnn] output")).to_have_text(str(kept - 1))
    assert link(page, "vrnn")["keep"] == str(kept - 1)
    assert page.faults == []


def whole(page: Page) -> None:
    """Waits until the endings have all of their rows."""
    until(
        page,
        """(root) => [...root.querySelectorAll(".grown canvas")].every((canvas) => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, 28, 28);
            return data.every((value, i) => i % 4 < 3 || value === 255);
        })""",
    )


def test_undo_clear_and_a_link(open_page: OPEN) -> None:
    page = open_page("draw", digit=35)
    ready(page)
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_disabled()
    stroke(page, ZERO)
    said(page, "Your drawing", "looks like a 0")
    expect(page).to_have_url(re.compile("strokes="))
    zero, first = page.url, pixels(page, ":is(.seen, .worth, .columns) canvas")
    stroke(page, [(0.2, 0.8), (0.8, 0.2)])
    expect(page).to_have_url(re.compile("strokes=[0-9a-f]+-[0-9a-f]+$"))
    page.keyboard.press("Control+z")
    expect(page).to_have_url(zero)
    said(page, "looks like a 0")
    assert pixels(page, ":is(.seen, .worth, .columns) canvas") == first
    other = open_page(zero.split("/", 3)[3])
    ready(other)
    assert pixels(other, ":is(.seen, .worth, .columns) canvas") == first
    page.get_by_role("button", name="Clear").click()
    expect(page).to_have_url(re.compile(r"/draw\?digit=35$"))
    said(page, "Digit 35, a 2")
    undo.click()
    said(page, "Your drawing")
    expect(page).to_have_url(zero)
    assert page.faults == other.faults == []


UNDO_BEFORE_THE_FRAME = """async (root) => {
    const buttons = [...root.querySelectorAll("button")];
    const undo = buttons.find(({ textContent }) => textContent === "Undo");
    const [keep, spoken] = ["[data-model=vrnn] input", ".spoken"].map((each) => root.querySelector(each));
    const written = new Promise((done) =>
        new MutationObserver(done).observe(undo, { attributes: true, attributeFilter: ["disabled"] }));
    const frame = requestAnimationFrame, waiting = [], said = [];
    window.requestAnimationFrame = (tick) => waiting.push(tick);
    new MutationObserver(() => said.push(spoken.textContent)).observe(spoken, { childList: true });
    undo.click();
    keep.dispatchEvent(new Event("input", { bubbles: true }));
    await written;
    window.requestAnimationFrame = frame;
    waiting.forEach((tick) => frame(tick));
    return said;
}"""
"""Undoes the one stroke that can be; the words are due before the frame that shows what was there before."""


LINES_OF_A_MOVE = """async (canvas, moves) => {
    const { prototype } = CanvasRenderingContext2D, { lineTo } = prototype;
    const { left, top } = canvas.getBoundingClientRect();
    const move = (k) => {
        const at = { clientX: left + 2 * k, clientY: top + 3 * (k % 50) };
        canvas.dispatchEvent(new PointerEvent("pointermove", { isPrimary: true, ...at }));
    };
    const frame = () => new Promise(requestAnimationFrame);
    let count = 0;
    for (let k = 0; k < moves; k++) move(k);
    for (const k of [moves, moves + 1]) {
        await frame();
        count = 0;
        prototype.lineTo = function (...at) {
            if (this.canvas === canvas) count++;
            return lineTo.apply(this, at);
        };
        move(k);
    }
    await frame();
    prototype.lineTo = lineTo;
    return count;
}"""
"""How many lines are drawn for the last of many moves of a stroke."""


def test_what_is_said_is_said_of_what_is_seen(open_page: OPEN) -> None:
    page = open_page("draw", strokes="4733b83373d9")  # a seven
    ready(page)
    said(page, "Your drawing", "looks like a 7")
    stroke(page, [(0.2, 0.8), (0.8, 0.2)])
    said(page, "Unlike any digit.")
    assert page.locator(".draw").evaluate(UNDO_BEFORE_THE_FRAME) == []
    said(page, "looks like a 7")
    expect(page.locator(".spoken")).not_to_contain_text("Unlike any digit.")
    assert page.faults == []


def test_a_drawing_goes_along_to_the_models_pages_and_back(open_page: OPEN) -> None:
    page = open_page("draw")
    page.evaluate("window.loadedOnce = true")
    stroke(page, SEVEN)
    ready(page)
    said(page, "Your drawing", "looks like a 7")
    expect(page).to_have_url(re.compile("strokes="))
    here = page.url
    strokes = parse_qs(urlsplit(here).query)["strokes"][0]
    for name, scene in SCENES.items():
        told = link(page, name)
        assert told["strokes"] == strokes and told["scene"] == scene
        page.locator(f"[data-model={name}] header a").click()
        page.locator(f".explorer[data-page={name}][data-shown={scene}]").wait_for()
        expect(page.locator(".instrument")).to_contain_text("your drawing")
        page.go_back()
        page.locator(".explorer[data-page=draw][data-shown]").wait_for()
        expect(page).to_have_url(here)
        said(page, "Your drawing")
    ready(page)  # until the VRNN is there, nothing is known of the rows that it keeps
    assert link(page, "vrnn")["keep"] == "14"
    assert page.evaluate("window.loadedOnce") and page.faults == []


def test_the_keyboard_alone_brings_a_digit(open_page: OPEN) -> None:
    page = open_page("draw")
    number = page.get_by_role("spinbutton", name="Test digit")
    number.focus()
    number.fill("7")
    page.keyboard.press("Enter")
    ready(page)
    said(page, "Digit 7, a 9")
    expect(page).to_have_url(re.compile("digit=7$"))
    page.get_by_role("button", name="Another 3").focus()
    page.keyboard.press("Enter")
    said(page, ", a 3.")
    page.keyboard.press("Control+z")
    said(page, "Digit 7, a 9")
    assert page.faults == []


def test_in_a_lesson_without_drawing_no_drawing_comes_back(open_edition: OPEN) -> None:
    page = open_edition("draw", strokes="4733b83373d9", free="digit")
    caption = page.locator(".seen figcaption").first
    expect(caption).to_have_text("as in MNIST")
    page.get_by_role("spinbutton", name="Test digit").fill("7")
    page.keyboard.press("Enter")
    expect(caption).to_have_text("digit 7, a 9")
    left_alone = """() => document.body.dispatchEvent(
        new KeyboardEvent("keydown", { key: "z", ctrlKey: true, bubbles: true, cancelable: true }))"""
    assert page.evaluate(left_alone)
    page.wait_for_url(re.compile("digit=7"))
    assert "strokes=" not in page.url and page.faults == []


def test_a_finger_draws_and_the_page_stays(open_page: OPEN) -> None:
    page = open_page("draw", width=390, height=844)
    box = page.locator(".paper").bounding_box()
    assert box is not None and box["width"] >= 280 and box["y"] + box["height"] < 844
    scroll = "() => document.querySelector('[data-testid=stMain]').scrollTop"
    top = page.evaluate(scroll)
    fingers = page.context.new_cdp_session(page)
    fingers.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    # The compositor learns where a finger draws, and does not scroll, with the next frame.
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    for kind, (x, y) in zip(("touchStart", "touchMove", "touchMove"), ONE, strict=True):
        point = {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    said(page, "Your drawing", "looks like a 1")
    assert page.evaluate(scroll) == top
    assert page.faults == []


# What can go wrong


def test_nonsense_in_the_link_is_told(open_page: OPEN) -> None:
    page = open_page("draw", strokes="<script>", digit="1e9", keep="-3")
    expect(page.locator(".warning")).to_contain_text("digit, strokes and keep could not be read")
    stroke(page, ZERO)
    ready(page)
    said(page, "looks like a 0")
    expect(page.locator(".warning")).to_be_hidden()
    # Whatever is drawn already, a move draws no more than a piece of its own stroke.
    begin(page, SEVEN[:1])
    assert 1 <= page.locator(".paper").evaluate(LINES_OF_A_MOVE, 100) <= 41
    page.mouse.up()
    assert page.faults == []


def test_a_scribble_too_long_for_a_link_is_still_read(open_page: OPEN) -> None:
    page = open_page("draw")
    ask(page)
    rng = np.random.default_rng(0)
    scribble(page, [(float(x), float(y)) for x, y in rng.uniform(0.05, 0.95, (600, 2))])
    note = page.get_by_text("too long for a link")
    expect(note).to_be_visible()
    said(page, "Your drawing", "looks like")
    expect(page.locator(".answer header a").first).to_be_hidden()  # it could not go along
    assert "strokes" not in page.url
    page.get_by_role("button", name="Clear").click()
    expect(note).to_be_hidden()
    expect(page.get_by_role("button", name="Another 0")).to_be_focused()  # no field, with an undo of its own
    page.keyboard.press("Control+z")
    expect(note).to_be_visible()
    assert page.faults == []


def test_weights_that_do_not_arrive_cost_their_own_panel_and_are_asked_for_again(open_page: OPEN) -> None:
    page = open_page()

    def refuse(route: Route) -> None:
        route.abort()

    page.route("**/weights/cvae/**", refuse)
    page.goto(f"{page.url.rstrip('/')}/draw?strokes=80207fe0")
    alert = page.locator("[data-model=cvae] [role=alert]")
    expect(alert).to_contain_text("could not be loaded", timeout=60_000)
    expect(page.locator("[data-model=vae] .body")).to_be_visible(timeout=60_000)
    expect(page.locator("[data-model=gmvae] .body")).to_be_visible(timeout=60_000)
    expect(page.locator(".verdict b")).to_have_text("?")
    page.unroute("**/weights/cvae/**")
    alert.get_by_role("button", name="Try again").click()
    expect(page.locator(".verdict b")).to_have_text("1")
    expect(alert).to_have_count(0)


def test_a_checkpoint_that_is_missing_costs_its_own_panel_alone(open_page: OPEN) -> None:
    page = open_page("draw")
    found = page.evaluate(
        """async () => {
            const url = performance.getEntriesByType("resource").map(({ name }) => name)
                .find((name) => name.endsWith("/parts/draw/draw.js"));
            const part = (await import(url)).default, el = document.createElement("div");
            const missing = (name) => [name, { name, problem: `${name} is not there.` }];
            const digits = { count: 1, side: 28, chunk: 1, labels: new ArrayBuffer(1) };
            digits.images = [new ArrayBuffer(784)];
            const known = { digits, digit: 0, strokes: "", keep: null, seed: 2,
                checkpoints: Object.fromEntries(["vae", "cvae", "gmvae", "vrnn"].map(missing)) };
            const end = part.render({ el, model: {
                get: (key) => known[key], set() {}, save_changes() {}, on() {}, off() {} } });
            const alerts = [...el.querySelectorAll("[data-model] [role=alert]")];
            end();
            return alerts.map((alert) => alert.textContent);
        }"""
    )
    assert found == [f"{name} is not there." for name in MODELS]
