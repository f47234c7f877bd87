"""The page Train: models learn on the server while they are watched and steered."""

import io
import json
import re
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, Route, expect
from torch import Tensor

import aevb
from aevb import data

OPEN = Callable[..., Page]

QUICK = {"data": "digits", "steps": "4000"}
"""Of the VAE on the 8 × 8 digits: some seconds, in which there is time to steer."""


def start(page: Page) -> None:
    """Starts the run that the link asks for, and waits until its curves are there."""
    page.get_by_role("button", name="Start").click()
    page.locator(".curve[data-painted]").first.wait_for()


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def status(page: Page, said: str) -> None:
    expect(page.locator(".status")).to_contain_text(re.compile(said), timeout=120_000)


def step(page: Page) -> int:
    return int(re.sub(r"\D", "", page.locator(".when b").inner_text().split(" of ")[0]))


def goes_beyond(page: Page, least: int) -> None:
    """Waits until a step after that one is shown."""
    page.wait_for_function(
        "([element, least]) => Number(element.textContent.split(' of ')[0].replace(/\\D/g, '')) > least",
        arg=[page.locator(".when b").element_handle(), least],
    )


def elbo(page: Page) -> float:
    return float(page.locator(".equation .term b").last.inner_text().replace("−", "-").replace(",", ""))


def pixels(canvas: Locator) -> str:
    return canvas.evaluate("canvas => canvas.toDataURL()")


def run_of(page: Page) -> str:
    page.wait_for_function("() => new URLSearchParams(location.search).has('run')")
    return page.evaluate("() => new URLSearchParams(location.search).get('run')")


def where(page: Page) -> str:
    return f"{page.url.split('/train')[0]}/training/run/{run_of(page)}?from=0"


def told(page: Page) -> dict[str, Any]:
    """What the server tells of the run in the link, from its beginning."""
    return page.request.get(where(page)).json()


def recorded(page: Page) -> int:
    """The last step that is recorded."""
    return told(page)["points"][-1]["step"]


def waits_until(page: Page, holds: str) -> None:
    """Waits until something holds of what the server tells, `found`."""
    # wait_for_function takes a promise for true, whatever becomes of it.
    page.evaluate(
        f"""async (url) => {{
            for (const signal = AbortSignal.timeout(60_000);;) {{
                const found = await (await fetch(url, {{ signal }})).json();
                if ({holds}) return;
                await new Promise(requestAnimationFrame);
            }}
        }}""",
        where(page),
    )


def test_a_vae_learns_is_paused_steered_stopped_and_found_again(open_page: OPEN) -> None:
    page = open_page("train", **QUICK)
    pressed = time.monotonic()
    start(page)
    assert time.monotonic() - pressed < 30  # of a busy machine; 2 s of an idle one
    # Everything moves: the ELBO rises, the draws change.
    page.locator(".film[data-frame]").wait_for()
    early, drawn = elbo(page), pixels(page.locator(".draws canvas"))
    goes_beyond(page, 200)
    assert elbo(page) > early
    draws = page.locator(".draws canvas").element_handle()
    page.wait_for_function("([canvas, drawn]) => canvas.toDataURL() !== drawn", arg=[draws, drawn])
    expect(page.locator(".latents[data-painted]")).to_be_visible()
    # Paused, it moves by hand alone: by one step, by E-steps, by M-steps.
    button(page, "Pause").click()
    status(page, "Paused")
    page.get_by_role("spinbutton", name="Steps by hand").fill("7")
    for name, phase, count in (("One step", "EM", 1), ("E-steps", "E", 7), ("M-steps", "M", 7)):
        least = recorded(page) + count
        button(page, name).click()
        # What was under way when it was pressed may end with a step of its own first.
        waits_until(
            page,
            f"found.points.at(-1).step >= {least} && found.points.every((point) =>"
            f" point.step <= found.points.at(-1).step - {count} || point.phase === '{phase}')",
        )
    expect(page.locator(".when span")).to_have_text("M-step: θ moves")
    paused = step(page)
    # What is changed stands at once, and is told before a step is recorded; then it is marked on the curve.
    rate = page.get_by_role("slider", name="Learning rate")
    e_steps = page.get_by_role("spinbutton", name="Steps of an E-step")
    button(page, "in turn").click()
    expect(e_steps).to_be_visible()
    button(page, "together").click()
    expect(e_steps).to_be_hidden()
    rate.press("End")
    waits_until(page, "found.values.learning_rate === 0.1")
    button(page, "One step").click()
    waits_until(page, "found.marks.length > 0")
    assert [point["mark"] for point in told(page)["marks"]] == ["learning rate 0.1"]
    rate.press("Home")
    button(page, "Resume").click()
    goes_beyond(page, paused + 100)
    button(page, "Stop").click()
    status(page, "Stopped.*Validation ELBO")
    expect(page.get_by_role("link", name="Download")).to_be_visible()
    # A reload finds it again, with all that was recorded.
    stopped, run = step(page), run_of(page)
    page.reload()
    status(page, "Stopped")
    expect(page.locator(".when b")).to_contain_text(f"{stopped:,}")
    assert run_of(page) == run
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == f"aevb-{run}.zip"
    # Its settings are offered again.
    button(page, "These settings again").click()
    expect(page.get_by_role("spinbutton", name="Latent dimensions L")).to_have_value("2")
    page.wait_for_function("() => location.search === '?model=vae&data=digits&steps=4000'")
    button(page, "My last run").click()
    status(page, "Stopped")
    assert page.faults == []


