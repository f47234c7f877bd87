"""The CVAE's own scenes in a real browser, as a visitor meets them."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from torch import Tensor, tensor

from aevb import checkpoints
from aevb.explore import codes
from aevb.explore.noise import Noise
from aevb.models import LatentVariableModel
from aevb.ui.shared import loading
from tests.canvases import image, pixels

OPEN = Callable[..., Page]
LINE = "803080d0"
"""A drawing: one stroke from top to bottom."""

pytestmark = pytest.mark.skipif("cvae" not in checkpoints.shipped(), reason="checkpoints/cvae is not there")


def model() -> LatentVariableModel:
    return loading.checkpoint("cvae").model


def observed(digit: int) -> tuple[Tensor, Tensor]:
    """A test digit as the browser presents it, and its label."""
    test = loading.digits().test
    return (test.images[digit].flatten() + 0.5) / 256, test.labels[digit]


def style(digit: int) -> Tensor:
    """At the digit's posterior mean."""
    x, y = observed(digit)
    return codes.style(model(), codes.posterior(model(), x, y).mean, y)


def done(page: Page) -> None:
    """Waits for what is computed in slices."""
    page.locator(".instrument [aria-busy=false]").wait_for()


def press(sheet: Locator, row: int, column: int, rows: int, columns: int) -> None:
    """Presses a tile."""
    box = sheet.bounding_box()
    assert box is not None
    x, y = (column + 0.5) / columns * box["width"], (row + 0.5) / rows * box["height"]
    sheet.click(position={"x": x, "y": y})


def same(shown: np.ndarray, expected: Tensor) -> None:
    """What is painted is what Python decodes, within two levels of 255."""
    assert np.abs(shown - expected.numpy()).max() <= 2 / 255 + 1e-6


# Ten labels in many styles


def test_the_first_scene_needs_only_the_generative_weights(open_page: OPEN) -> None:
    page = open_page("cvae", wait=False)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    done(page)
    assert any("/cvae/p/" in url for url in asked)
    assert not any("/cvae/q/" in url or "/digits/" in url for url in asked)


def test_styles_are_shared_until_they_are_not_and_drawn_again(open_edition: OPEN) -> None:
    page = open_edition("cvae", seed=1)
    sheet = page.locator(".sheet")
    done(page)
    shared = pixels(sheet)
    page.get_by_label("The same styles in every row").uncheck()
    page.wait_for_function("location.search.includes('shared=no')")
    done(page)
    alone = pixels(sheet)
    assert (shared != alone).any()
    expect(page.locator(".large figcaption")).to_have_text("label 0, a style of its own")
    # Until the last is there they are of two seeds, and dimmed.
    expect(page.locator(".stale")).to_have_count(0)
    stale = page.get_by_role("button", name="Resample").evaluate(
        "(button) => (button.click(), document.querySelectorAll('.tiles.stale, .large.stale').length)"
    )
    assert stale == 2
    done(page)
    expect(page.locator(".stale")).to_have_count(0)
    assert (pixels(sheet) != alone).any()
    assert page.faults == []


def test_a_tile_is_enlarged_by_pointer_and_keys_and_stands_in_the_link(open_edition: OPEN) -> None:
    page = open_edition("cvae")
    sheet, caption = page.locator(".sheet"), page.locator(".large figcaption")
    done(page)
    assert np.allclose(image(page.locator(".large canvas")).reshape(28, 28), pixels(sheet)[:28, :28, 0] / 255)
    press(sheet, 3, 4, rows=10, columns=12)
    expect(caption).to_have_text("label 3, style 5")
    page.wait_for_function("location.search.includes('tile=3,4')")
    box = sheet.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.99 * box["width"], box["y"] + 0.99 * box["height"])
    expect(caption).to_have_text("label 9, style 12")
    page.mouse.move(0, 0)
    expect(caption).to_have_text("label 3, style 5")
    sheet.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(caption).to_have_text("label 4, style 6")
    step = pixels(sheet)[4 * 29 : 4 * 29 + 28, 5 * 29 : 5 * 29 + 28, 0]
    assert (pixels(page.locator(".large canvas"))[..., 0] == step).all()
    page.keyboard.press("Tab")  # away from the tiles, whose arrows are their own
    page.locator(".tab", has_text="A digit rewritten").click()
    page.go_back()
    expect(caption).to_have_text("label 4, style 6")


