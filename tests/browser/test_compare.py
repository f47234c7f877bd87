"""Runs side by side, the second scene of the page Train."""

import itertools
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from aevb import data

OPEN = Callable[..., Page]

VAE = {"model": "vae", "arguments": {"latent_dim": 2, "hidden_dims": [32]}, "data": "digits", "seed": 0}
VISITORS = iter(range(1000))


def begin(page: Page, specification: dict) -> str:
    """A run of a visitor of its own, so that none ends another."""
    url = page.url.split("/train")[0]
    told = {"specification": specification, "visitor": f"compare-{next(VISITORS):03}"}
    answer = page.request.post(f"{url}/training/start", data=told).json()
    return answer["id"]


@pytest.fixture
def page(open_page: OPEN) -> Iterator[Page]:
    page = open_page("train", scene="compare")
    yield page
    assert page.faults == []


def paste(page: Page, words: str) -> None:
    link = page.get_by_role("textbox", name="A link to a run")
    link.fill(words)
    link.press("Enter")


def row(page: Page, letter: str):
    return page.get_by_role("region", name=f"Run {letter}")


def settings(page: Page) -> dict[str, list[str]]:
    """By label the values, those that are bold in asterisks."""
    return page.locator(".asked tr").evaluate_all(
        """rows => {
            const told = (cell) => cell.querySelector("b") ? `*${cell.textContent}*` : cell.textContent;
            return Object.fromEntries(rows.map(({ cells: [label, ...values] }) =>
                [label.textContent, values.map(told)]));
        }"""
    )


def image_of(page: Page, letter: str) -> list[str]:
    """The image that goes through a run, and what becomes of it."""
    return row(page, letter).locator(".pair canvas").evaluate_all("all => all.map((one) => one.toDataURL())")


def test_runs_are_compared_live_and_an_expired_one_costs_its_own_row(page: Page) -> None:
    expect(page.locator(".hint")).to_contain_text("Choose two runs or more")
    short = begin(page, VAE | {"training": {"steps": 300}})
    long = begin(page, VAE | {"training": {"steps": 100_000, "beta": 4.0}})
    paste(page, f"{page.url.split('?')[0]}?run={short}&data=digits")
    paste(page, long)
    paste(page, "https://elsewhere.example/none")
    expect(page.get_by_role("alert")).to_have_text("That is no link to a run: it holds ?run= and a name.")
    paste(page, "0123456789abcdef")
    expect(row(page, "C")).to_contain_text(re.compile("expired"))
    page.wait_for_function("id => location.search.includes(`${id},0123456789abcdef`)", arg=long)
    for letter in "AB":
        row(page, letter).locator(".pair canvas[data-painted]").last.wait_for()
    # What is under way is followed; what is done stays.
    expect(row(page, "A").locator(".said")).to_contain_text("at step 300", timeout=60_000)
    before = row(page, "B").locator(".said").inner_text()
    expect(row(page, "B").locator(".said")).not_to_have_text(before)
    told = settings(page)
    assert told["Settings"] == ["A", "B"]
    assert told["β, the weight of the KL"] == ["*1*", "*4*"] and told["Gradient steps"] == [
        "*300*",
        "*100000*",
    ]
    assert told["Model"] == ["VAE", "VAE"] and told["Latent dimensions L"] == ["2", "2"]
    # The same image through each; another one by the keys, and the link says which.
    (first, one), (second, other) = image_of(page, "A"), image_of(page, "B")
    assert first == second and one != other
    page.get_by_role("slider", name="image").press("ArrowRight")
    expect(row(page, "A").get_by_role("img", name="Image 2, reconstructed by A")).to_be_visible()
    assert image_of(page, "A")[0] == image_of(page, "B")[0] != first
    # Back in time, by the keys: all runs as they were at that step.
    draws = row(page, "A").locator(".draws canvas")
    late = draws.evaluate("canvas => canvas.toDataURL()")
    page.get_by_role("slider", name="step").press("Home")
    expect(row(page, "A").locator(".said")).to_contain_text("at step 1")
    page.locator(f"[data-run='{short}'][data-frame='0'] .shown:not(.stale)").wait_for()
    assert draws.evaluate("canvas => canvas.toDataURL()") != late
    page.wait_for_function("() => /image=1.*at=0/.test(location.search)")
    # A reload shows the same; what is taken away is gone from the link too.
    page.reload()
    expect(row(page, "A").locator(".said")).to_contain_text("at step 1")
    row(page, "C").get_by_role("button", name="Take C away").click()
    expect(page.locator("[data-run]")).to_have_count(2)
    page.wait_for_function(f"() => location.search.includes('runs={short},{long}&')")
    for letter in "BA":
        row(page, letter).get_by_role("button", name=f"Take {letter} away").click()
    expect(page.locator("[data-run]")).to_have_count(0)
    expect(page.locator(".hint")).to_contain_text("Choose two runs or more")


