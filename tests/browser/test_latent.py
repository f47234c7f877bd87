"""The live sliders of the VAE, the CVAE and the GMVAE in a real browser: dragged, nudged, locked, linked."""

import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from playwright.sync_api import Locator, Page, expect

from aevb import checkpoints, clustering, explore
from aevb.models.cvae import one_hot
from aevb.ui import cvae, gmvae, latents, vae
from tests.visitors import listen

OPEN = Callable[..., Page]
SETTLE = Callable[[Page], None]
PARAMS = {"vae": "z", "cvae": "style", "gmvae": "place"}


@pytest.fixture
def open_sliders(open_page: OPEN) -> Callable[..., tuple[Page, Locator]]:
    """`open_sliders("vae", digit=3)`: the page, and its sliders once the model is there."""

    def open_(name: str, **query: object) -> tuple[Page, Locator]:
        if name not in checkpoints.shipped():
            pytest.skip(f"checkpoints/{name} is not there")
        page = open_page(name, **query)
        found = page.locator(f".st-key-{PARAMS[name]}_sliders")
        ready(found)
        return page, found

    return open_


def ready(sliders: Locator) -> None:
    """The image is painted and the pad's thumbnails too."""
    expect(sliders.locator(".decoded")).to_have_attribute("aria-label", re.compile("."), timeout=60_000)
    sliders.scroll_into_view_if_needed()
    sliders.page.wait_for_timeout(500)


def pixels(canvas: Locator) -> np.ndarray:
    """What a canvas shows, (H, W) grey levels."""
    grey = canvas.evaluate(
        """canvas => {
            const { width, height } = canvas
            const data = canvas.getContext('2d').getImageData(0, 0, width, height).data
            return [height, width, Array.from(data.filter((_, i) => i % 4 === 0))]
        }"""
    )
    return np.array(grey[2]).reshape(grey[:2])


def decoded(sliders: Locator) -> np.ndarray:
    return pixels(sliders.locator(".decoded"))


def values(sliders: Locator) -> list[float]:
    """Of all sliders, in the order in which they are shown."""
    shown = sliders.locator(".slider output").all_text_contents()
    return [float(value.replace("−", "-")) for value in shown]


def linked(page: Page, param: str) -> torch.Tensor:
    return torch.tensor(
        latents.parse(re.search(rf"[?&]{param}=([^&]+)", page.url)[1].replace("%2C", ","), COUNT[param])
    )


COUNT = {"z": 20, "style": 20, "place": 64}


def same(painted: np.ndarray, x: torch.Tensor) -> None:
    """What is painted is what Python decodes, within two levels of 255."""
    assert np.abs(painted.ravel() - 255 * x.numpy()).max() <= 2


def test_a_dragged_slider_repaints_the_image_and_tells_the_server_on_release(
    open_sliders: Callable[..., tuple[Page, Locator]], settle: SETTLE
) -> None:
    page, sliders = open_sliders("vae", digit=3)
    frames = listen(page, settle)
    ready(sliders)
    before, start = decoded(sliders), values(sliders)
    terms = sliders.locator(".terms dd").all_inner_texts()
    box = sliders.locator(".slider input").first.bounding_box()
    assert box is not None
    across = [box["x"] + share * box["width"] for share in (0.5, 0.6, 0.7, 0.8, 0.9)]
    page.mouse.move(across[0], box["y"] + box["height"] / 2)
    page.mouse.down()
    frames.clear()
    seen = []
    for x in across[1:]:
        page.mouse.move(x, box["y"] + box["height"] / 2)
        page.wait_for_timeout(120)
        seen.append(decoded(sliders))
    assert all(np.abs(a - b).max() > 20 for a, b in zip([before, *seen], seen, strict=False))
    assert sliders.locator(".terms dd").all_inner_texts() != terms
    page.wait_for_timeout(500)
    assert frames == [], "nothing crosses the wire before the release"
    assert "z=" not in page.url
    page.mouse.up()
    expect(page).to_have_url(re.compile("z="))
    settle(page)
    after = values(sliders)
    assert 3 < after[0] <= 5 and after[1:] == start[1:]
    assert np.array_equal(decoded(sliders), seen[-1])
    z = linked(page, "z")
    assert [round(float(z[i]), 2) for i in latents.order("vae")] == after
    same(seen[-1], explore.decode(vae.model("vae"), z))
    numbers = sliders.locator(".terms dd").all_inner_texts()
    joint = explore.joint_terms(vae.model("vae"), vae.image(3), z)
    wanted = [joint["likelihood"].item(), joint["prior"].item(), sum(joint.values()).item()]
    shown = [float(number.replace("−", "-").replace(",", "")) for number in numbers]
    assert shown == pytest.approx(wanted, abs=0.2)
    assert page.faults == []