def test_e_and_m_in_turn_are_recorded_in_turn(open_page: OPEN) -> None:
    page = open_page("train", data="digits", steps="300")
    button(page, "in turn").click()
    page.get_by_role("spinbutton", name="Steps of an E-step").fill("30")
    page.get_by_role("spinbutton", name="Steps of an M-step").fill("70")
    page.get_by_role("spinbutton", name="Steps of an M-step").press("Enter")
    expect(page.locator("canvas.plan")).to_have_attribute(
        "aria-label", re.compile("30 E-steps and 70 M-steps in turn")
    )
    start(page)
    status(page, "Done")
    for point in told(page)["points"]:
        assert point["phase"] == ("E" if (point["step"] - 1) % 100 < 30 else "M")
    expect(page.locator(".when span")).to_have_text("M-step: θ moves")
    assert page.faults == []


def test_two_moons_are_shown_as_clouds_and_a_model_that_takes_no_points_says_so(open_page: OPEN) -> None:
    page = open_page("train", data="moons", hidden_dims="16", steps="20")
    expect(page.get_by_role("combobox", name="Likelihood")).to_have_value("gaussian")
    start(page)
    status(page, "Done")
    page.locator(".film.vectors[data-frame]:not(.stale)").wait_for()
    expect(page.locator(".cloud[data-painted]")).to_have_count(2)
    expect(page.locator(".latents[data-painted]")).to_be_visible()
    button(page, "These settings again").click()
    page.get_by_role("combobox", name="Likelihood").select_option("bernoulli")
    expect(page.get_by_role("alert")).to_have_text(
        "Two moons are no images: choose the Gaussian likelihood for them."
    )
    assert page.faults == []


def test_a_vrnn_s_draws_grow_row_by_row_unless_motion_is_unwelcome(open_page: OPEN) -> None:
    page = open_page("train", model="vrnn", data="digits", steps="20")
    page.evaluate(
        """() => {
            const seen = (globalThis.rows = new Set());
            const look = (node) => {
                for (const each of node.querySelectorAll("*")) {
                    if (each.matches(".draws canvas")) seen.add(Number(each.dataset.rows));
                    if (each.shadowRoot) look(each.shadowRoot);
                }
            };
            const frame = () => { look(document); requestAnimationFrame(frame); };
            frame();
        }"""
    )
    start(page)
    status(page, "Done")
    draws = page.locator(".draws canvas[data-rows='8']")
    draws.wait_for()
    grown = page.evaluate("() => [...rows].filter(Boolean)")
    assert len(grown) > 2 and {*grown} <= set(range(1, 9))
    still = open_page("train", run=run_of(page), wait=False, again=True)
    still.emulate_media(reduced_motion="reduce")
    still.reload()
    still.locator(".draws canvas[data-rows]").wait_for()
    assert still.locator(".draws canvas").get_attribute("data-rows") == "8"
    assert page.faults == [] and still.faults == []


def test_back_leads_from_a_run_to_its_form(open_page: OPEN) -> None:
    page = open_page("train", data="digits", steps="50")
    page.get_by_role("spinbutton", name="Seed").fill("3")
    start(page)
    run = run_of(page)
    page.go_back()
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_value("3")
    assert "run=" not in page.url and "seed=3" in page.url
    page.go_forward()
    page.locator(".curve[data-painted]").first.wait_for()
    assert run_of(page) == run
    assert page.faults == []


