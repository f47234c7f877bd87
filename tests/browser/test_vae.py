"""The VAE's own scenes in a real browser: what they say is what their cells compute."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.test_cells import run, told

OPEN = Callable[..., Page]


def test_a_pixels_level_its_noise_and_its_density(open_page: OPEN) -> None:
    page = open_page("vae", scene="normalisation", digit=3, seed=5)
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
    expect(page).not_to_have_url(re.compile("seed=5"))
    assert page.faults == []