def test_keys_nudge_and_reset_a_slider_and_buttons_lead_back(
    open_sliders: Callable[..., tuple[Page, Locator]], settle: SETTLE
) -> None:
    page, sliders = open_sliders("vae")
    before, start = decoded(sliders), values(sliders)
    slider = sliders.get_by_role("slider", name=latents.name(latents.order("vae")[0]), exact=True)
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(100)
    assert values(sliders)[0] == pytest.approx(start[0] + 0.1, abs=0.03)
    assert float(slider.get_attribute("aria-valuetext").replace("−", "-")) == values(sliders)[0]
    assert not np.array_equal(decoded(sliders), before)
    page.keyboard.press("0")
    expect(page).to_have_url(re.compile("z="))
    settle(page)
    assert values(sliders) == [0, *start[1:]]
    sliders.get_by_role("button", name="Posterior mean").click()
    expect(page).not_to_have_url(re.compile("z="))
    assert np.array_equal(decoded(sliders), before)
    slider.dblclick(position={"x": 10, "y": 20})
    expect(page).to_have_url(re.compile("z="))
    assert values(sliders)[0] == 0


def test_a_locked_slider_stays_where_it_is(
    open_sliders: Callable[..., tuple[Page, Locator]], settle: SETTLE
) -> None:
    page, sliders = open_sliders("vae", digit=1)
    start = values(sliders)
    lock = sliders.locator(".lock").nth(2)
    lock.click()
    expect(lock).to_have_attribute("aria-pressed", "true")
    sliders.get_by_role("button", name="Random").click()
    expect(page).to_have_url(re.compile("z="))
    random = values(sliders)
    assert random[2] == start[2]
    assert all(a != b for i, (a, b) in enumerate(zip(start, random, strict=True)) if i != 2)
    pad = sliders.locator(".pad")
    pad.click(position={"x": 60, "y": 60})
    page.wait_for_timeout(100)
    assert values(sliders)[2] == start[2] and values(sliders) != random
    lock.click()
    sliders.get_by_role("button", name="Random").click()
    page.wait_for_timeout(100)
    assert values(sliders)[2] != start[2]


def test_the_pad_moves_two_directions_at_once(
    open_sliders: Callable[..., tuple[Page, Locator]], settle: SETTLE
) -> None:
    page, sliders = open_sliders("vae", digit=3)
    frames = listen(page, settle)
    ready(sliders)
    pad, before = sliders.locator(".pad"), decoded(sliders)
    assert pixels(pad).mean() > 10, "thumbnails of the plane are there"
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    frames.clear()
    page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"], steps=5)
    page.wait_for_timeout(150)
    assert not np.array_equal(decoded(sliders), before) and frames == []
    assert pad.get_attribute("aria-valuetext") == "PCA 1 2.0, PCA 2 2.0"
    page.mouse.up()
    expect(page).to_have_url(re.compile("z="))
    settle(page)
    z = linked(page, "z")
    centre, directions = latents.directions("vae")
    assert directions[:2] @ (z.numpy() - centre) == pytest.approx([2, 2], abs=0.1)
    same(decoded(sliders), explore.decode(vae.model("vae"), z))

    used = [latents.name(i) for i in latents.order("vae")[:2]]
    for side, name in zip((".across", ".up"), used, strict=True):
        sliders.locator(side).select_option(name)
    pad.focus()
    before_keys = values(sliders)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    page.wait_for_timeout(100)
    after = values(sliders)
    assert after[0] == pytest.approx(before_keys[0] + 0.1, abs=0.011)
    assert after[1] == pytest.approx(before_keys[1] - 0.5, abs=0.011)
    assert after[2:] == before_keys[2:]
    sliders.locator(".up").select_option(used[0])  # the other axis's: the two change places
    assert sliders.locator(".across").input_value() == used[1]
    number, other = latents.order("vae")[:2]
    expect(page).to_have_url(re.compile(rf"plane={other + 1}%2C{number + 1}"))
    settle(page)
    page.reload()
    settle(page)
    ready(sliders)
    assert [sliders.locator(side).input_value() for side in (".across", ".up")] == used[::-1]
    assert page.faults == []


