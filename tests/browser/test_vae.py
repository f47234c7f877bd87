"""The VAE's own scenes in a real browser: what they say is what their cells compute."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from aevb.ui.vae import cells
from tests.conftest import FRAMES
from tests.test_cells import run, told

OPEN = Callable[..., Page]


def number(text: str) -> float:
    return float(text.replace("−", "-").replace(",", ""))


def test_a_pixels_level_its_noise_and_its_density(open_edition: OPEN) -> None:
    page = open_edition("vae", scene="normalisation", digit=3, seed=5)
    words = page.locator(".told")
    for pixel in (None, 30):
        if pixel is not None:  # black, near the upper left corner
            page.goto(page.url + f"&pixel={pixel}")
        _, printed, names = run("vae", "normalisation", digit=3, seed=5, pixel=pixel)
        place = names["chosen"]
        expect(words).to_contain_text(f"Row {place // 28 + 1}, column {place % 28 + 1}: level")
        expect(words).to_contain_text(f"= {told(printed, 'x ='):.4f}")
        expect(words).to_contain_text(f"{told(printed, 'nats of the pixel,'):,.1f} over all 784 pixels")
    page.get_by_role("application", name="digit 3").press("ArrowDown")
    expect(page).to_have_url(re.compile("pixel=58"))
    expect(words).to_contain_text("Row 3, column 3: level 0")
    page.get_by_role("button", name="Noise again").click()
    expect(page).not_to_have_url(re.compile("seed=5(&|$)"))
    assert page.faults == []


def test_down_the_reverse_kl_q_keeps_one_mode_and_down_the_forward_one_both(open_edition: OPEN) -> None:
    page = open_edition("vae", scene="forcing")
    page.emulate_media(reduced_motion="reduce")
    numbers = page.locator(".divergences b")

    def says(**place: list[float] | float) -> None:
        expect(numbers).to_have_text([f"{value:.2f} nats" for value in cells.forcing(**place).values()])

    says()
    descend = page.get_by_role("button", name="Descend")
    descend.click()
    says(q=[-2, 0.5])  # the heavier mode: -log 0.6
    expect(page).to_have_url(re.compile(r"q=-2,0\.5"))
    page.get_by_role("button", name="forward").click()
    descend.click()
    says(q=[-0.4, 2.022])
    page.get_by_role("slider", name="q’s mean and width").press("ArrowLeft")
    expect(page).to_have_url(re.compile(r"q=-0\.5,2\.022"))
    page.get_by_role("slider", name="modes apart").press("ArrowLeft")
    says(q=[-0.5, 2.022], apart=3.9)
    # The landscape is drawn on the frame, however many moves of the pointer come in one.
    page.get_by_role("button", name="reverse, KL").click()
    says(q=[-0.5, 2.022], apart=3.9)
    moved, drawn = page.evaluate(
        """async () => {
            const range = document.querySelector(".forcing input[type=range]"), { log1p } = Math;
            let count = 0;
            Math.log1p = (x) => (count++, log1p(x));
            for (const value of [3.5, 3]) {
                range.value = value;
                range.dispatchEvent(new Event("input", { bubbles: true }));
            }
            const moved = count;
            await new Promise(requestAnimationFrame);
            Math.log1p = log1p;
            return [moved, count - moved];
        }"""
    )
    landscape = 41**2 * 121
    assert moved < 0.1 * landscape <= landscape < drawn < 1.1 * landscape
    says(q=[-0.5, 2.022], apart=3)
    assert page.faults == []


def test_an_image_s_own_q_is_raised_as_torch_raises_it(open_edition: OPEN) -> None:
    page = open_edition("vae", scene="amortised", digit=8, start="prior")
    page.get_by_role("button", name="100", exact=True).click()
    expect(page).to_have_url(re.compile("steps=100"))
    _, printed, _ = run("vae", "amortised", digit=8, start="prior", steps="100")
    done = page.locator(".instrument[aria-busy=false]")
    done.wait_for()
    expect(page.locator(".gap")).to_contain_text("nats worse than the encoder’s")
    shown = [float(cell.replace(",", "")) for cell in page.locator("td:nth-child(2)").all_inner_texts()]
    assert shown == pytest.approx([told(printed, "encoder"), told(printed, "own q")], abs=0.5)
    page.get_by_role("button", name="from the encoder").click()
    page.locator(".instrument[aria-busy=true]").wait_for()
    done.wait_for()
    expect(page.locator(".gap")).to_contain_text("nats better than the encoder’s")
    assert page.faults == []


def test_the_evidence_by_draws_from_the_prior_is_far_too_low_as_torch_finds_it(open_edition: OPEN) -> None:
    page = open_edition("vae", scene="evidence", digit=8, draws="100")
    done, columns = page.locator(".instrument[aria-busy=false]"), page.locator(".column")
    done.wait_for()
    said = page.locator(".sum")
    expect(columns.first).to_have_attribute("aria-pressed", "true")
    expect(said).to_contain_text("100 draws, all 20 from the prior")
    assert columns.locator("b").all_inner_texts() == ["all 20", "10", "5", "2", "1", "none"]

    def of_torch(count: int | None) -> float:
        return told(run("vae", "evidence", digit=8, draws="100", from_prior=count)[1], "by 100 draws:")

    shown = [
        float(text.replace(",", ""))
        for text in columns.locator(":scope > span:nth-of-type(1)").all_inner_texts()
    ]
    assert shown == pytest.approx([of_torch(count) for count in (None, 10, 5, 2, 1, 0)], abs=1)
    assert shown[0] < shown[-1] - 100
    columns.last.click()
    expect(page).to_have_url(re.compile("from_prior=0"))
    expect(said).to_contain_text("100 draws, all by the encoder")
    page.get_by_role("button", name="Again").click()
    page.locator(".instrument[aria-busy=true]").wait_for()
    done.wait_for()
    assert abs(float(re.findall(r"([\d,.]+) nats", said.inner_text())[0].replace(",", "")) - of_torch(0)) < 30
    page.goto(re.sub("from_prior=0", "from_prior=7", page.url))
    expect(page.get_by_text("This link’s from_prior could not be read")).to_be_visible()
    expect(columns.first).to_have_attribute("aria-pressed", "true")
    assert page.faults == []


def test_a_small_vae_learns_in_the_page_and_its_link_learns_the_same(open_edition: OPEN) -> None:
    page = open_edition("vae", scene="ascent")
    learn, when = page.get_by_role("button", name="Learn", exact=True), page.locator(".when")
    expect(when).to_have_text("Step 0: nothing has been learned yet")
    few = page.get_by_role("button", name="25 steps")
    digest = "(canvas) => canvas.toDataURL()"
    pictures, places = page.locator("canvas.sheet"), page.locator(".planes canvas:not(.sheet)")

    def take(moves: str, course: str) -> tuple[bool, bool]:
        """Whether the map has moved, and whether the pictures have."""
        before = places.evaluate(digest), pictures.evaluate(digest)
        page.get_by_role("button", name=moves).click()
        few.click()
        expect(page).to_have_url(re.compile(f"course={course}(&|$)"))
        expect(few).to_be_enabled()
        page.evaluate(FRAMES)
        return places.evaluate(digest) != before[0], pictures.evaluate(digest) != before[1]

    assert take("both: AEVB", "B25") == (True, True)
    learn.click()
    page.wait_for_function("parseInt(document.querySelector('.when').innerText.slice(5)) >= 90")
    page.get_by_role("button", name="Pause").click()
    expect(learn).to_be_enabled()
    steps = int(re.findall(r"Step (\d+)", when.inner_text())[0])  # the link may still say those of before
    assert steps >= 90
    expect(page).to_have_url(re.compile(f"course=B{steps}(&|$)"))
    assert take("θ: M-steps", f"B{steps},M25") == (False, True)
    assert take("φ: E-steps", f"B{steps},M25,E25") == (True, False)
    expect(when).to_have_text(f"Step {steps + 50}: E-step: the encoder moves, the decoder stands still")
    numbers = page.locator(".equation b").all_inner_texts()
    evidence, elbo, gap = map(float, numbers)
    assert evidence == pytest.approx(elbo + gap, abs=0.01) and gap > 0
    _, printed, names = run("vae", "ascent", course=f"B{steps},M25,E25")
    assert names["run"].step == steps + 50
    assert evidence == pytest.approx(told(printed, "evidence"), abs=20)  # from other weights, by other noise
    assert gap == pytest.approx(told(printed, "gap"), abs=5)

    page.reload()
    expect(when).to_contain_text(f"Step {steps + 50}: E-step", timeout=60_000)
    expect(page.locator(".equation b")).to_have_text(numbers)

    learn.click()  # another seed goes the way that has been gone, and not only the link's
    page.wait_for_function(f"parseInt(document.querySelector('.when').innerText.slice(5)) >= {steps + 60}")
    page.get_by_role("button", name="Other weights").click()
    expect(page).to_have_url(re.compile(rf"course=B{steps},M25,E(3[5-9]|[4-9]\d|\d{{3,}})(&|$)"))
    expect(page).to_have_url(re.compile(r"seed=\d"))
    expect(learn).to_be_enabled(timeout=60_000)
    expect(page.locator(".equation b")).not_to_have_text(numbers)
    page.get_by_role("button", name="Forget all").click()
    expect(when).to_have_text("Step 0: nothing has been learned yet")
    expect(page).not_to_have_url(re.compile("course="))
    assert page.faults == []


def test_a_course_that_goes_too_far_is_told(open_edition: OPEN) -> None:
    page = open_edition("vae", scene="ascent", course="B4000,E1001")
    expect(page.locator(".warning")).to_contain_text("course")
    expect(page.locator(".when")).to_have_text("Step 0: nothing has been learned yet")
    assert page.faults == []


def test_who_presses_too_soon_or_goes_elsewhere_while_it_learns_loses_nothing(open_edition: OPEN) -> None:
    page = open_edition("vae", scene="ascent")
    learn, when = page.get_by_role("button", name="Learn", exact=True), page.locator(".when")
    learn.click()
    page.wait_for_function("parseInt(document.querySelector('.when').innerText.slice(5)) >= 20")
    # Another course comes by Back, or by a tour: it is gone, and what was under way ends.
    url = re.sub("&course=[^&]*", "", page.url) + "&course=B5,M5"
    page.evaluate(
        "(url) => { history.pushState({}, '', url); dispatchEvent(new PopStateEvent('popstate')); }", url
    )
    expect(when).to_have_text("Step 10: M-step: the decoder moves, the encoder stands still")
    expect(page).to_have_url(re.compile("course=B5,M5(&|$)"))
    expect(learn).to_be_enabled()
    expect(when).to_contain_text("Step 10:")
    # What is pressed before it stands still.
    page.evaluate(
        """() => {
            const all = [...document.querySelectorAll("button")];
            const named = (name) => all.find((one) => one.innerText === name);
            const learn = named("Learn");
            named("Forget all").click();
            for (let k = 0; k < 3; k++) learn.click();
            named("25 steps").click();
        }"""
    )
    expect(when).to_have_text("Step 0: nothing has been learned yet")
    page.get_by_role("button", name="25 steps").click()
    expect(when).to_have_text("Step 25: both nets move together")
    expect(page).to_have_url(re.compile("course=B25(&|$)"))
    # A long link may be left where it is; who comes back to what is learnt need not wait.
    page.evaluate(
        "(url) => { history.pushState({}, '', url); dispatchEvent(new PopStateEvent('popstate')); }",
        url.replace("B5,M5", "E4000"),
    )
    expect(when).to_contain_text(re.compile(r"Step [1-9]\d* of 4,000"))
    page.get_by_role("button", name="Stop here").click()
    expect(page).to_have_url(re.compile(r"course=E\d{1,3}(&|$)"))
    expect(learn).to_be_enabled()
    stood = when.inner_text()
    page.get_by_role("button", name="Previous scene").click()
    page.go_back()
    expect(when).to_have_text(stood)
    expect(learn).to_be_enabled(timeout=2000)
    # So may one that learns, and by Back too all steps are there.
    page.get_by_role("button", name="Forget all").click()
    expect(when).to_have_text("Step 0: nothing has been learned yet")
    learn.click()
    left = page.wait_for_function(
        """() => {
            const step = parseInt(document.querySelector(".when").innerText.slice(5));
            if (step < 130) return 0;
            document.querySelector("[aria-label='Previous scene']").click();
            return step;
        }"""
    ).json_value()
    page.locator(".explorer:not([data-shown=ascent])[data-shown]").wait_for()
    page.go_back()
    expect(learn).to_be_enabled(timeout=2000)
    assert int(when.inner_text().removeprefix("Step ").split(":")[0]) >= left
    assert page.faults == []


def test_a_curve_is_learnt_through_points_and_a_point_is_looked_at(open_edition: OPEN) -> None:
    page = open_edition("vae", scene="curve", curve="B300", point=7)
    when, learn = page.locator(".when"), page.get_by_role("button", name="Learn", exact=True)
    expect(when).to_have_text("Step 300: both nets move together", timeout=60_000)
    expect(learn).to_be_enabled(timeout=60_000)
    _, printed, _ = run("vae", "curve", curve="B300", point=7)
    shown = page.locator(".equation b")
    before, *_ = texts = shown.all_inner_texts()
    evidence, elbo, gap = map(number, texts)
    assert evidence == pytest.approx(elbo + gap, abs=0.01) and gap > 0
    assert evidence == pytest.approx(told(printed, "evidence"), abs=0.5)  # from other weights, by other noise
    plane = page.get_by_role("slider", name="Points, and the decoder’s curve through them")
    expect(plane).to_have_attribute("aria-valuenow", "7")
    caption = page.locator("figcaption").nth(1)

    def looked_at() -> tuple[str, str]:
        page.evaluate(FRAMES)
        return plane.get_attribute("aria-valuetext"), caption.inner_text()

    first = looked_at()
    box = plane.bounding_box()
    page.mouse.click(box["x"] + 0.12 * box["width"], box["y"] + 0.4 * box["height"])
    expect(plane).not_to_have_attribute("aria-valuenow", "7")
    expect(page).not_to_have_url(re.compile("point=7(&|$)"))
    pressed = looked_at()
    assert pressed[0] != first[0] and re.fullmatch(r"the point’s gap: \d\.\d\d nats", pressed[1])
    at = [number(value) for value in re.findall(r"[−\d.]+", pressed[0])[:2]]
    assert at == pytest.approx([-3.8, 1], abs=0.8)
    plane.press("ArrowRight")
    expect(plane).not_to_have_attribute("aria-valuetext", pressed[0])  # words come a moment later
    moved, _ = looked_at()
    assert number(re.findall(r"[−\d.]+", moved)[0]) > at[0] - 0.05
    chosen = int(plane.get_attribute("aria-valuenow"))
    plane.press("Shift+ArrowDown")  # the next by number, so that each is reached
    expect(plane).to_have_attribute("aria-valuenow", str(chosen - 1))
    expect(plane).not_to_have_attribute("aria-valuetext", moved)

    page.locator("[data-sets=shape] select").select_option("ring")  # it goes the way that has been gone
    expect(page).to_have_url(re.compile("shape=ring"))
    expect(page).to_have_url(re.compile("curve=B300(&|$)"))
    expect(learn).to_be_enabled(timeout=60_000)
    expect(shown.first).not_to_have_text(before)
    page.locator("[data-sets=shape] select").select_option("wave")  # what was learnt last is there
    expect(shown.first).to_have_text(before, timeout=2000)
    expect(page).not_to_have_url(re.compile("shape="))
    assert page.faults == []
