"""Takes the README's picture: `python docs/screenshot.py`, while the app runs on http://localhost:8501.

It shows Experiment 2, E and M in turn; another address may be given as an argument.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

address = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8501"
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(f"{address}/factor-analysis?experiment=turn&step=2500")
    page.locator(".explorer[data-shown=watch] canvas[data-painted]").first.wait_for()
    page.wait_for_timeout(1_000)  # the last words
    page.screenshot(path=Path(__file__).with_name("screenshot.png"))
