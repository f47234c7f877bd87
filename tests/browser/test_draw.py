"""The Draw page in a real browser: strokes, and what the models say of them."""

import copy
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, Page, Route, expect

from aevb.data import load
from aevb.models import CVAE, GMVAE, VAE
from aevb.ui import draw, loading
from aevb.ui.components import source
from aevb.ui.components.draw import SCRIPTS
from aevb.ui.components.engine import weights
from tests.visitors import fits, listen, needs

OPEN = Callable[..., Page]
SETTLE = Callable[[Page], None]

pytestmark = needs(*draw.NAMES)
Points = list[tuple[float, float]]

ONE = [(0.52, 0.15), (0.5, 0.5), (0.48, 0.86)]
ZERO = [(0.5 + 0.24 * math.sin(a / 20 * math.pi), 0.5 - 0.34 * math.cos(a / 20 * math.pi)) for a in range(41)]
SEVEN = [(0.28, 0.2), (0.72, 0.2), (0.45, 0.85)]


def begin(page: Page, points: Points, steps: int = 6) -> None:
    """A stroke through points, in shares of the canvas; the button stays down."""
    canvas = page.locator(".paper")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=steps)


def stroke(page: Page, points: Points) -> None:
    begin(page, points)
    page.mouse.up()


def pixels(page: Page, selector: str) -> list[str]:
    canvases = page.locator(f".draw {selector}")
    return canvases.evaluate_all("all => all.map(canvas => canvas.toDataURL())")


def grey(page: Page, selector: str) -> np.ndarray:
    """The first such canvas's grey levels in [0, 1], 28 × 28."""
    levels = page.locator(f".draw {selector}").first.evaluate(
        "canvas => [...canvas.getContext('2d').getImageData(0, 0, 28, 28).data].filter((_, i) => i % 4 === 0)"
    )
    return np.array(levels).reshape(28, 28) / 255


def guess(page: Page) -> str:
    return page.locator(".guess b").inner_text()


def said(page: Page, text: str) -> None:
    expect(page.locator(".spoken")).to_contain_text(text, timeout=60_000)


def link(page: Page, model: str) -> str:
    return page.locator(f".{model} header a").get_attribute("href") or ""


def module(page: Page, body: str, argument: Any = None) -> Any:
    """Runs `body`, which sees the page's own scripts as `m` and `argument`, in the browser."""
    return page.evaluate(
        f"""async ([source, argument]) => {{
            const url = URL.createObjectURL(new Blob([source], {{type: 'text/javascript'}}))
            const m = await import(url);
            {body}
        }}""",
        [source(*SCRIPTS), argument],
    )


# MNIST's preparation


@pytest.fixture
def blank(browser: Browser) -> Iterator[Page]:
    """A page without the app."""
    page = browser.new_page()
    yield page
    page.close()


def centre(image: np.ndarray) -> tuple[float, float]:
    across = np.arange(28) + 0.5
    return float(image.sum(0) @ across / image.sum()), float(image.sum(1) @ across / image.sum())


def extent(image: np.ndarray) -> tuple[int, int]:
    inked = np.argwhere(image > 0.1)
    height, width = np.ptp(inked, axis=0) + 1
    return int(width), int(height)


@pytest.mark.parametrize("size", [0.5, 0.75, 1.0])
@pytest.mark.parametrize(
    ("shape", "least", "most"), [(ONE, 0.05, 0.10), (ZERO, 0.14, 0.20), (SEVEN, 0.09, 0.15)]
)
def test_strokes_are_prepared_as_mnists_were(
    blank: Page, shape: Points, least: float, most: float, size: float
) -> None:
    """However large a digit is drawn: 20 pixels high, its centre of mass in the middle, as much ink."""
    points = [[20 + 200 * size * x, 40 * (1 - size) + 200 * size * y] for x, y in shape]
    image = np.array(module(blank, "return [...m.prepare([argument])]", points)).reshape(28, 28)
    assert max(extent(image)) in (20, 21)
    assert all(14 - 0.01 <= value < 15.01 for value in centre(image))
    assert least < image.mean() < most
    assert image.max() == pytest.approx(1) and image.min() == 0


