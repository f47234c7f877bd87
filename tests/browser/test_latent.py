"""Knobs and planes of the VAE, the CVAE and the GMVAE in a real browser: turned, dragged, locked, linked."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Locator, Page, expect
from torch import Tensor

from aevb.explore import codes
from aevb.models.base import one_hot
from aevb.ui.shared import loading
from tests.conftest import FRAMES

OPEN = Callable[..., Page]
SETTLE = Callable[[Page], None]
STALE = re.compile(r"\bstale\b")
STROKES = "50285078-9028a028a0509060-90d0"

SET = "(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); }"


@pytest.fixture
def open_scene(open_edition: OPEN) -> Callable[..., Page]:
    """`open_scene("vae", "knobs", digit=3)`: the page once all its images are painted."""
    return lambda name, scene, **query: painted(open_edition(name, scene=scene, **query))


@pytest.fixture
def app_scene(open_page: OPEN) -> Callable[..., Page]:
    """The same in the app."""
    return lambda name, scene, **query: painted(open_page(name, scene=scene, **query))


def painted(page: Page) -> Page:
    """The page, once what was computed is shown and nothing of it is dimmed."""
    expect(page.locator(".decoded figcaption").first).not_to_be_empty()
    expect(page.locator("canvas.sheet[data-painted]").first).to_be_visible()
    expect(page.locator("canvas.stale")).to_have_count(0)
    return page


def pixels(canvas: Locator) -> np.ndarray:
    """What a canvas shows, (H, W) grey levels."""
    height, width, levels = canvas.evaluate(
        """canvas => {
            const { width, height } = canvas;
            const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
            return [height, width, Array.from(data.filter((_, i) => i % 4 === 0))];
        }"""
    )
    return np.array(levels).reshape(height, width)


def decoded(page: Page) -> np.ndarray:
    page.evaluate(FRAMES)
    return pixels(page.locator(".decoded canvas").first)


def tile(sheet: np.ndarray, column: int, row: int = 0) -> np.ndarray:
    return sheet[29 * row : 29 * row + 28, 29 * column : 29 * column + 28]


def same(shown: np.ndarray, x: Tensor) -> None:
    """What is painted is what the library decodes, within two levels of 255."""
    assert np.abs(shown.ravel() - 255 * x.numpy()).max() <= 2


def number(text: str) -> float:
    return float(text.replace("−", "-").replace(",", ""))


def numbers(found: Locator) -> list[float]:
    return [number(text) for text in found.all_text_contents()]


def values(page: Page) -> dict[int, float]:
    """Those of the knobs in sight, by their dimension, counted from 0."""
    names = page.locator(".knob.with-strip b").all_text_contents()
    shown = numbers(page.locator(".knob.with-strip output"))
    return {int(name[1:]) - 1: value for name, value in zip(names, shown, strict=True)}


def linked(page: Page) -> Tensor:
    found = re.search(r"[?&]z=([^&]+)", page.url)
    assert found, page.url
    return torch.tensor([float(value) for value in found[1].split(",")])


def rounded(z: Tensor) -> Tensor:
    return (z * 100).round() / 100


# What the library makes of it


def model_of(name: str) -> Any:
    return loading.checkpoint(name).model


def measures(name: str) -> dict[str, Any]:
    return loading.checkpoint(name).measures


def image(name: str, digit: int) -> Tensor:
    """A test image as the model sees it, (784,)."""
    levels = loading.digits().test.images[digit].flatten()
    return (levels >= 128).float() if model_of(name).observation == "binary" else (levels + 0.5) / 256


def mean(name: str, digit: int, y: int | None = None) -> Tensor:
    """The encoder's mean as the knobs have it, (L,): ε under its choice."""
    model, choice = model_of(name), None if y is None else torch.tensor(y)
    return rounded(codes.style(model, codes.posterior(model, image(name, digit), choice).mean, choice))


def by_use(name: str) -> Sequence[int]:
    return np.argsort(-np.array(measures(name)["use"]), kind="stable").tolist()


# The knobs