def test_the_dial_goes_from_label_to_label_and_between(
    open_sliders: Callable[..., tuple[Page, Locator]], settle: SETTLE
) -> None:
    page, sliders = open_sliders("cvae", digit=0)
    model, epsilon = cvae.model("cvae"), torch.tensor(latents.rounded(cvae.style("cvae", 0)))
    caption = sliders.locator("figcaption").first
    expect(caption).to_have_text("written as 7")
    for label in range(10):
        painted = pixels(sliders.locator(".strip canvas").nth(label))
        same(painted, explore.write(model, epsilon, torch.tensor(label)))
    sliders.locator(".strip button").nth(2).click()
    expect(caption).to_have_text("written as 2")
    expect(page).to_have_url(re.compile("label=2"))
    settle(page)
    same(decoded(sliders), explore.write(model, epsilon, torch.tensor(2)))
    sliders.get_by_role("slider", name="label", exact=True).focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(caption).to_have_text("75 % 2, 25 % 3")
    expect(page).to_have_url(re.compile("label=2.25"))
    weights = torch.lerp(*one_hot(torch.tensor([2, 3]), 10), 0.25)
    same(decoded(sliders), explore.write(model, epsilon, weights))
    settle(page)
    other = sliders_of(page.context.browser.new_context().new_page(), page.url)
    expect(other.locator("figcaption").first).to_have_text("75 % 2, 25 % 3")
    assert np.array_equal(decoded(other), decoded(sliders))
    other.page.context.close()
    page.get_by_label("Test digit", exact=True).fill("1")
    page.keyboard.press("Enter")
    expect(caption).to_have_text("written as 2")  # digit 1 is a 2
    expect(page).not_to_have_url(re.compile("label="))
    assert page.faults == []


def sliders_of(page: Page, url: str) -> Locator:
    page.goto(url)
    found = page.locator(".st-key-style_sliders")
    ready(found)
    return found


def test_a_place_is_shown_in_every_cluster(
    open_sliders: Callable[..., tuple[Page, Locator]], settle: SETTLE
) -> None:
    page, sliders = open_sliders("gmvae", digit=4)
    model, order = gmvae.model("gmvae"), gmvae.scored("gmvae").order
    before = [pixels(canvas) for canvas in sliders.locator(".strip canvas").all()]
    sliders.locator(".slider input").first.focus()
    for _ in range(30):
        page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("place="))
    settle(page)
    after = [pixels(canvas) for canvas in sliders.locator(".strip canvas").all()]
    assert all(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    z = clustering.latents(model, linked(page, "place")[None])[:, 0]
    for painted, cluster in zip(after, order, strict=True):
        same(painted, clustering.decode(model, z[cluster]))
    page.keyboard.press("Tab")
    sliders.get_by_role("slider", name="cluster").focus()
    page.keyboard.press("Home")
    title = gmvae.titles("gmvae")[0]
    expect(sliders.locator("figcaption").first).to_have_text(f"cluster of {title}")
    expect(page).to_have_url(re.compile(f"cluster={title}"))
    assert np.array_equal(decoded(sliders), pixels(sliders.locator(".strip canvas").first))
    sliders.locator("summary").click()
    expect(sliders.locator(".slider").last).to_be_visible()
    assert page.faults == []


def test_another_digit_starts_at_its_own_place(
    open_sliders: Callable[..., tuple[Page, Locator]], settle: SETTLE
) -> None:
    page, sliders = open_sliders("vae", z=",".join(["1.5"] * 20))
    assert values(sliders) == [1.5] * 20
    page.get_by_label("Test digit", exact=True).fill("3")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("digit=3"))
    settle(page)
    expect(sliders.locator("figcaption").last).to_have_text("digit 3, a 0")
    mean = latents.rounded(vae.posterior("vae", 3)[0])
    assert values(sliders) == [mean[i] for i in latents.order("vae")]
    same(decoded(sliders), explore.decode(vae.model("vae"), torch.tensor(mean)))
    assert "z=" not in page.url
    assert (pixels(sliders.locator(".original")).ravel() == (255 * vae.image(3).numpy()).round()).all()