def test_a_dot_stays_a_dot(blank: Page) -> None:
    image = np.array(module(blank, "return [...m.prepare([[[200, 30]]])]")).reshape(28, 28)
    assert max(extent(image)) <= 4 and all(14 <= value < 15 for value in centre(image))
    assert module(blank, "return Math.max(...m.prepare([]))") == 0


def test_mnists_own_digits_are_prepared_already(blank: Page) -> None:
    images = load().test.images[:200].flatten(1).numpy() / np.float32(255)
    found = module(
        blank, "return argument.map((x) => [...m.normalise(Float32Array.from(x))])", images.tolist()
    )
    assert np.abs(np.array(found) - images).max() < 1e-6


def test_a_stroke_keeps_its_shape_in_a_link(blank: Page) -> None:
    angles = np.linspace(0, 2 * np.pi, 300)
    points = np.stack([128 + 60 * np.sin(angles), 120 - 80 * np.cos(angles)], 1).tolist()
    body = "const s = m.simplify(argument); return [s, m.parse(m.write([s, s])), m.write([s, s])]"
    simple, parsed, text = module(blank, body, points)
    assert parsed == [simple, simple] and draw.sound(text) and 20 < len(simple) < 45
    kept, drawn = np.array(simple), np.array(points)
    nearest = np.abs(drawn[:, None] - kept[None]).sum(-1).min(0)
    assert nearest.max() < 1.5  # each kept point is one of the stroke's, in whole units
    assert (kept[0] == drawn[0].round()).all() and (kept[-1] == drawn[-1].round()).all()


# The models see what they see in Python


def test_the_answers_are_torchs(browser_page: Page, server: Any) -> None:
    """Twenty test digits, past the preparation: λ, the posterior, q(y | x) and the labels' bounds."""
    images = loading.digits().test.images[:20].flatten(1)
    urls = [f"{server.url}{weights.url(name)}" for name in ("vae", "gmvae", "cvae")]
    body = """
        const [vae, gmvae, cvae] = await Promise.all(argument.urls.map((url) => m.load(url)))
        const finish = (steps) => { let r; do r = steps.next(); while (!r.done); return r.value }
        const zero = [new Float32Array(cvae.latentDim)]
        return argument.images.map((bytes) => {
            const x = Float32Array.from(bytes, (byte) => byte / 255), read = m.reconstruct(vae, x)
            const labels = finish(m.readLabels(cvae, x, zero))
            return [read.lambda, read.posterior.loc, finish(m.readClusters(gmvae, x)).probabilities,
                labels.bounds, labels.style].map((values) => [...values])
        })"""
    found = module(browser_page, body, {"urls": urls, "images": images.tolist()})
    lambdas, means, clusters, bounds, styles = (torch.tensor(part) for part in zip(*found, strict=True))
    kinds = {"vae": VAE, "gmvae": GMVAE, "cvae": CVAE}
    models = (copy.deepcopy(loading.model(name, kind)) for name, kind in kinds.items())
    vae, gmvae, cvae = (model.half().float() for model in models)  # what travels is float16
    x = (images.float() + 0.5) / 256
    with torch.no_grad():
        mean = vae.q_z_given_x(x).mean
        assert (means - mean).abs().max() < 2e-3
        assert (lambdas - vae.p_x_given_z(mean).base_dist.probs).abs().max() < 2e-3
        assert (clusters - gmvae.q_y_given_x((images >= 128).float()).probs).abs().max() < 2e-3
    assert styles.shape == (20, cvae.latent_dim)
    assert (bounds.argmax(1) == loading.digits().test.labels[:20]).float().mean() >= 0.9


# A visitor draws


def test_everything_answers_while_the_button_is_down(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("draw")
    sent = listen(page, settle)
    said(page, "looks like a 2")  # the example
    shown = [".prepared", ".lambda", ".whiskers", ".likes canvas", ".labels canvas"]
    before = {selector: pixels(page, selector) for selector in shown}
    sent.clear()
    begin(page, ONE[:2])
    expect(page.locator(".guess b")).to_have_text("1")
    halfway = pixels(page, ".lambda")
    for selector in shown:
        assert all(a != b for a, b in zip(before[selector], pixels(page, selector), strict=True)), selector
    assert grey(page, ".lambda").mean() > 0.02
    box = page.locator(".paper").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.8 * box["height"], steps=8)
    page.wait_for_timeout(300)
    assert pixels(page, ".lambda") != halfway
    assert sent == [] and "strokes" not in page.url
    page.mouse.up()
    expect(page).to_have_url(re.compile("strokes=[0-9a-f]+$"))
    assert len(sent) > 0 and page.faults == []


