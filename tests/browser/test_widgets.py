"""A part in a notebook: JupyterLab, in Chromium."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

import aevb
from aevb import data, widgets
from aevb.checkpoints import Checkpoint
from aevb.data import Split
from benchmarks.site import files

WITHOUT_LAB = "JupyterLab is not installed, so no widget was tried in a notebook."

ROOT = Path(__file__).parents[2]
TOKEN = "of-this-test"
SHOW = """\
import aevb
import ipywidgets
from aevb import widgets

knobs = widgets.show(aevb.load("vae"), "knobs", digit=7)
told = ipywidgets.Label()
knobs.observe(lambda change: setattr(told, "value", f"z is {change.new}"), "z")
ipywidgets.VBox([knobs, told])
"""
SET = "knobs.z = [0.0] * 20"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    """The address of a notebook with the two cells, in a JupyterLab that keeps all it writes to itself."""
    pytest.importorskip("jupyterlab", reason=WITHOUT_LAB)
    import nbformat  # two seconds, of each worker that collects this file

    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in (SHOW, SET)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    (tmp_path / "notebooks").mkdir()
    nbformat.write(notebook, tmp_path / "notebooks" / "knobs.ipynb")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    folders += ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    own = {name: str(tmp_path / name.lower()) for name in folders} | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"]
    command += [f"--port={port}", f"--ServerApp.root_dir={tmp_path / 'notebooks'}"]
    command += [f"--IdentityProvider.token={TOKEN}"]
    log = tmp_path / "log.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=os.environ | own, stdout=output, stderr=subprocess.STDOUT)
    url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 60
    try:
        while True:
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            with suppress(OSError):
                urllib.request.urlopen(f"{url}/api", timeout=2).close()
                break
            time.sleep(0.1)
        yield f"{url}/lab/tree/knobs.ipynb?token={TOKEN}"
    finally:
        process.terminate()
        process.wait(20)


def test_knobs_turn_in_a_notebook_and_python_hears_of_it(browser: Browser, lab: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    try:
        page.goto(lab)
        page.get_by_text("| Idle").wait_for(timeout=60_000)
        page.locator(".jp-CodeCell .cm-content").first.click()
        page.keyboard.press("Shift+Enter")
        digit = page.locator(".knobs .decoded canvas").first
        digit.and_(page.locator("[data-painted]")).wait_for(timeout=60_000)
        before = digit.evaluate("canvas => canvas.toDataURL()")
        slider = page.locator(".knobs input[type=range]").first
        at, name = float(slider.input_value()), slider.get_attribute("aria-label") or ""
        slider.press("PageUp")
        changed = "([canvas, before]) => canvas.toDataURL() !== before"
        page.wait_for_function(changed, arg=[digit.element_handle(), before])
        now = float(slider.input_value())
        assert now > at
        # The kernel has heard of it, and what Python sets moves the slider.
        told = page.get_by_text("z is [")
        expect(told).to_be_visible()
        assert json.loads(told.inner_text().removeprefix("z is "))[int(name.removeprefix("z")) - 1] == now
        page.keyboard.press("Escape")
        page.locator(".jp-CodeCell .cm-content").nth(1).click()
        page.keyboard.press("Shift+Enter")
        expect(slider).to_have_value("0")
        expect(told).to_have_text(f"z is {[0.0] * 20}")
    finally:
        page.close()


# Every part, as anywidget renders it

RENDER = """async ({ script, state }) => {
    const listeners = new Map(), values = {};
    const bytes = async (told) => {
        if (told?.address) return new DataView(await (await fetch(told.address)).arrayBuffer());
        if (Array.isArray(told)) return Promise.all(told.map(bytes));
        if (told === null || typeof told !== "object") return told;
        const pairs = Object.entries(told).map(async ([name, value]) => [name, await bytes(value)]);
        return Object.fromEntries(await Promise.all(pairs));
    };
    Object.assign(values, await bytes(state));
    globalThis.values = values;
    const model = {
        get: (key) => values[key],
        set: (key, value) => (values[key] = value),
        save_changes() {},
        on: (event, f) => listeners.set(event, f),
        off: (event) => listeners.delete(event),
    };
    const { default: { render } } = await import(script);
    const el = document.body.appendChild(document.createElement("div"));
    globalThis.end = await render({ model, el });
}"""


def kept(value: Any, folder: Path) -> Any:
    """A widget's state for the page, what is bytes as the address of a file in a folder that is served."""
    if isinstance(value, bytes):
        file = folder / f"{len(list(folder.iterdir()))}.bytes"
        file.write_bytes(value)
        return {"address": f"/{file.name}"}
    if isinstance(value, dict):
        return {name: kept(each, folder) for name, each in value.items()}
    return [kept(each, folder) for each in value] if isinstance(value, list) else value


def shows(part: widgets.Part, known: Checkpoint | None) -> bool:
    return part.fits is None if known is None else part.fits is not None and part.fits(known.model)


@pytest.mark.parametrize("model", ["vae", "cvae", "gmvae", "vrnn", None])
def test_every_part_renders_outside_of_the_app(browser: Browser, model: str | None, tmp_path: Path) -> None:
    known = model and aevb.load(model)
    test = data.read().test
    split = Split(test.images[:100], test.labels[:100])
    parts = [name for name, part in widgets.PARTS.items() if shows(part, known)]
    faults: list[str] = []
    (tmp_path / "index.html").write_text("<!doctype html><body style='margin: 0'>", encoding="utf-8")
    with (
        files(tmp_path) as site,
        closing(browser.new_page(viewport={"width": 1000, "height": 640})) as page,
    ):
        page.on("pageerror", lambda error: faults.append(f"{error}"))
        for part in parts:
            widget = widgets.show(known, part, images=split)
            keys = [*widgets.PARTS[part].keys, "digits", "checkpoint", "options", "height"]
            (tmp_path / f"{part}.js").write_text(widget._esm, encoding="utf-8")
            page.goto(site)
            state = {key: kept(getattr(widget, key), tmp_path) for key in keys}
            page.evaluate(RENDER, {"script": f"/{part}.js", "state": state})
            painted = page.locator(".instrument :is(.live[data-painted], [data-ready])").first
            expect(painted, f"{part}: {faults}").to_be_visible(timeout=20_000)
            page.evaluate("end()")
        assert parts and faults == []