def test_a_turned_knob_changes_the_digit_on_the_frame_and_asks_nothing_of_the_server(
    app_scene: Callable[..., Page], settle: SETTLE
) -> None:
    page = app_scene("vae", "knobs", digit=3)
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.reload()
    settle(page)
    painted(page)
    model, x, start = model_of("vae"), image("vae", 3), mean("vae", 3)
    same(decoded(page), codes.decode(model, start))
    first, *others = values(page)
    assert [first, *others] == by_use("vae")[:5]
    box = page.locator(".knob input").first.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.5 * box["width"], middle)
    page.mouse.down()
    sent.clear()
    seen = [decoded(page)]
    for share in (0.6, 0.7, 0.8, 0.9):
        page.mouse.move(box["x"] + share * box["width"], middle)
        seen.append(decoded(page))
        assert np.abs(seen[-1] - seen[-2]).max() > 20
    expect(page.locator(".knob output").first).to_have_text(re.compile("^[34]"))
    assert sent == [] and "z=" not in page.url
    page.mouse.up()
    expect(page).to_have_url(re.compile("z="))
    z = linked(page)
    assert [i for i in range(20) if z[i] != start[i]] == [first]
    assert values(page)[first] == pytest.approx(z[first].item())
    same(decoded(page), codes.decode(model, z))
    joint, before = codes.joint_terms(model, x, z), codes.joint_terms(model, x, start)
    wanted = [joint["likelihood"], joint["prior"], sum(joint.values())]
    gained = [joint[name] - before[name] for name in ("likelihood", "prior")]
    shown = numbers(page.locator(".equation b"))
    assert shown == pytest.approx([float(value) for value in wanted], abs=0.2)
    assert shown[0] + shown[1] == pytest.approx(shown[2])
    gains = [number(text.strip("()+")) for text in page.locator(".term span:last-child").all_text_contents()]
    assert gains[:2] == pytest.approx([float(gain) for gain in gained], abs=0.2)
    assert page.faults == []


def test_a_strip_that_shows_other_values_is_dimmed_until_it_is_redrawn(
    open_scene: Callable[..., Page],
) -> None:
    page = open_scene("vae", "knobs", digit=3)
    knobs = page.locator(".used")
    stale = knobs.evaluate(
        f"""knobs => {{
            ({SET})(knobs.querySelector("input"), -4.65);
            return [...knobs.querySelectorAll(".sheet")].map((sheet) => sheet.classList.contains("stale"));
        }}"""
    )
    assert stale == [False, True, True, True, True], "what the first does stays as it is"
    painted(page)
    z = mean("vae", 3)
    first, second = by_use("vae")[:2]
    z[first] = -4.65
    same(decoded(page), codes.decode(model_of("vae"), z))
    strip = pixels(page.locator(".sheet").nth(1))
    for column, x in enumerate(
        codes.decode(model_of("vae"), codes.along(z, second, torch.arange(-5.0, 6.0)))
    ):
        same(tile(strip, column), x)