@pytest.mark.parametrize(("shape", "digit"), [(ONE, "1"), (ZERO, "0"), (SEVEN, "7")])
def test_what_is_drawn_is_read(open_page: OPEN, shape: Points, digit: str) -> None:
    page = open_page("draw")
    said(page, "looks like a 2")  # the example
    stroke(page, shape)
    said(page, f"looks like a {digit}")
    assert guess(page) == digit
    expect(page.locator(".paper")).to_have_attribute("aria-label", re.compile(f"looks like a {digit}"))
    best = page.locator(".labels .best")
    expect(best.locator(".name")).to_have_text(digit)
    expect(best.locator(".value")).to_have_text("best")
    shares = page.locator(".clusters .value").all_inner_texts()
    bars = page.locator(".clusters .bar i").evaluate_all(
        "all => all.map((bar) => parseFloat(bar.style.height))"
    )
    assert sum(bars) == pytest.approx(100, abs=0.1)
    assert [round(bar) for bar in bars] == pytest.approx([float(s.removesuffix(" %")) for s in shares], abs=1)
    image = grey(page, ".prepared")
    assert all(14 - 0.02 <= value < 15.02 for value in centre(image))
    assert page.faults == []


def test_the_vrnn_finishes_what_is_half_drawn(open_page: OPEN) -> None:
    page = open_page("draw")
    said(page, "looks like a 2")  # the example
    stroke(page, [(0.3, 0.25), (0.7, 0.25), (0.62, 0.42)])
    line = page.locator(".endings i").first
    expect(line).to_be_visible()
    page.wait_for_timeout(2500)
    rows = 28 * float(line.evaluate("line => parseFloat(line.style.top)")) / 100
    assert 10 <= rows <= 14  # all that is inked, where it stands
    drawn = [np.array(grey(page, f".endings div:nth-child({n}) canvas")) for n in range(1, 7)]
    kept = round(rows)
    assert all((image[:kept] == drawn[0][:kept]).all() for image in drawn)
    assert all(image[kept:].any() for image in drawn)
    assert len({image.tobytes() for image in drawn}) > 3
    assert all(set(np.unique(image)) <= {0.0, 1.0} for image in drawn)
    before = pixels(page, ".endings canvas")
    page.get_by_role("button", name="Other endings").click()
    page.wait_for_timeout(2500)
    assert pixels(page, ".endings canvas") != before
    # of a whole digit as many rows as the slider says
    page.get_by_label("Test digit", exact=True).fill("3")
    page.keyboard.press("Enter")
    page.wait_for_timeout(1500)
    page.get_by_label("Rows to keep").focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile("keep=11"))
    expect(page.locator(".kept")).to_have_text("11")
    page.wait_for_timeout(1500)
    assert line.evaluate("line => parseFloat(line.style.top)") == pytest.approx(100 * 11 / 28, abs=0.01)
    assert "keep=11" in link(page, "vrnn")