def test_weights_that_do_not_come_are_told_and_tried_again(open_page: OPEN, settle: SETTLE) -> None:
    page = open_page("", wait=False)
    page.route("**/weights/**", lambda route: route.abort())
    page.goto(page.url.rstrip("/") + "/vae")
    sliders = page.locator(".st-key-z_sliders")
    notice = sliders.get_by_role("alert")
    expect(notice).to_contain_text(
        "The model could not be loaded. The server did not answer.", timeout=60_000
    )
    page.unroute("**/weights/**")
    notice.get_by_role("button", name="Try again").click()
    expect(sliders.locator(".decoded")).to_have_attribute("aria-label", "decoded λ")
    expect(notice).to_have_count(0)
    mean = torch.tensor(latents.rounded(vae.posterior("vae", 0)[0]))
    same(decoded(sliders), explore.decode(vae.model("vae"), mean))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_the_image_stays_in_sight(
    open_sliders: Callable[..., tuple[Page, Locator]], scheme: str
) -> None:
    page, sliders = open_sliders("cvae", width=400, height=800, color_scheme=scheme)
    main = page.locator("[data-testid=stMain]")
    assert main.evaluate("main => main.scrollWidth - main.clientWidth") <= 0
    for element in sliders.locator("canvas, input, button, select").all():
        box = element.bounding_box()
        assert box is None or (box["x"] >= 0 and box["x"] + box["width"] <= 400)
    sliders.locator(".slider input").last.evaluate("slider => slider.scrollIntoView({block: 'end'})")
    page.wait_for_timeout(300)
    for selector in (".decoded", ".strip", ".dial"):
        box = sliders.locator(selector).bounding_box()
        assert box is not None and box["y"] >= 0 and box["y"] + box["height"] <= 800
    ink, paper = sliders.locator(".view").evaluate(
        "view => [getComputedStyle(view).color, getComputedStyle(view).backgroundColor]"
    )
    light, dark = ("rgb(255, 255, 255)", "rgb(16, 21, 31)")
    assert paper == (light if scheme == "light" else dark) and ink != paper


def test_two_hundred_reruns_leave_no_heap_behind(
    open_sliders: Callable[..., tuple[Page, Locator]], settle: SETTLE
) -> None:
    page, sliders = open_sliders("cvae", digit=0)
    devtools = page.context.new_cdp_session(page)

    def heap() -> float:
        devtools.send("HeapProfiler.collectGarbage")
        return devtools.send("Runtime.getHeapUsage")["usedSize"] / 2**20

    def rerun(times: int) -> None:
        slider = sliders.locator(".slider input").first
        slider.focus()
        for i in range(times):
            url = page.evaluate("location.href")  # page.url may lag behind
            page.keyboard.press("ArrowRight" if i % 2 == 0 else "ArrowLeft")
            page.wait_for_function("url => location.href !== url", arg=url, polling=20)

    rerun(10)
    settle(page)
    before = heap()
    rerun(200)
    settle(page)
    assert heap() - before < 5, "MiB"