# A digit rewritten


def test_a_digit_is_rewritten_as_the_library_would(open_page: OPEN) -> None:
    page = open_page("cvae", scene="rewrite")
    page.get_by_role("spinbutton", name="Test digit").fill("1234")
    page.keyboard.press("Enter")
    expect(page.locator(".original figcaption")).to_have_text("digit 1234, an 8")
    page.wait_for_function("location.search.includes('digit=1234')")
    x, y = observed(1234)
    z = codes.posterior(model(), x, y).mean
    restyled, kept = (page.locator(".row").nth(row).locator("canvas") for row in range(2))
    for label in (0, 3, 8):
        same(image(restyled.nth(label)), codes.write(model(), style(1234), tensor(label)))
        same(image(kept.nth(label)), codes.decode(model(), z, tensor(label)))
    expect(page.locator(".row .marked")).to_have_count(2)
    expect(page.get_by_text("8, its own")).to_have_count(2)
    assert page.faults == []


def terms(page: Page) -> list[float]:
    """The numbers of the equation, once all are there."""
    done(page)
    found = page.locator(".equation b").all_inner_texts()
    return [float(text.replace("−", "-").replace(",", "")) for text in found]


def test_the_elbo_adds_up_and_another_z_changes_all_but_the_bound(open_edition: OPEN) -> None:
    page = open_edition("cvae", scene="rewrite", digit=3)
    likelihood, kl, elbo, bound = terms(page)
    assert round(likelihood - kl, 1) == elbo
    assert bound == pytest.approx(elbo, abs=60)
    page.get_by_role("button", name="Resample z").click()
    page.wait_for_function("location.search.includes('seed=')")
    expect(page.locator(".equation b").first).not_to_have_text(f"{likelihood:,.1f}")
    another = terms(page)
    assert round(another[0] - another[1], 1) == another[2]
    assert another[0] != likelihood and another[1] == pytest.approx(kl, abs=0.11) and another[3] == bound


# Which label?


def test_small_models_draw_the_same_labels_in_the_same_noise(open_edition: OPEN) -> None:
    page = open_edition("cvae", scene="conditioned", seed=5, label="random", height=720)
    noise = Noise(5)
    draws = [(int(10 * noise.uniform()), noise.normal(20)) for _ in range(20)]
    y, epsilon = draws[7]
    columns = page.locator(".conditioned section")
    for column, name in zip(columns.all(), checkpoints.COMPARED, strict=True):
        known = checkpoints.load(name)
        expect(column.locator("figcaption")).to_have_text([str(label) for label, _ in draws])
        test = known.training["test"]
        expect(column).to_contain_text(f"+{test['elbo']:,.1f} ± {test['standard_error']:.1f} nats")
        drawn = image(column.locator("canvas").nth(7))
        np.testing.assert_allclose(drawn, codes.write(known.model, epsilon, tensor(y)), atol=0.01)
    page.get_by_role("button", name="4", exact=True).click()
    expect(page).to_have_url(re.compile("label=4(&|$)"))
    last = columns.last.locator("figure").nth(19)  # by its caption the last that is drawn
    expect(last.locator("figcaption")).to_have_text("4")
    written = codes.write(known.model, draws[19][1], tensor(4))
    np.testing.assert_allclose(image(last.locator("canvas")), written, atol=0.01)
    assert page.faults == []