def test_a_finished_run_is_put_beside_the_last_one(open_page: OPEN) -> None:
    page = open_page("train", data="digits", steps="40", hidden_dims="32")
    runs = []
    for seed in "12":
        page.get_by_role("spinbutton", name="Seed").fill(seed)
        page.get_by_role("button", name="Start").click()
        expect(page.locator(".status")).to_contain_text("Done", timeout=60_000)
        runs.append(re.search(r"run=(\w+)", page.url)[1])
        if seed == "1":
            page.get_by_role("button", name="These settings again").click()
    page.get_by_role("link", name="Compare", exact=True).click()
    page.wait_for_function(f"() => location.search.includes('runs={runs[1]},{runs[0]}')")
    for letter in "AB":
        expect(row(page, letter).locator(".said")).to_contain_text("at step 40")
    assert settings(page)["Seed"] == ["*2*", "*1*"]
    # Any test image through each, by the weights that they have ended with.
    page.get_by_role("button", name="any test image").click()
    for letter in "AB":
        row(page, letter).get_by_role("img", name=f"reconstructed by {letter}").and_(
            page.get_by_label(re.compile("^Test digit 0, "))
        ).wait_for()
    field = page.get_by_role("spinbutton", name="Test image")
    field.fill("12")
    field.press("Enter")
    page.wait_for_function("() => /through=test&test=12/.test(location.search)")
    for letter in "AB":
        row(page, letter).get_by_label(re.compile(f"^Test digit 12, .*by {letter}$")).wait_for()
        expect(row(page, letter).locator(".pair.stale")).to_have_count(0)
    (first, one), (second, other) = image_of(page, "A"), image_of(page, "B")
    assert first == second and one != other
    original = row(page, "A").locator(".pair canvas").first
    shown = original.evaluate("canvas => [...canvas.getContext('2d').getImageData(0, 0, 8, 8).data]")[::4]
    # Of densities the model sees the mean of what dequantises: half a level above.
    expected = (data.read("digits").test.images[12].flatten().float() + 0.5) / 256 * 255
    assert shown == expected.round().int().tolist()
    row(page, "B").get_by_role("button", name="Take B away").click()
    mine = page.get_by_role("combobox", name="Add")
    expect(mine.locator(f"option[value='{runs[0]}']")).to_have_text("VAE, digits, step 40, done")
    mine.select_option(runs[0])
    expect(page.locator("[data-run]")).to_have_count(2)
    page.go_back()
    expect(page.locator(".status")).to_contain_text("Done")
    assert page.faults == []


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (390, 844)])
def test_four_runs_of_all_kinds_fit_the_screen(open_page: OPEN, width: int, height: int) -> None:
    page = open_page("train", scene="compare", width=width, height=height)
    gaussian = {"likelihood": "gaussian", "hidden_dims": [16]}
    small = {"latent_dim": 2, "memory_dim": 8, "memory_layers": 1, "hidden_dims": [8]}
    runs = [
        begin(page, one | {"training": {"steps": 5}})
        for one in (
            VAE,
            {"model": "vae", "arguments": gaussian, "data": "moons"},
            {"model": "vrnn", "arguments": small, "data": "digits"},
            {"model": "fa", "arguments": {}, "data": "digits"},
        )
    ]
    paste(page, ",".join(runs))
    for letter in "ABCD":
        row(page, letter).locator("canvas[data-painted]").first.wait_for()
    expect(page.locator(".hint")).to_contain_text("these ELBOs are not on one scale")
    scene = page.locator(".scene")
    over = scene.evaluate("e => [e.scrollHeight - e.clientHeight, e.scrollWidth - e.clientWidth]")
    assert over[1] <= 1 and (width < 640 or over[0] <= 1)
    boxes = [row(page, letter).bounding_box() for letter in "ABCD"]
    for above, below in itertools.pairwise(boxes):
        assert above["y"] + above["height"] <= below["y"] + 1, "no row lies over another"
    paste(page, "fedcba9876543210")
    expect(page.get_by_role("alert")).to_have_text("4 runs at most stand side by side: take one away first.")
    assert page.faults == []