def test_undo_clear_and_a_link(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("draw")
    said(page, "looks like a 2")  # the example
    blank_undo = page.get_by_role("button", name="Undo")
    expect(blank_undo).to_be_disabled()
    stroke(page, ZERO)
    said(page, "looks like a 0")
    expect(page).to_have_url(re.compile("strokes="))
    zero, first = page.url, pixels(page, ".prepared, .lambda, .labels canvas")
    stroke(page, [(0.2, 0.8), (0.8, 0.2)])
    expect(page).to_have_url(re.compile("strokes=[0-9a-f]+-[0-9a-f]+$"))
    assert pixels(page, ".prepared, .lambda, .labels canvas") != first
    page.keyboard.press("Control+z")
    expect(page).to_have_url(zero)
    said(page, "looks like a 0")
    assert pixels(page, ".prepared, .lambda, .labels canvas") == first
    settle(page)
    other = open_page(zero.split("/", 3)[3])
    said(other, "looks like a 0")
    assert other.url == zero
    assert pixels(other, ".prepared, .lambda, .labels canvas") == first
    page.get_by_role("button", name="Clear").click()
    expect(page).to_have_url(re.compile("/draw$"))
    said(page, "The canvas is blank")
    assert grey(page, ".lambda").max() == grey(page, ".prepared").max() == 0
    expect(page.locator(".guess b")).to_have_text("")
    blank_undo.click()
    said(page, "looks like a 0")
    settle(page)
    assert pixels(page, ".prepared, .lambda, .labels canvas") == first
    page.go_back()  # to the blank canvas
    settle(page)
    assert page.faults == [] and page.locator("[data-testid=stException]").count() == 0


def test_the_keyboard_alone_brings_a_digit(open_page: OPEN) -> None:
    page = open_page("draw")
    said(page, "looks like a 2")  # the example
    page.get_by_label("Test digit", exact=True).focus()
    page.get_by_label("Test digit", exact=True).fill("7")
    page.keyboard.press("Enter")
    said(page, "Test digit 7 looks like a 9")
    expect(page).to_have_url(re.compile("digit=7$"))
    real = load().test.images[7].numpy() / 255
    assert np.abs(grey(page, ".prepared") - real).max() < 1e-6
    expect(page.locator(".likes a").first).to_have_text("7")  # itself
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Test digit", exact=True)).not_to_have_value("7")
    page.get_by_label("Test digit", exact=True).fill("99999")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Test digit", exact=True)).not_to_have_value("99999")
    assert page.faults == []


def test_back_brings_the_digit_before_which_can_be_chosen_again(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("draw", keep=9)
    said(page, "looks like a 2")  # the example
    number = page.get_by_label("Test digit", exact=True)
    for digit in ("7", "12"):
        number.fill(digit)
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(f"digit={digit}$"))
        settle(page)
    page.go_back()
    expect(number).to_have_value("7")
    said(page, "Test digit 7 ")
    expect(page.locator(".kept")).to_have_text("9")
    number.fill("12")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("digit=12$"))
    assert page.faults == []