def test_the_film_goes_back_to_any_frame_by_keys_and_the_link_says_which(open_page: OPEN) -> None:
    page = open_page("train", data="digits", steps="300")
    start(page)
    status(page, "Done")
    film, draws = page.get_by_role("slider", name="film"), page.locator(".draws canvas")
    page.locator(".film:not(.stale)").wait_for()
    last, at = pixels(draws), page.locator(".film").get_attribute("data-frame")
    film.press("Home")
    page.locator(".film[data-frame='0']:not(.stale)").wait_for()
    assert pixels(draws) != last
    assert step(page) == 1
    page.wait_for_function("() => new URLSearchParams(location.search).get('frame') === '0'")
    page.reload()
    page.locator(".film[data-frame='0']:not(.stale)").wait_for()
    assert step(page) == 1
    button(page, "Play").click()
    page.locator(f".film[data-frame='{at}']:not(.stale)").wait_for()
    expect(button(page, "Play")).to_be_visible()
    assert pixels(draws) == last
    assert page.faults == []


def test_whoever_holds_the_link_looks_and_does_not_steer(open_page: OPEN) -> None:
    page = open_page("train", data="digits", steps="100000")
    start(page)
    guest = open_page("train", run=run_of(page))
    guest.locator(".curve[data-painted]").first.wait_for()
    # What changes every second is not announced.
    announced = guest.locator(".watch :is([role=status], output:not([aria-live=off]))")
    expect(announced).to_have_text("Under way. Only who started it steers.")
    status(guest, r"steers\. About .* left\.")
    expect(button(guest, "Pause")).to_be_hidden()
    goes_beyond(guest, step(guest))
    button(page, "Stop").click()
    status(guest, "Stopped")
    button(guest, "These settings again").click()
    button(guest, "Start").wait_for()
    assert guest.faults == [] and page.faults == []


def test_a_model_of_clusters_learns_and_shows_them(open_page: OPEN) -> None:
    page = open_page("train", model="gmvae", data="digits", steps="150")
    start(page)
    status(page, "Done.*Validation ELBO")
    page.locator(".film[data-frame]").wait_for()
    points = told(page)["points"]
    assert points[-1]["step"] == 150
    assert points[-1]["validation"]["elbo"] > points[0]["validation"]["elbo"]
    expect(page.locator(".curve")).to_have_count(5)  # with that of their scores
    expect(page.locator(".sizes[data-painted]")).to_have_count(1)
    assert page.faults == []


def test_what_a_factor_analysis_has_learnt_is_looked_at(open_page: OPEN, tmp_path: Path) -> None:
    page = open_page("train", model="fa", data="digits", steps="150", latent_dim="3")
    start(page)
    status(page, "Done")
    zipped = page.request.get(where(page).replace("?from=0", "/download")).body()
    zipfile.ZipFile(io.BytesIO(zipped)).extractall(tmp_path / "run")
    model = aevb.load(tmp_path / "run").model
    page.get_by_role("link", name="Its factors").click()
    page.get_by_role("spinbutton", name="Test image").fill("12")
    page.get_by_role("spinbutton", name="Test image").press("Enter")
    page.get_by_role("img", name=re.compile("^digit 12, ")).wait_for()

    def shown(name: str) -> np.ndarray:
        image = page.get_by_role("img", name=name, exact=True)
        read = "canvas => [...canvas.getContext('2d').getImageData(0, 0, 8, 8).data]"
        return np.array(image.evaluate(read)[::4])

    def expected(image: Tensor) -> np.ndarray:
        return (255 * image.flatten().clamp(0, 1)).round().numpy()

    x = data.read("digits").test.images[[12]].flatten(1) / 255
    z = model.encode(x)
    sliders = page.locator(".factor input")
    expect(sliders).to_have_count(3)
    longest = int(model.p_x_given_z.W.norm(dim=0).argmax())
    expect(sliders.first).to_have_attribute("aria-label", f"z{longest + 1}")
    said = sliders.first.get_attribute("aria-valuetext")
    assert float(said.replace("−", "-")) == pytest.approx(z[0, longest].item(), abs=0.02)
    assert np.abs(shown("W z + μ at q’s mean") - expected(model.reconstruct(x))).max() <= 1
    page.get_by_role("button", name="Prior mean").click()
    page.get_by_role("img", name="W z + μ", exact=True).wait_for()
    assert np.abs(shown("W z + μ") - shown("μ")).max() == 0
    assert np.abs(shown("μ") - expected(model.p_x_given_z.mu.detach())).max() <= 1
    page.wait_for_function("() => /test=12&z=0,0,0/.test(location.search)")
    assert page.faults == []