def test_the_guess_is_bayes_rule_of_the_librarys_bounds(open_edition: OPEN) -> None:
    page = open_edition("cvae", scene="guess", digit=8)
    done(page)
    x, label = observed(8)
    bounds = codes.label_bounds(model(), x, samples=100, seed=0)
    expect(page.locator(".verdict")).to_have_text(f"Guess: {bounds.argmax()}, p(y | x) > 99.9 %; right.")
    rows = page.locator("tbody tr")
    expect(rows.nth(int(label))).to_contain_text("guess, true label")
    for y, lacking in enumerate(bounds.max() - bounds):
        if y != label:
            shown = float(rows.nth(y).locator("td").nth(1).inner_text())
            assert shown == pytest.approx(lacking.item(), abs=25)  # of other noise
    lengths = page.locator(".bar").evaluate_all("all => all.map(({ style }) => parseFloat(style.width))")
    assert np.argmax(lengths) == label and lengths[int(bounds.argmin())] < 10  # longer is more probable
    expect(page.locator(".instrument")).not_to_contain_text("test images")  # the next scene asks how many
    assert page.faults == []


def test_a_drawing_has_no_label_and_is_taken_for_one(open_edition: OPEN) -> None:
    page = open_edition("cvae", scene="guess", strokes=LINE)
    done(page)
    expect(page.locator(".verdict")).to_contain_text("Guess: 1")
    expect(page.locator(".verdict")).to_contain_text("a drawing has no label")
    expect(page.get_by_text("true label")).to_have_count(0)
    page.locator(".tab", has_text="A digit rewritten").click()
    expect(page.locator(".original figcaption")).to_have_text("your drawing, taken for a 1")
    expect(page.get_by_text("given the label 1, a guess")).to_be_visible()
    page.locator(".tab", has_text="Between labels").click()
    expect(page.locator(".large figcaption")).to_contain_text("style of your drawing, taken for a 1")
    assert page.faults == []


# Between labels and styles


def test_between_labels_and_styles_are_mixtures_of_both(open_edition: OPEN) -> None:
    page = open_edition("cvae", scene="between", digit=0, to=3)
    done(page)
    large, caption = page.locator(".large canvas"), page.locator(".large figcaption")
    expect(caption).to_have_text("label 3; style of digit 0, a 7")
    same(image(large), codes.write(model(), style(0), tensor(3)))
    page.get_by_label("to label").select_option("9")
    page.wait_for_function("location.search.includes('until=9')")
    done(page)
    press(page.locator(".sheet"), 2, 4, rows=6, columns=9)
    expect(caption).to_have_text("0.6 of label 3 and 0.4 of label 9; style 4 / 8 of the way")
    middle = codes.walk(style(0), style(3), 9)[4]
    weights = codes.between_labels(3, 9, 6, 10)[2]
    same(image(large), codes.write(model(), middle, weights))
    before = image(large)
    page.get_by_role("spinbutton", name="to the style of digit").fill("9")
    page.keyboard.press("Enter")
    page.wait_for_function("location.search.includes('to=9')")
    expect(page.locator(".end canvas").nth(1)).to_have_attribute("aria-label", re.compile("digit 9"))
    done(page)
    assert (image(large) != before).any()
    assert page.faults == []


def test_a_copied_link_shows_the_same_view(open_edition: OPEN) -> None:
    query = {"digit": 42, "seed": 3, "to": 9, "from": 4, "until": 7, "tile": "2,3", "between": "5,8"}
    pages = [open_edition("cvae", **query) for _ in range(2)]
    for scene in ("styles", "rewrite", "guess", "between"):
        views = []
        for page in pages:
            page.locator(f".tab[data-scene={scene}]").click()
            page.locator(f".explorer[data-shown={scene}]").wait_for()
            done(page)
            instrument = page.locator(".instrument")
            pictures = instrument.locator("canvas").evaluate_all("all => all.map((each) => each.toDataURL())")
            views.append((instrument.inner_text(), pictures))
        assert views[0] == views[1], scene
        assert views[0][1]


def test_what_a_link_says_of_the_scenes_and_cannot_be_read_is_told(open_edition: OPEN) -> None:
    page = open_edition("cvae", scene="between", to="10000", until="ten", between="-1,x")
    expect(page.locator(".warning")).to_have_text(
        "This link’s until, between and to could not be read; they are at their defaults."
    )
    done(page)
    expect(page.locator(".large figcaption")).to_have_text("label 3; style of digit 0, a 7")
    assert page.faults == []
