"""The factor analysis page: it trains in the browser, and what a visitor moves is seen at once."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.test_cells import run

OPEN = Callable[..., Page]
PATH = "factor-analysis"


def shows(page: Page, scene: str) -> None:
    """Waits until a scene is there and has drawn its run."""
    page.locator(f".explorer[data-shown='{scene}']").wait_for()
    page.locator(".instrument .live[data-painted]").first.wait_for()


def numbers(page: Page) -> tuple[float, float, float]:
    """ELBO, gap and evidence as the page writes them."""
    terms = page.locator(".equation .term b")
    expect(terms.nth(1)).to_have_text(re.compile(r"^\d"))
    return tuple(float(text.replace("−", "-").replace(",", "")) for text in terms.all_inner_texts())


def step(page: Page) -> Locator:
    return page.get_by_role("slider", name="step")


def says_step(page: Page, position: str) -> None:
    """Waits until a step is shown; that of the end has come once the run has."""
    expect(page.locator(".when b")).to_have_text(re.compile(rf"^Step {position} of"))


def pixels(canvas: Locator) -> str:
    return canvas.evaluate("canvas => canvas.toDataURL()")


def differs(page: Page, canvas: Locator, before: str) -> None:
    """Waits until a canvas shows something else."""
    page.wait_for_function(
        "([canvas, before]) => canvas.toDataURL() !== before", arg=[canvas.element_handle(), before]
    )


def link_says(page: Page, **expected: str | None) -> None:
    """Waits until the link says all of this; None: nothing under that name."""
    page.wait_for_function(
        """expected => {
            const said = new URLSearchParams(location.search)
            return Object.entries(expected).every(([key, value]) => said.get(key) === value)
        }""",
        arg=expected,
    )


def point(target: Locator, across: float, down: float = 0.5) -> tuple[float, float]:
    """A place within an element, as shares of its width and height."""
    box = target.bounding_box()
    assert box is not None
    return box["x"] + across * box["width"], box["y"] + down * box["height"]


def test_it_trains_by_itself_and_the_gap_adds_up(open_edition: OPEN) -> None:
    page = open_edition(PATH)
    says_step(page, "1,000")
    elbo, gap, evidence = numbers(page)
    assert 0 < gap < 0.1 and -4.1 < evidence < -3.9
    assert round(elbo + gap, 3) == evidence
    assert page.faults == []


def test_the_learning_rate_trains_anew_while_it_is_dragged_and_asks_nothing(
    open_page: OPEN, settle: Callable[[Page], None]
) -> None:
    page = open_page(PATH)
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.reload()
    settle(page)
    says_step(page, "1,000")
    rate, curves = page.get_by_role("slider", name="learning rate"), page.locator("canvas.chart")
    shown = page.locator(".settings output").first
    sent.clear()
    page.mouse.move(*point(rate, 0.5))
    page.mouse.down()
    for share in (0.3, 0.1, 0.02):
        before, text = pixels(curves), shown.inner_text()
        page.mouse.move(*point(rate, share))
        expect(shown).not_to_have_text(text)
        differs(page, curves, before)
    expect(page.locator(".equation .term b").nth(1)).to_have_text(re.compile(r"^[1-9]"))  # far from trained
    page.mouse.up()
    link_says(page, lr=shown.inner_text())
    assert sent == []


def test_panes_that_follow_a_moving_setting_are_dimmed_until_they_are_redrawn(open_edition: OPEN) -> None:
    page = open_edition(PATH)
    says_step(page, "1,000")
    panes, latent = page.locator(".panes"), page.locator("canvas.latent")
    expect(panes).not_to_have_class(re.compile("stale"))
    before = pixels(latent)
    dimmed, other = page.get_by_role("slider", name="learning rate").evaluate(
        """async (input) => {
            let written = 0;
            const changes = new MutationObserver(({ length }) => written += length);
            changes.observe(input.closest(".settings"), { subtree: true, attributeFilter: ["hidden"] });
            input.value = Number(input.max) - 5;
            input.dispatchEvent(new Event("input"));
            const frame = () => new Promise((done) => requestAnimationFrame(done));
            await frame();
            await frame();
            const { classList } = input.closest(".factor_analysis").querySelector(".panes");
            return [classList.contains("stale"), written];
        }"""
    )
    assert dimmed
    assert other == 0  # of the settings only the rate's own control is written
    expect(panes).not_to_have_class(re.compile("stale"))
    assert pixels(latent) != before


def test_a_step_is_chosen_by_keys_or_in_the_curves_and_moves_everything(open_edition: OPEN) -> None:
    page = open_edition(PATH)
    says_step(page, "1,000")
    canvases = page.locator(".instrument canvas").all()
    assert len(canvases) == 5
    before = [pixels(canvas) for canvas in canvases]
    step(page).press("Home")
    says_step(page, "0")
    for canvas, old in zip(canvases, before, strict=True):
        differs(page, canvas, old)
    expect(step(page)).to_have_attribute(
        "aria-valuetext",
        re.compile(r"^step 0: the initial parameters, ELBO −[\d.]+, gap [1-9][\d.]+, evidence −"),
    )
    step(page).press("ArrowRight")
    says_step(page, "2")
    page.mouse.click(*point(page.locator("canvas.chart"), 0.4))
    expect(page.locator(".when b")).to_have_text(re.compile(r"^Step [3-5]\d\d of"))
    chosen = step(page).get_attribute("aria-valuetext").split()[1].rstrip(":")
    link_says(page, step=chosen)
    step(page).press("End")
    link_says(page, step=None)


def test_play_reaches_the_end_and_stops(open_edition: OPEN) -> None:
    page = open_edition(PATH, step=500)
    says_step(page, "500")
    play, pause = (page.get_by_role("button", name=name) for name in ("Play", "Pause"))
    play.click()
    expect(pause).to_be_visible()
    page.get_by_role("slider", name="learning rate").press("ArrowRight")  # another run, played on
    expect(play).to_be_visible()
    says_step(page, "1,000")
    link_says(page, step=None)
    play.click()
    expect(pause).to_be_visible()
    page.mouse.click(*point(page.locator("canvas.chart"), 0.4))  # who goes elsewhere, stops it there
    expect(play).to_be_visible()
    expect(page.locator(".when b")).to_have_text(re.compile(r"^Step [3-5]\d\d of"))


def test_back_restores_the_step(open_edition: OPEN) -> None:
    page = open_edition(PATH, experiment="turn", step=1400)
    says_step(page, "1,400")
    expect(page.locator(".when span")).to_have_text(re.compile("^M-step"))
    before = numbers(page)
    page.get_by_role("button", name="Next scene").click()
    shows(page, "em")
    page.get_by_role("slider", name="pass").press("Home")
    link_says(page, step="0")
    page.go_back()
    shows(page, "watch")
    says_step(page, "1,400")
    expect(page.locator(".equation .term b").nth(1)).to_have_text(f"{before[1]:.3f}")


def test_a_test_point_is_picked_in_a_plane_or_by_its_number(open_edition: OPEN) -> None:
    page = open_edition(PATH, point=7)
    field, latent = page.get_by_role("spinbutton", name="Test point"), page.locator("canvas.latent")
    expect(field).to_have_value("7")
    says_step(page, "1,000")
    before = pixels(latent)
    page.mouse.click(*point(page.locator("canvas.observed").nth(1), 0.4, 0.4))
    expect(field).not_to_have_value("7")
    link_says(page, point=field.input_value())
    differs(page, latent, before)
    field.fill("7")
    field.press("Enter")
    page.wait_for_function("([c, before]) => c.toDataURL() === before", arg=[latent.element_handle(), before])


def test_exact_steps_by_hand_close_the_gap_and_never_lower_the_elbo(open_edition: OPEN) -> None:
    page = open_edition(PATH, scene="hand")
    elbo, gap, evidence = numbers(page)
    assert gap > 1
    for move in range(1, 7):
        phase = "EM"[(move + 1) % 2]
        page.get_by_role("button", name=f"{phase}-step").click()
        expect(page.locator(".when b")).to_have_text(f"After {move} move{'s' * (move > 1)}")
        moved = numbers(page)
        assert moved[0] >= elbo
        if phase == "E":
            assert moved[1] == 0 and moved[2] == evidence
        else:
            assert moved[1] > 0
        elbo, gap, evidence = moved
    expect(page.locator(".account p").first).to_have_text(
        re.compile(r"^6\. M-step, exact: the ELBO rose by .+ the gap opened from 0\.000 to 0\.\d+\.$")
    )
    link_says(page, moves="E,M,E,M,E,M")


def test_a_move_of_gradient_steps_is_undone(open_edition: OPEN) -> None:
    page = open_edition(PATH, scene="hand", moves="E200,M")
    first = page.locator(".account p").first
    expect(first).to_have_text(re.compile("^2. M-step, exact: "))
    before = numbers(page)
    page.get_by_role("button", name="50", exact=True).click()
    page.get_by_role("button", name="E-step").click()
    expect(first).to_have_text(
        re.compile("^3. E-step, 50 gradient steps: .+the evidence stayed; the gap narrowed")
    )
    link_says(page, moves="E200,M,E50", by="50")
    page.get_by_role("button", name="Undo").click()
    expect(first).to_have_text(re.compile("^2. M-step"))
    assert numbers(page) == before
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    link_says(page, moves=None)


def test_classic_em_and_aevb_are_compared_at_every_pass(open_edition: OPEN) -> None:
    page = open_edition(PATH, scene="em")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("AEVB, 1,000 gradient steps")
    expect(rows.nth(1)).to_contain_text("classic EM, 32 iterations")
    expect(rows.nth(2)).to_have_text(re.compile(r"the true model−\d\.\d+0\.0000\.4000\.2000\.300$"))
    ended = rows.nth(1).inner_text()
    passes = page.get_by_role("slider", name="pass")
    expect(passes).to_have_attribute("aria-valuetext", re.compile(r"^pass 32\.3: "))  # as the axis counts
    passes.press("Home")
    expect(rows.nth(1)).to_contain_text("classic EM, 0 iterations")
    assert rows.nth(1).inner_text().split("\t")[1:] == rows.nth(0).inner_text().split("\t")[1:] != ended


def test_rotation_changes_w_and_nothing_else(open_edition: OPEN) -> None:
    page = open_edition(PATH, scene="rotation")
    tables, same = page.locator(".matrix"), page.locator(".same")
    expect(page.get_by_text("The model at step 1,000.")).to_be_visible()
    W, rotated, product = tables.all_inner_texts()
    evidence, before = same.inner_text(), pixels(page.locator("canvas.observed").first)
    angle = page.get_by_role("slider", name="Rotate the factors by")
    for _ in range(25):
        angle.press("ArrowRight")
    link_says(page, angle="65")
    expect(tables.nth(1)).not_to_have_text(rotated)
    differs(page, page.locator("canvas.observed").first, before)
    assert tables.nth(0).inner_text() == W
    assert tables.nth(2).inner_text() == product
    assert same.inner_text() == evidence


def test_the_curves_are_zoomed_and_read(open_edition: OPEN) -> None:
    page = open_edition(PATH, scene="plot")
    chart = page.locator("canvas.chart")
    says_step(page, "1,000")
    page.mouse.move(*point(chart, 0.3))
    expect(page.locator(".when b")).to_have_text(re.compile(r"^Step [1-4]\d\d of"))
    expect(page.locator(".estimate")).to_have_text(re.compile(r"−[\d.]+$"))
    before = pixels(chart)
    page.mouse.down()
    page.mouse.move(*point(chart, 0.5))
    page.mouse.up()
    page.wait_for_function("/zoom=\\d+,\\d+/.test(location.search)")
    differs(page, chart, before)
    page.mouse.dblclick(*point(chart, 0.5))
    link_says(page, zoom=None)
    page.get_by_role("button", name="Zoom in").click()
    link_says(page, zoom="250,750")
    page.get_by_role("button", name="Later").click()
    link_says(page, zoom="500,1000")
    expect(page.get_by_role("button", name="Later")).to_be_disabled()
    page.mouse.move(*point(chart, 0.5))
    for turned, steps in ((-4, 496), (-100, 406)):  # by two fingers on a trackpad, and by a mouse
        page.mouse.wheel(0, turned)
        page.wait_for_function(
            """steps => {
                const [from, to] = new URLSearchParams(location.search).get("zoom").split(",");
                return to - from === steps;
            }""",
            arg=steps,
        )
    page.get_by_role("button", name="Whole run").click()
    link_says(page, zoom=None)


@pytest.mark.parametrize("latent_dim", [1, 3])
@pytest.mark.parametrize("scene", ["watch", "em", "hand", "rotation"])
def test_other_latent_dimensions(open_edition: OPEN, scene: str, latent_dim: int) -> None:
    page = open_edition(PATH, scene=scene, L=latent_dim, steps=50)
    shows(page, scene)
    assert page.faults == []


def test_a_run_has_its_limits_and_a_link_its_words(open_edition: OPEN) -> None:
    page = open_edition(PATH, experiment="turn", e=3000, m=3000, rounds=50, lr="0.05", L="x", step="NaN")
    expect(page.locator(".warning")).to_contain_text("L and step could not be read")
    says_step(page, "12,000")
    expect(page.locator(".settings output").first).to_have_text("0.05")
    page.get_by_text("More").click()
    expect(page.get_by_text("12,000 steps in all, the most there can be")).to_be_visible()
    page.get_by_role("button", name="As in the tutorial").click()
    says_step(page, "4,000")
    link_says(page, experiment="turn", e=None, m=None, rounds=None, lr=None)
    page.keyboard.press("Escape")
    expect(page.get_by_text("4,000 steps in all")).to_be_hidden()
    assert page.faults == []


def test_a_smaller_family_of_q_leaves_a_gap(open_edition: OPEN) -> None:
    page = open_edition("factor-analysis", scene="families")
    gap = page.locator(".equation b").nth(1)
    wide = page.get_by_role("button", name="σ = 1", exact=True)
    expect(wide).to_have_attribute("aria-pressed", "true")  # one whose gap is seen
    expect(gap).to_have_text(re.compile(r"^0\.[12]"))
    page.get_by_role("button", name="diagonal").click()
    expect(page).to_have_url(re.compile(r"family=diagonal"))
    expect(wide).to_have_attribute("aria-pressed", "false")
    expect(gap).to_have_text(re.compile(r"^0\.0"))
    page.get_by_role("button", name="full").click()
    expect(page).to_have_url(re.compile(r"family=full"))
    page.locator(".tab[data-scene=watch]").click()
    page.get_by_text("More", exact=True).click()
    expect(page.get_by_label("q’s covariance")).to_have_value("full")
    assert page.faults == []


def test_the_kl_sampled_has_no_noise_at_the_posterior_and_more_where_q_is_narrow(open_edition: OPEN) -> None:
    page = open_edition(PATH, scene="sampled")
    cells = page.locator("tbody td:nth-child(2)")

    def noise(**said: object) -> list[float]:
        expected, _, _ = run(PATH, "sampled", **said)
        texts = [f"± {expected[name]:.2f} nats" for name in ("closed", "sampled")]
        expect(cells).to_have_text(texts)
        return [expected[name] for name in ("closed", "sampled")]

    closed, sampled = noise()
    assert closed < 0.5 * sampled
    page.get_by_role("button", name="Set q to the posterior").click()
    link_says(page, width="1")
    closed, sampled = noise(width=1.0)
    assert sampled < 1e-5 < 0.5 < closed
    plane = page.get_by_role("slider", name="q’s mean")
    plane.focus()
    for key in ("ArrowLeft", "ArrowUp"):
        page.keyboard.press(key)
    expect(page).to_have_url(re.compile(r"q=1\.25%2C1\.55|q=1\.25,1\.55"))
    noise(width=1.0, q=[1.25, 1.55])
    page.get_by_role("slider", name="q’s width").fill("1")
    noise(width=2.0, q=[1.25, 1.55])
    assert page.faults == []