def test_presets_and_settings_are_in_the_link_and_what_cannot_be_is_said(open_page: OPEN) -> None:
    page = open_page("train")
    expect(page.locator(".preset")).to_have_count(4)
    expect(page.locator(".preset .time").last).to_have_text(re.compile("≈ .* here"))
    page.locator(".preset", has_text="Break it").click()
    expect(page.get_by_role("spinbutton", name="β")).to_have_value(re.compile(r"^[1-9]\d+$"))
    page.wait_for_function("() => location.search.includes('preset=break')")
    widths = page.get_by_role("textbox", name="Hidden layers")
    widths.fill("0")
    widths.press("Enter")
    expect(page.get_by_role("alert")).to_have_text(
        "Hidden layers: whole numbers, with commas, from 1 to 2,048."
    )
    expect(widths).to_have_value("200")
    widths.fill("2048, 2048, 2048")
    widths.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("parameters, and this server trains up to")
    page.reload()
    expect(widths).to_have_value("2048,2048,2048")
    page.locator(".preset", has_text="30 seconds").click()
    expect(widths).to_have_value("200")
    assert page.faults == []


def test_a_link_that_makes_no_sense_says_so_and_shows_the_default(open_page: OPEN) -> None:
    page = open_page("train", model="none", latent_dim="9999")
    expect(page.locator(".warning")).to_have_text(
        "This link’s model and latent_dim could not be read; they are at their defaults."
    )
    expect(page.get_by_role("spinbutton", name="Latent dimensions L")).to_have_value("2")
    gone = open_page("train", run="0123456789abcdef", again=True)
    expect(gone.locator(".status")).to_have_text(re.compile(r"\w.*\."))
    button(gone, "A run of my own").click()
    button(gone, "Start").wait_for()
    assert gone.faults == []


def test_a_lost_connection_is_said_and_asked_again_and_a_failure_is_told(open_page: OPEN) -> None:
    page = open_page("train", data="digits", steps="100000")
    start(page)
    page.route("**/training/run/**", lambda route: route.abort())
    status(page, "The server does not answer. The page goes on asking.")
    page.unroute("**/training/run/**")
    status(page, "left|Under way")
    goes_beyond(page, step(page))

    expired = {"problem": "There is no such run any more."}
    page.route(re.compile(r"/training/run/\w+\?"), lambda route: route.fulfill(status=404, json=expired))
    expect(page.locator(".status")).to_have_text(expired["problem"])
    expect(button(page, "Pause")).to_be_hidden()
    expect(button(page, "These settings again")).to_be_visible()
    expect(page.get_by_role("link", name="Compare", exact=True)).to_be_hidden()
    page.unroute(re.compile(r"/training/run/\w+\?"))
    page.reload()

    def failed(route: Route) -> None:
        answer = json.loads(route.fetch().body())
        route.fulfill(json=answer | {"status": "failed", "problem": "The ELBO is nan at step 12."})

    page.route(re.compile(r"/training/run/\w+\?"), failed)
    expect(page.locator(".status")).to_have_text("The ELBO is nan at step 12.")
    expect(button(page, "Pause")).to_be_hidden()
    button(page, "These settings again").click()
    button(page, "Start").wait_for()
    assert page.faults == []


def test_pictures_that_did_not_come_are_asked_for_again_after_a_run_too(open_page: OPEN) -> None:
    page = open_page("train", model="vae", data="digits", steps=100, hidden_dims="16", latent_dim=2)
    page.route(re.compile(r"/training/run/\w+/(images|frame/\d+)"), lambda route: route.abort())
    start(page)
    status(page, "Done")
    expect(page.locator(".film.stale")).to_be_visible()
    page.unroute_all()
    expect(page.locator(".film[data-frame]:not(.stale)")).to_be_visible()
    page.wait_for_function(
        """(canvas) => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, 8); // the images
            return data.some((value, i) => i % 4 < 3 && value);
        }""",
        arg=page.locator(".film .pairs canvas").element_handle(),
    )
    assert page.faults == []


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080), (390, 844)])
def test_a_run_fits_its_screen_and_its_wheel_is_in_view(open_page: OPEN, width: int, height: int) -> None:
    page = open_page("train", data="digits", steps="100000", width=width, height=height)
    start(page)
    page.locator(".film[data-frame]").wait_for()
    scene = page.locator(".scene")
    if width > 640:
        found = scene.evaluate("e => [e.scrollHeight - e.clientHeight, e.scrollWidth - e.clientWidth]")
        assert max(found) <= 1
    for target in (page.locator("[data-instrument]"), button(page, "Pause"), button(page, "Stop")):
        box = target.bounding_box()
        assert (
            box and box["y"] >= 0 and box["y"] + box["height"] <= height and box["x"] + box["width"] <= width
        )
    button(page, "Stop").click()
    assert page.faults == []
