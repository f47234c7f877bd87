"""Takes the README's picture: `python docs/screenshot.py URL`, of a running app's page."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

SETTLED = """() => document.querySelector('[data-testid=stApp][data-test-script-state=notRunning]')
    && !document.querySelector('[data-testid=stSkeleton]')"""

url = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8501/factor-analysis"
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.goto(url)
    page.wait_for_timeout(15_000)  # the page trains its first model meanwhile
    page.wait_for_function(SETTLED)
    page.screenshot(path=Path(__file__).with_name("screenshot.png"))
