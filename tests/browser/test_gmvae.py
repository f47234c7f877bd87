"""The GMVAE's own scenes in a real browser, as a visitor meets them."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from playwright.sync_api import Locator, Page, expect
from torch import Tensor

from aevb import checkpoints
from aevb.explore import codes
from aevb.ui.shared import loading
from tests.canvases import image, pixels

OPEN = Callable[..., Page]
LINE = "803080d0"
"""A drawing: one stroke from top to bottom."""

pytestmark = pytest.mark.skipif("gmvae" not in checkpoints.shipped(), reason="checkpoints/gmvae is not there")


def done(page: Page) -> None:
    """Waits for what is computed in slices."""
    page.locator(".instrument [aria-busy=false]").wait_for()


def binary(digit: int) -> Tensor:
    """A test digit as the model sees it."""
    return (loading.digits().test.images[digit].flatten() >= 128).float()


def clusters(first: int) -> tuple[Tensor, Tensor, list[str]]:
    """The first test digits' most probable clusters, the classes of these, and all clusters' titles."""
    checkpoint = loading.checkpoint("gmvae")
    order, titles = checkpoint.measures["order"], checkpoint.measures["titles"]
    x = torch.stack([binary(digit) for digit in range(first)])
    found = checkpoint.model.responsibilities(x).argmax(1)
    named = [titles[order.index(y)] for y in range(len(order))]
    return found, torch.tensor(checkpoint.measures["class_of"])[found], named


# Clusters


def test_a_row_for_each_cluster_in_digit_order_drawn_again(open_edition: OPEN) -> None:
    page = open_edition("gmvae", seed=1)
    sheet = page.locator(".sheet")
    done(page)
    titles = loading.checkpoint("gmvae").measures["titles"]
    assert page.locator(".titles span").all_inner_texts() == titles
    assert page.get_by_label("The same styles in every row").count() == 0
    before = pixels(sheet)
    page.keyboard.press("r")
    page.wait_for_function("!['1', null].includes(new URLSearchParams(location.search).get('seed'))")
    done(page)
    assert (before != pixels(sheet)).any()
    sheet.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".large figcaption")).to_have_text(f"cluster of {titles[1]}, draw 1")
    assert page.faults == []


# Which cluster?


def test_a_digit_is_in_the_cluster_that_the_library_says(open_edition: OPEN) -> None:
    found, classes, titles = clusters(200)
    labels = loading.digits().test.labels[:200]
    right, wrong = 8, int(torch.nonzero(classes != labels)[0])
    page = open_edition("gmvae", scene="guess", digit=right)
    verdict = page.locator(".verdict")
    expect(verdict).to_contain_text(f"In the cluster of {titles[found[right]]}, q(y | x)")
    expect(verdict).to_contain_text(f"that is the one matched with its label, {labels[right]}.")
    expect(page.locator("tbody tr.own")).to_contain_text("its cluster, true label")
    model = loading.checkpoint("gmvae").model
    mean = codes.posterior(model, binary(right), found[right]).mean
    shown = image(page.locator(".pictures canvas").nth(1))
    assert np.abs(shown - codes.decode(model, mean).numpy()).max() <= 2 / 255 + 1e-6
    page.get_by_role("spinbutton", name="Test digit").fill(f"{wrong}")
    page.keyboard.press("Enter")
    expect(verdict).to_contain_text(f"its label, {labels[wrong]}, is matched with another.")
    expect(page.locator("tbody tr.own")).to_contain_text("true label")
    expect(page.locator("tbody tr.best")).to_contain_text("its cluster")
    assert page.faults == []


def terms(page: Page) -> list[float]:
    """The numbers of the equation, once all are there."""
    done(page)
    found = page.locator(".equation b").all_inner_texts()
    return [float(text.replace("−", "-").replace(",", "")) for text in found]


def test_the_elbo_adds_up_and_its_kl_are_the_librarys(open_edition: OPEN) -> None:
    page = open_edition("gmvae", scene="guess", digit=3)
    likelihood, kl_z, kl_y, elbo, bound = terms(page)
    assert round(likelihood - kl_z - kl_y, 1) == elbo
    assert bound == pytest.approx(elbo, abs=30)
    exact = codes.terms(
        loading.checkpoint("gmvae").model, binary(3).unsqueeze(0), generator=torch.Generator().manual_seed(0)
    )
    assert kl_z == pytest.approx(-exact["minus_kl_z"].item(), abs=0.12)
    assert kl_y == pytest.approx(-exact["minus_kl_y"].item(), abs=0.12)
    page.get_by_role("button", name="Resample z").click()
    page.wait_for_function("location.search.includes('seed=')")
    expect(page.locator(".equation b").first).not_to_have_text(f"−{-likelihood:,.1f}")
    assert terms(page)[4] == bound


def test_a_drawing_finds_its_cluster(open_edition: OPEN) -> None:
    page = open_edition("gmvae", scene="guess", strokes=LINE)
    expect(page.locator(".verdict")).to_contain_text("In the cluster of 1s")
    expect(page.locator(".verdict")).to_contain_text("a drawing has no label")
    expect(page.locator("tbody tr.own")).to_have_count(0)
    expect(page.locator(".chooser .drawing")).to_be_visible()
    page.get_by_role("button", name="Another 7").click()
    expect(page.locator(".verdict")).not_to_contain_text("drawing")
    page.wait_for_function("!location.search.includes('strokes')")


# Gumbel-Softmax


def temperature(page: Page) -> Locator:
    return page.get_by_role("slider", name="temperature τ")


def spread(page: Page) -> float:
    """How large a part of the coloured pixels lies outside the simplex's middle."""
    shown = pixels(page.locator(".simplex canvas"))
    height = len(shown)
    rows, columns = np.nonzero((shown[..., 3] > 150) & (np.ptp(shown[..., :3], axis=-1) > 50))
    middle = (np.median([columns.min(), columns.max()]), 0.62 * height)
    return float((np.hypot(columns - middle[0], rows - middle[1]) > 0.25 * height).mean())