def test_keys_images_and_buttons_turn_knobs_and_a_locked_one_stays(
    open_scene: Callable[..., Page],
) -> None:
    page = open_scene("vae", "knobs", digit=1)
    start, (first, second, third) = values(page), by_use("vae")[:3]
    knob, output = page.locator(".knob input").first, page.locator(".knob output")
    knob.press("ArrowRight")
    expect(output.first).not_to_have_text(re.compile(f"^{start[first]:.2f}$".replace("-", "−")))
    assert values(page)[first] == pytest.approx(start[first] + 0.05, abs=0.03)
    knob.press("0")
    expect(output.first).to_have_text("0.00")
    strip = page.locator(".sheet").nth(1)
    box = strip.bounding_box()
    assert box is not None
    strip.click(position={"x": 9.5 / 11 * box["width"], "y": box["height"] / 2})  # the tenth image
    expect(output.nth(1)).to_have_text("4.00")
    expect(page).to_have_url(re.compile("z="))
    page.locator(".lock").nth(1).click()
    expect(page).to_have_url(re.compile(f"locked={second + 1}"))
    page.get_by_role("button", name="Prior mean").click()
    expect(output.nth(2)).to_have_text("0.00")
    assert values(page)[second] == 4
    page.get_by_role("button", name="Random").click()
    expect(output.nth(2)).not_to_have_text("0.00")
    assert values(page)[second] == 4 and linked(page)[second] == 4
    page.locator(".lock").nth(1).click()
    page.locator(".knob input").nth(1).dblclick(position={"x": 10, "y": 10})
    expect(output.nth(1)).to_have_text("0.00")
    page.get_by_role("button", name="Encoder’s mean").click()
    expect(page).not_to_have_url(re.compile("z=|locked="))
    same(decoded(page), codes.decode(model_of("vae"), mean("vae", 1)))
    page.locator("h2").first.click()
    page.keyboard.press("r")  # a draw from q, near its mean
    expect(page).to_have_url(re.compile("z="))
    q = codes.posterior(model_of("vae"), image("vae", 1))
    assert ((linked(page) - q.mean) / q.stddev).abs().max() < 5.5
    page.get_by_text("All 20 dimensions").click()
    expect(page.locator(".rest output").last).to_have_text(re.compile(r"\d\.\d\d"))
    assert page.locator(".knob").count() == 20 and third in values(page)
    assert page.faults == []


def test_the_dial_goes_from_label_to_label_and_between(
    app_scene: Callable[..., Page], open_page: OPEN, settle: SETTLE
) -> None:
    page = app_scene("cvae", "knobs", digit=0)
    model, epsilon = model_of("cvae"), mean("cvae", 0, 7)
    caption = page.locator(".decoded figcaption").first
    expect(caption).to_have_text("label 7")
    strip = pixels(page.locator(".choices canvas"))
    for y, x in enumerate(codes.write(model, epsilon, torch.arange(10))):
        same(tile(strip, y), x)
    page.locator(".choices button").nth(2).click()
    expect(caption).to_have_text("label 2")
    expect(page).to_have_url(re.compile("choice=2"))
    same(decoded(page), codes.write(model, epsilon, torch.tensor(2)))
    dial = page.get_by_role("slider", name="label", exact=True)
    for _ in range(5):
        dial.press("ArrowRight")
    expect(caption).to_have_text("75 % 2, 25 % 3")
    expect(page).to_have_url(re.compile("choice=2.25"))
    weights = torch.lerp(*one_hot(torch.tensor([2, 3]), 10), 0.25)
    same(decoded(page), codes.write(model, epsilon, weights))
    page.reload()
    settle(page)
    painted(page)
    expect(caption).to_have_text("75 % 2, 25 % 3")
    same(decoded(page), codes.write(model, epsilon, weights))
    page.get_by_label("Test digit", exact=True).last.fill("1")
    page.keyboard.press("Enter")
    expect(caption).to_have_text("label 2")  # digit 1 is a 2
    expect(page).to_have_url(re.compile("digit=1"))
    assert "choice=" not in page.url
    assert page.faults == []


def test_a_place_is_shown_in_every_cluster(open_scene: Callable[..., Page]) -> None:
    page = open_scene("gmvae", "knobs", digit=4, choice="0s", z=",".join(["0.5"] * 64))
    model, epsilon = model_of("gmvae"), torch.full((64,), 0.5)
    order, titles = measures("gmvae")["order"], measures("gmvae")["titles"]
    expect(page.locator(".decoded figcaption").first).to_have_text(f"cluster {titles[0]}")
    strip = pixels(page.locator(".choices canvas"))
    for k, x in enumerate(codes.write(model, epsilon, torch.tensor(order))):
        same(tile(strip, k), x)
    page.get_by_role("slider", name="cluster", exact=True).press("End")
    expect(page.locator(".decoded figcaption").first).to_have_text(f"cluster {titles[-1]}")
    same(decoded(page), codes.write(model, epsilon, torch.tensor(order[-1])))
    page.get_by_role("button", name="Encoder’s mean").click()
    expect(page).not_to_have_url(re.compile("z="))
    own = int(model.responsibilities(image("gmvae", 4)[None])[0].argmax())
    same(decoded(page), codes.write(model, mean("gmvae", 4, own), torch.tensor(order[-1])))


