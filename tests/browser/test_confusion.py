"""Clusters and guesses against labels in a real browser: the table, a cell's images, what is said of one."""

import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from playwright.sync_api import Locator, Page, expect

from aevb import checkpoints
from aevb.ui.shared import loading
from tests.canvases import image

OPEN = Callable[..., Page]
STROKES = "4833b83373da"


@pytest.fixture(scope="module")
def shares() -> torch.Tensor:
    found = loading.test_shares("gmvae")
    assert found is not None
    return torch.from_numpy(found)


def members(shares: torch.Tensor, labels: torch.Tensor, cluster: int, label: int) -> torch.Tensor:
    """The test images of one cell of the table, those surest of their cluster first."""
    found = torch.nonzero((shares.argmax(1) == cluster) & (labels == label)).flatten()
    return found[shares[found, cluster].argsort(descending=True, stable=True)]


def commonest_mistake() -> tuple[int, int]:
    """The row and the label of the table's largest number off the diagonal."""
    measures = loading.checkpoint("gmvae").measures
    mistakes = np.array(measures["confusion"])[measures["order"]] * (1 - np.eye(10, dtype=int))
    row, label = np.unravel_index(mistakes.argmax(), mistakes.shape)
    return int(row), int(label)


def table(page: Page) -> np.ndarray:
    cells = page.locator("tbody tr td[aria-selected]")
    expect(cells).to_have_count(100)
    return np.array([int(cell) for cell in cells.all_inner_texts()]).reshape(10, 10)


def cell(page: Page, row: int, label: int) -> Locator:
    return page.locator("tbody tr").nth(row).locator("td").nth(label)


def opened(page: Page) -> list[int]:
    """The digits whose images are shown, once they are."""
    expect(page.locator(".images .notice")).to_have_count(0)
    titles = page.locator(".images button").evaluate_all("all => all.map(({ title }) => title)")
    return [int(re.findall(r"\d+", title)[0]) for title in titles]


def test_a_cell_opens_its_images_the_surest_first(open_page: OPEN, shares: torch.Tensor) -> None:
    page = open_page("gmvae", scene="confusion", height=720)
    measures, test = loading.checkpoint("gmvae").measures, loading.digits().test
    order, counts = measures["order"], np.array(measures["confusion"])
    np.testing.assert_array_equal(table(page), counts[order])
    expect(page.locator(".matched")).to_have_count(10)
    matched = round(checkpoints.load("gmvae").measures["accuracy"] * 10_000)
    expect(page.get_by_text(f"{matched:,} of the 10,000 test images")).to_be_visible()
    row, label = commonest_mistake()
    expect(cell(page, row, label)).to_have_attribute("aria-selected", "true")
    assert opened(page) == members(shares, test.labels, order[row], label)[:60].tolist()
    cell(page, 7, 7).click()
    expect(page).to_have_url(re.compile("cell=7,7(&|$)"))
    wanted = members(shares, test.labels, order[7], 7)
    page.get_by_role("button", name="More images").click()
    expect(page).to_have_url(re.compile("page=2(&|$)"))
    expect(page.get_by_text(f"61 to 120 of {len(wanted)}")).to_be_visible()
    assert opened(page) == wanted[60:120].tolist()
    first = page.locator(".images canvas[data-painted]").first
    np.testing.assert_array_equal(image(first) * 255, test.images[wanted[60]].numpy().ravel())
    page.reload()
    page.locator(".explorer[data-shown=confusion]").wait_for()
    expect(page.locator(".images button")).to_have_count(60)
    assert opened(page) == wanted[60:120].tolist()
    assert page.faults == []