def test_the_temperature_moves_the_samples_and_no_corner_loses_one(open_edition: OPEN) -> None:
    page = open_edition("gmvae", scene="gumbel")
    slider, value, nearest = temperature(page), page.locator(".temperature output"), page.locator(".nearest")
    slider.press("Home")
    expect(value).to_have_text("10")
    expect(nearest).to_contain_text("● ")
    page.wait_for_function("location.search.includes('tau=10')")
    hot, counts = spread(page), nearest.inner_text()
    slider.press("End")
    expect(value).to_have_text("0.10")
    page.wait_for_function("location.search.includes('tau=0.1')")
    assert hot < 0.05 and spread(page) > 0.4
    assert nearest.inner_text() == counts
    assert sum(int(word.rstrip(".,")) for word in counts.split()[1:] if word.rstrip(".,").isdigit()) == 1000
    expect(page.locator(".simplex canvas")).to_have_attribute(
        "aria-label", "500 samples on the simplex at temperature 0.10; nearest to its corners: 251, 143, 106"
    )
    assert page.faults == []


def test_the_probabilities_add_up_to_one_and_stand_in_the_link(open_edition: OPEN) -> None:
    page = open_edition("gmvae", scene="gumbel", tau=0.5, pi="20-30-50")
    expect(page.locator(".temperature output")).to_have_text("0.50")
    shares = page.locator(".shares output")
    expect(shares).to_have_text(["0.20", "0.30", "0.50"])
    slider = page.get_by_role("slider", name="probability of category 1")
    slider.press("End")
    expect(shares).to_have_text(["0.96", "0.02", "0.02"])
    slider.press("Home")
    expect(shares).to_have_text(["0.02", "0.49", "0.49"])
    page.wait_for_function("location.search.includes('pi=2-49-49')")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Next scene").click()
    page.go_back()
    expect(shares).to_have_text(["0.02", "0.49", "0.49"])
    other = open_edition(page.url)
    expect(other.locator(".shares output")).to_have_text(["0.02", "0.49", "0.49"])
    assert (pixels(other.locator(".simplex canvas")) == pixels(page.locator(".simplex canvas"))).all()
    assert page.faults == []


def test_the_samples_can_be_played_to_the_corners(open_edition: OPEN) -> None:
    page = open_edition("gmvae", scene="gumbel", tau=0.12)
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".temperature output")).to_have_text("0.10")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    page.wait_for_function("location.search.includes('tau=0.1&') || location.search.endsWith('tau=0.1')")


@pytest.mark.parametrize(("tau", "pi"), [("cold", "1-2-3"), ("0", "98-1-1")])
def test_a_simplex_that_cannot_be_read_is_at_its_defaults(open_edition: OPEN, tau: str, pi: str) -> None:
    page = open_edition("gmvae", scene="gumbel", tau=tau, pi=pi)
    expect(page.locator(".warning")).to_have_text(
        "This link’s tau and pi could not be read; they are at their defaults."
    )
    expect(page.locator(".temperature output")).to_have_text("1.0")
    expect(page.locator(".shares output")).to_have_text(["0.50", "0.30", "0.20"])


def test_what_is_written_on_a_canvas_follows_a_font_that_arrives_late(open_page: OPEN) -> None:
    page = open_page("gmvae", scene="gumbel")
    canvas, picture = page.locator(".simplex canvas"), "canvas => canvas.toDataURL()"
    page.wait_for_function("document.fonts.status === 'loaded'")
    pixels(canvas)
    in_time = canvas.evaluate(picture)
    held = []
    page.route("**/*.woff2", lambda route: held.append(route))
    page.reload(wait_until="commit")  # "load" waits for fonts
    pixels(canvas)
    assert held and canvas.evaluate(picture) != in_time, "no font has arrived yet"
    for route in held:
        route.continue_()
    page.unroute("**/*.woff2")
    page.wait_for_function(
        "([canvas, picture]) => canvas.toDataURL() === picture", arg=[canvas.element_handle(), in_time]
    )