# The plane


def test_the_plane_is_moved_over_by_pointer_and_keys(app_scene: Callable[..., Page], settle: SETTLE) -> None:
    page = app_scene("vae", "plane", digit=3)
    pad, caption = page.locator(".pad canvas"), page.locator(".picture:has(.pad) figcaption")
    before = decoded(page)
    box = pad.bounding_box()
    assert box is not None

    def at(x: float, y: float) -> tuple[float, float]:
        return box["x"] + box["width"] * (x + 4) / 8, box["y"] + box["height"] * (4 - y) / 8

    page.mouse.move(*at(-1, 0))
    page.mouse.down()
    expect(caption).to_have_text("PCA 1 −1.0, PCA 2 0.0")  # a press is enough
    page.mouse.move(*at(2, 2), steps=5)
    expect(caption).to_have_text("PCA 1 2.0, PCA 2 2.0")
    assert not np.array_equal(decoded(page), before)
    expect(page.locator("canvas.stale")).to_have_count(0)  # in the plane its images stay what they are
    page.mouse.up()
    expect(page).to_have_url(re.compile("z="))
    z, found = linked(page), measures("vae")
    coordinates = np.array(found["directions"][:2]) @ (z.numpy() - np.array(found["centre"]))
    assert coordinates == pytest.approx([2, 2], abs=0.1)
    same(decoded(page), codes.decode(model_of("vae"), z))

    first, second = (f"z{i + 1}" for i in by_use("vae")[:2])
    page.get_by_label("Across").select_option(label=first)
    page.get_by_label("Up").select_option(label=second)
    expect(page).to_have_url(re.compile(f"plane={first[1:]},{second[1:]}"))
    pad.press("ArrowRight")
    pad.press("Shift+ArrowDown")
    z[by_use("vae")[0]] += 0.1
    z[by_use("vae")[1]] -= 0.5
    expect(page).to_have_url(re.compile(f"z={','.join(f'{value:g}' for value in rounded(z).tolist())}&"))
    page.get_by_label("Up").select_option(label=first)  # the other axis's: the two change places
    expect(page.get_by_label("Across")).to_have_value(second[1:])
    expect(page).to_have_url(re.compile(f"plane={second[1:]},{first[1:]}"))
    page.reload()
    settle(page)
    painted(page)
    expect(page.get_by_label("Up")).to_have_value(first[1:])
    assert page.faults == []


def test_nothing_in_the_plane_shows_another_digit_than_the_one_that_is_decoded(
    open_scene: Callable[..., Page],
) -> None:
    page = open_scene("cvae", "plane", digit=0)
    body = page.locator(".instrument")
    stale = body.evaluate(
        f"""body => {{
            ({SET})(body.querySelector(".decoded input"), 4.5);
            return body.querySelector(".pad canvas").classList.contains("stale");
        }}"""
    )
    assert stale, "the images under another label are dimmed at once"
    painted(page)
    model, epsilon = model_of("cvae"), mean("cvae", 0, 7)
    weights = torch.lerp(*one_hot(torch.tensor([4, 5]), 10), 0.5)
    found = measures("cvae")
    u = torch.tensor(found["directions"][:2])
    x0, y0 = u @ (epsilon - torch.tensor(found["centre"]))
    sheet = pixels(page.locator(".pad canvas"))
    for column, row in ((0, 0), (4, 4), (8, 3)):
        x, y = 4 * ((2 * column + 1) / 9 - 1), -4 * ((2 * row + 1) / 9 - 1)
        place = rounded((epsilon + (x - x0) * u[0] + (y - y0) * u[1]).clamp(-5, 5))
        shown, wanted = tile(sheet, column, row).ravel(), 255 * codes.write(model, place, weights).numpy()
        assert np.abs(shown - wanted).mean() < 1  # a value may be rounded the other way