def test_choices_that_come_before_the_servers_answer_stay(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("draw")
    said(page, "looks like a 2")  # the example
    number = page.get_by_label("Test digit", exact=True)
    for gap in (20, 60, 20):
        page.get_by_role("button", name="Any digit").evaluate(
            """async (button, gap) => {
                for (let i = 0; i < 6; i++) {
                    button.click()
                    await new Promise((then) => setTimeout(then, gap))
                }
                await new Promise(requestAnimationFrame)
            }""",
            gap,
        )
        chosen = number.input_value()
        settle(page)
        expect(page).to_have_url(re.compile(f"digit={chosen}$"))
        assert number.input_value() == chosen
    assert page.faults == []


def test_links_carry_the_drawing_to_the_models_pages(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("draw")
    said(page, "looks like a 2")  # the example
    stroke(page, SEVEN)
    said(page, "looks like a 7")
    page.wait_for_timeout(1500)
    targets = {name: link(page, name) for name in draw.NAMES}
    labels = loading.digits().test.labels
    for name, wanted in {"vae": "z=", "cvae": "style=", "gmvae": "place=", "vrnn": "keep=14"}.items():
        found = re.search(rf"/{name}\?digit=(\d+)&", targets[name])
        assert found and wanted in targets[name]
        assert labels[int(found[1])] == 7
    similar = page.locator(".likes a").first.get_attribute("href") or ""
    assert re.search(r"/vae\?digit=\d+$", similar)
    for name, heading in {
        "vae": "Variational auto-encoder",
        "cvae": "Conditional VAE",
        "vrnn": "Variational RNN",
    }.items():
        other = open_page(targets[name].split("/", 3)[3])
        expect(other.locator("h1")).to_have_text(heading)
        assert other.locator("[data-testid=stAlertContentWarning]", has_text="link").count() == 0
        assert other.faults == []
        other.context.close()
    page.locator(".gmvae header a").click()
    expect(page.locator("h1")).to_have_text("Gaussian mixture VAE")
    settle(page)
    assert page.locator("[data-testid=stAlertContentWarning]", has_text="link").count() == 0


def test_weights_that_do_not_arrive_are_told_and_asked_for_again(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page()
    refused: list[str] = []

    def refuse(route: Route) -> None:
        refused.append(route.request.url)
        route.abort()

    page.route("**/weights/cvae/**", refuse)
    page.route("**/digits/**", refuse)
    page.goto(f"{page.url.rstrip('/')}/draw?strokes=80208020-7f807fe0")
    settle(page)
    notices = page.locator(".draw .notice[role=alert]")
    expect(notices).to_have_count(2)
    expect(notices.first).to_contain_text("could not be loaded")
    assert len(refused) == 2 and guess(page) == ""
    expect(page.locator(".likes a").first).not_to_have_text("")  # the others answer
    page.unroute("**/weights/cvae/**")
    page.unroute("**/digits/**")
    notices.last.get_by_role("button", name="Try again").click()
    expect(page.locator(".guess b")).to_have_text("1")
    page.locator(".of-digits").get_by_role("button", name="Try again").click()
    expect(notices).to_have_count(0)
    page.wait_for_timeout(500)
    assert len(set(pixels(page, ".likes canvas"))) == 8


def test_a_finger_draws_and_the_page_stays(open_page: OPEN) -> None:
    page = open_page("draw", width=400, height=800)
    said(page, "looks like a 2")  # the example
    fits(page)
    main = page.locator("[data-testid=stMain]")
    canvas = page.locator(".paper").bounding_box()
    assert canvas is not None and canvas["width"] >= 280
    assert canvas["x"] >= 0 and canvas["x"] + canvas["width"] <= 400
    assert canvas["y"] + canvas["height"] < 800
    top = main.evaluate("main => main.scrollTop")
    fingers = page.context.new_cdp_session(page)
    fingers.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    places = [(canvas["x"] + x * canvas["width"], canvas["y"] + y * canvas["height"]) for x, y in ONE]
    for kind, place in zip(("touchStart", "touchMove", "touchMove"), places, strict=True):
        touch = {"type": kind, "touchPoints": [{"x": place[0], "y": place[1]}]}
        fingers.send("Input.dispatchTouchEvent", touch)
    fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    said(page, "looks like a 1")
    assert main.evaluate("main => main.scrollTop") == top
    assert page.faults == []


def test_the_canvas_stays_in_sight(open_page: OPEN) -> None:
    page = open_page("draw", height=700)
    said(page, "looks like a 2")  # the example
    page.locator(".vrnn .note").scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    box = page.locator(".paper").bounding_box()
    assert box is not None and box["y"] >= 0 and box["y"] + box["height"] <= 700
    stroke(page, ONE)
    said(page, "looks like a 1")


def test_nonsense_in_the_link_is_told(open_page: OPEN) -> None:
    page = open_page("draw", strokes="<script>", digit="1e9", keep="-3")
    warning = page.locator("[data-testid=stAlertContentWarning]", has_text="link")
    expect(warning).to_contain_text("This link's strokes, digit and keep could not be read")
    said(page, "Test digit")
    stroke(page, ZERO)
    said(page, "looks like a 0")
    assert page.faults == []


def test_a_scribble_too_long_for_a_link_is_still_read(open_page: OPEN) -> None:
    page = open_page("draw")
    said(page, "looks like a 2")  # the example
    rng = np.random.default_rng(0)
    begin(page, [(float(x), float(y)) for x, y in rng.uniform(0.05, 0.95, (600, 2))], steps=1)
    page.mouse.up()
    expect(page.locator(".too-long")).to_be_visible()
    said(page, "The drawing looks like")
    assert "strokes" not in page.url
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".too-long")).to_be_hidden()


def test_two_hundred_reruns_leave_nothing_behind(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("draw")
    said(page, "looks like a 2")  # the example
    session = page.context.new_cdp_session(page)

    def heap() -> float:
        page.wait_for_timeout(500)
        session.send("HeapProfiler.collectGarbage")
        return session.send("Runtime.getHeapUsage")["usedSize"] / 2**20

    def rerun(times: int) -> None:
        button = page.get_by_role("button", name="Any digit")
        for _ in range(times):
            before = page.url
            button.click()
            page.wait_for_function("before => location.href !== before", arg=before)
        settle(page)

    rerun(30)
    before = heap()
    rerun(200)
    assert heap() - before < 8
    assert page.faults == []