def test_an_image_is_shown_large_with_its_clusters(open_page: OPEN, shares: torch.Tensor) -> None:
    page = open_page("gmvae", scene="confusion", cell="3,5", height=720)
    measures, test = loading.checkpoint("gmvae").measures, loading.digits().test
    least = int(members(shares, test.labels, measures["order"][3], 5)[-1])
    page.get_by_role("button", name=f"digit {least}, a 5").click()
    expect(page).to_have_url(re.compile(f"digit={least}(&|$)"))
    expect(page.locator(".chosen figcaption")).to_have_text(f"digit {least}, a 5")
    expect(page.locator(".marked")).to_have_count(1)
    said = page.locator(".chosen p")
    best = shares[least].sort(descending=True)
    for value, cluster in zip(best.values[:2].tolist(), best.indices[:2].tolist(), strict=True):
        title = measures["titles"][measures["order"].index(cluster)]
        found = re.search(rf"([\d.]+) % in the cluster of {title}", said.inner_text())
        assert found and abs(float(found[1]) - 100 * value) < 1
    page.goto(page.url.replace(f"digit={least}", f"strokes={STROKES}"))
    page.locator(".explorer[data-shown=confusion]").wait_for()
    expect(page.locator(".chosen figcaption")).to_have_text("your drawing")
    expect(page.locator(".chosen p")).to_contain_text("in the cluster of 7s")
    expect(page.locator(".marked")).to_have_count(0)
    assert page.faults == []


def test_arrow_keys_move_in_the_table_and_back_leads_out_of_it(open_edition: OPEN) -> None:
    page = open_edition("gmvae", scene="confusion", cell="0,0")
    cell(page, 0, 0).focus()
    for key in ("ArrowUp", "ArrowRight", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    expect(page).to_have_url(re.compile("cell=1,2(&|$)"))
    expect(cell(page, 1, 2)).to_be_focused()
    expect(page.locator(".count")).to_contain_text("In the cluster of 1s, labelled 2:")
    expect(page.locator("table [tabindex='0']")).to_have_count(1)
    page.locator(".tab[data-scene=map]").click()
    page.locator(".explorer[data-shown=map]").wait_for()
    page.go_back()
    expect(cell(page, 1, 2)).to_have_attribute("aria-selected", "true")
    assert page.faults == []


def test_a_cell_that_is_not_there_is_told(open_edition: OPEN) -> None:
    page = open_edition("gmvae", scene="confusion", cell="12,3")
    expect(page.locator(".explorer .warning")).to_contain_text("cell")
    expect(cell(page, *commonest_mistake())).to_have_attribute("aria-selected", "true")
    assert page.faults == []


def test_guesses_are_those_that_were_recorded(open_page: OPEN) -> None:
    page = open_page("cvae", scene="confusion", height=720)
    measures, labels = loading.checkpoint("cvae").measures, loading.digits().test.known_labels
    counts = np.array(measures["confusion"])
    np.testing.assert_array_equal(table(page), counts)
    expect(page.get_by_text(f"{counts.trace():,} of the 10,000 test images")).to_be_visible()
    row, label = np.unravel_index((counts * (1 - np.eye(10, dtype=int))).argmax(), counts.shape)
    surest = sorted(measures["mistakes"], key=lambda mistake: -mistake[2])
    wanted = [image for image, guess, _ in surest if (guess, labels[image]) == (row, label)]
    assert opened(page) == wanted[:60]
    page.locator(".images button").first.click()
    expect(page.locator(".chosen figcaption")).to_have_text(f"digit {wanted[0]}, a {label}")
    expect(page.locator(".chosen p")).to_contain_text("for label")
    # What is said of the image before is dimmed.
    became = page.locator(".chosen p").evaluate(
        """(said) => new Promise((became) => {
            const changed = new MutationObserver(() => became(said.className));
            changed.observe(said, { attributeFilter: ["class"] });
            said.getRootNode().querySelectorAll(".images button")[1].click();
        })"""
    )
    assert became == "stale"
    expect(page.locator(".stale")).to_have_count(0)
    expect(page.locator(".chosen figcaption")).to_have_text(f"digit {wanted[1]}, a {label}")
    assert page.faults == []