def test_scenes_share_the_place_and_back_restores_it(open_scene: Callable[..., Page], settle: SETTLE) -> None:
    page = open_scene("vae", "plane", digit=5)
    page.locator(".pad canvas").click(position={"x": 60, "y": 60})
    expect(page).to_have_url(re.compile("z="))
    z, there = linked(page), decoded(page)
    page.locator("[data-scene=knobs]").click()
    painted(page)
    assert np.array_equal(decoded(page), there)
    assert values(page) == pytest.approx({i: z[i].item() for i in by_use("vae")[:5]})
    page.get_by_role("button", name="Prior mean").click()
    expect(page).to_have_url(re.compile("z=0,0"))
    page.go_back()
    painted(page)
    expect(page.locator(".pad canvas")).to_be_visible()
    assert np.array_equal(decoded(page), there) and linked(page).equal(z)
    assert page.faults == []


# Links, drawings, failures


@pytest.mark.parametrize(("name", "scene"), [("vae", "knobs"), ("cvae", "plane"), ("gmvae", "knobs")])
def test_a_drawing_stands_in_the_place_of_a_digit(
    open_scene: Callable[..., Page], name: str, scene: str
) -> None:
    page = open_scene(name, scene, strokes=STROKES)
    expect(page.locator(".decoded figcaption").last).to_have_text("your drawing")
    assert decoded(page).max() > 100
    page.get_by_role("button", name="Another 7").click()
    expect(page.locator(".decoded figcaption").last).to_have_text(re.compile("a 7$"))
    expect(page).not_to_have_url(re.compile("strokes"))
    assert page.faults == []


def test_what_a_link_says_without_sense_is_told(open_scene: Callable[..., Page]) -> None:
    page = open_scene("cvae", "plane", z="1,2", choice="12", plane="pca9,3")
    expect(page.locator(".warning")).to_contain_text("z, choice and plane could not be read")
    expect(page).not_to_have_url(re.compile("z=|choice=|plane=pca"))
    same(decoded(page), codes.write(model_of("cvae"), mean("cvae", 0, 7), torch.tensor(7)))


def test_weights_that_do_not_come_are_told_and_tried_again(open_page: OPEN) -> None:
    page = open_page("", wait=False)
    page.route("**/weights/**", lambda route: route.abort())
    page.goto(f"{page.url.rstrip('/')}/vae?scene=knobs")
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text(
        "The model could not be loaded. The server did not answer.", timeout=60_000
    )
    page.unroute("**/weights/**")
    notice.get_by_role("button", name="Try again").click()
    painted(page)
    expect(notice).to_have_count(0)
    same(decoded(page), codes.decode(model_of("vae"), mean("vae", 0)))


@pytest.mark.parametrize("host", ["app", "static"])
def test_weights_on_a_slow_line_are_waited_for_as_long_as_they_come(
    open_page: OPEN, new_page: OPEN, server, served: str, host: str
) -> None:
    if host == "app":
        page = open_page("vae", scene="prior")
    else:
        page = new_page(served, stays=served)
        page.locator(".explorer[data-shown]").wait_for()
    # A minute lasts 0.6 s here, and a model's weights come in pieces within twice of that.
    page.evaluate(
        """() => {
            const { fetch: bring, setTimeout: later } = window, { timeout } = AbortSignal;
            AbortSignal.timeout = (ms) => timeout.call(AbortSignal, ms / 100);
            window.setTimeout = (f, ms, ...more) => later(f, ms === 60_000 ? 600 : ms, ...more);
            window.fetch = async (url, init) => {
                const answer = await bring(url);
                if (!/weights/.test(url)) return answer;
                const bytes = new Uint8Array(await answer.arrayBuffer()), size = Math.ceil(bytes.length / 8);
                let sent = 0;
                return new Response(new ReadableStream({
                    async pull(out) {
                        await new Promise((done) => later(done, 150));
                        if (init.signal.aborted) return out.error(init.signal.reason);
                        if (window.silent) return later(() => out.error(init.signal.reason), 900);
                        out.enqueue(bytes.slice(sent, sent += size));
                        if (sent >= bytes.length) out.close();
                    },
                }));
            };
            window.silent = true;
        }"""
    )
    page.locator("a", has_text="Conditional VAE").first.click()
    page.locator(".explorer[data-page=cvae][data-shown]").wait_for()
    notice = page.locator(".notice")
    expect(notice).to_contain_text("The model could not be loaded. The server took too long.")
    page.evaluate("silent = false")
    notice.get_by_role("button", name="Try again").click()
    page.locator(".live").first.wait_for()
    expect(notice).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_the_image_stays_in_sight_above_the_knobs(open_edition: OPEN, scheme: str) -> None:
    page = open_edition("cvae", scene="knobs", width=390, height=844, color_scheme=scheme)
    painted(page)
    page.locator(".knob input").nth(4).evaluate("knob => knob.scrollIntoView({ block: 'end' })")
    for selector in (".decoded canvas", ".choices", ".decoded input"):
        box = page.locator(selector).first.bounding_box()
        assert box is not None and box["y"] >= 0 and box["y"] + box["height"] <= 844
    paper = page.locator(".decoded").evaluate("element => getComputedStyle(element).backgroundColor")
    assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(16, 21, 31)"}[scheme]


@pytest.mark.parametrize("name", ["vae", "cvae", "gmvae"])
def test_on_a_phone_on_its_side_and_zoomed_in_no_knob_is_covered(open_edition: OPEN, name: str) -> None:
    page = painted(open_edition(name, scene="knobs", width=640, height=360))
    controls = page.locator(".knobs :is(input[type=range], .lock, .controls button, .chooser input)")
    reached = 0
    for control in controls.all():
        if not control.is_visible():
            continue
        control.evaluate("control => control.scrollIntoView({ block: 'center' })")
        box = control.bounding_box()
        assert box is not None
        covering = """([control, x, y]) => {
            const at = control.getRootNode().elementFromPoint(x, y);
            return at === control || control.contains(at) ? "" : at.outerHTML.slice(0, 99);
        }"""
        at = [control.element_handle(), box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
        assert page.evaluate(covering, at) == ""
        reached += 1
    assert reached > 8


# The walk


def test_a_walk_leads_from_digit_to_digit_and_asks_again_for_one_that_did_not_come(
    open_page: OPEN,
) -> None:
    page = open_page("vae", scene="walk", digit=0, to=3)
    steps, large = page.locator(".steps canvas"), page.locator(".large canvas")
    expect(page.locator(".steps button").last).to_have_attribute("aria-label", "digit 3, a 0")
    model = model_of("vae")
    start, end = (codes.posterior(model, image("vae", digit)).mean for digit in (0, 3))
    for step, z in zip((0, 4, 9), codes.walk(start, end, 10)[[0, 4, 9]], strict=True):
        same(pixels(steps.nth(step)), codes.decode(model, z))
    page.locator(".steps button").last.click()
    page.evaluate(FRAMES)
    assert np.array_equal(pixels(large), pixels(steps.last))
    page.locator(".steps button").nth(4).click()
    page.get_by_role("button", name="Play").click()
    along = page.get_by_role("slider", name="along the way")
    along.fill("0.1")  # who moves it while it plays, stops it there
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    expect(along).to_have_value("0.1")
    page.route("**/digits/**", lambda route: route.abort())
    field = page.get_by_role("spinbutton", name="to test digit")
    field.fill("5000")
    field.press("Enter")
    notice = page.locator(".walk [role=alert]")
    expect(notice).to_contain_text("The digits could not be loaded.")
    page.unroute("**/digits/**")
    notice.get_by_role("button", name="Try again").click()
    expect(page.locator(".steps button").last).to_have_attribute("aria-label", re.compile("^digit 5000, "))
    expect(notice).to_have_count(0)
    page.get_by_role("button", name="straight").click()
    z = torch.lerp(start, codes.posterior(model, image("vae", 5000)).mean, 4 / 9)
    same(pixels(steps.nth(4)), codes.decode(model, z))
    assert page.faults == []
