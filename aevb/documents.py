"""The tutorial's figures as files: HTML pages that need nothing beside them, their index, and PNGs.

A PNG is what a Chromium, Chrome or Edge shows of a page; without one there are only the pages.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from html import escape
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import plotly.io
from PIL import Image

from aevb.figures.record import record
from aevb.tutorial import FIGURES, Picture

BROWSERS = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge"),
    *("chromium-headless-shell", "chrome-headless-shell"),
)
PICTURE = "picture"
"""The part of a page that is the figure itself: a link to it shows it alone, which is what a PNG holds."""
SECONDS = 60.0  # for a browser to draw a page
WIDTH, HEIGHT = 1200, 3000  # of its window; what is left empty below the page is cut off
MARGIN = 24

PAPERS = {"light": "#FFFFFF", "dark": "#111111"}
"""Of the pages, and behind plotly's figures in its templates plotly_white and plotly_dark."""

_STYLE = f"""
:root {{ color-scheme: light dark; --ink: #1A2233; --faint: #D5DCE8 }}
body {{ margin: 0 auto; padding: {MARGIN}px; max-width: 1100px;
  background: {PAPERS["light"]}; color: var(--ink); font: 17px/1.45 system-ui, sans-serif }}
h1 {{ font-size: 28px; line-height: 1.2; margin: 0 0 8px }}
h2 {{ font-size: 19px; margin: 12px 0 4px }}
p {{ margin: 0 0 12px; max-width: 75ch }}
a {{ color: inherit }}
code {{ overflow-wrap: anywhere; font-size: 15px }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 20px 0 0;
  padding-top: 12px; border-top: 1px solid var(--faint); font-size: 16px }}
dt {{ font-weight: 600 }}
dd {{ margin: 0 }}
#{PICTURE} {{ display: grid; gap: 12px 24px; align-items: center }}
body:has(> #{PICTURE}:target) > :not(#{PICTURE}) {{ display: none }}
@media (max-width: 700px) {{ #{PICTURE} {{ grid-template-columns: minmax(0, 1fr) !important }} }}
ol {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 20px; padding: 0 }}
li {{ list-style: none; border: 1px solid var(--faint); border-radius: 8px; padding: 16px }}
li img {{ display: block; width: 100%; height: 200px; object-fit: contain; background: #FFFFFF;
  border-radius: 4px; margin-bottom: 10px }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ink: #E8ECF4; --faint: #2E394D }}
  body {{ background: {PAPERS["dark"]} }}
}}
"""

_DRESS = """
const dark = matchMedia("(prefers-color-scheme: dark)")
const dress = () => document.querySelectorAll(".plotly-graph-div").forEach(
  (plot) => Plotly.relayout(plot, {template: templates[dark.matches ? "dark" : "light"]}))
dark.addEventListener("change", dress)
if (dark.matches) dress()
"""
"""Puts plotly's figures, which know no style sheets, into the colours that the reader prefers."""


class BrowserError(RuntimeError):
    """A browser gave no picture of a page; the message names the browser and the page."""


def write(number: int, folder: Path) -> Path:
    """Draws a figure of the tutorial and writes its page into a folder. Returns where it is.

    Raises:
        CheckpointError: as `Figure.draw` does; nothing is written then.
    """
    text, path = page(number, FIGURES[number].draw()), folder / file_name(number)
    path.with_suffix(".png").unlink(missing_ok=True)  # it may show another state
    path.write_text(text, encoding="utf-8")
    return path


def file_name(number: int) -> str:
    """Of a figure's page; its PNG is named alike."""
    return f"figure-{number:02d}.html"


def page(number: int, picture: Picture) -> str:
    """A figure as one HTML file: its parts, its caption, and where they come from."""
    figure = FIGURES[number]
    plots = [part for part in picture.parts.values() if isinstance(part, go.Figure)]
    parts = "".join(
        f"<section>{f'<h2>{escape(title)}</h2>' if title else ''}"
        f"{_plot(part, first=part is plots[0]) if isinstance(part, go.Figure) else part}</section>"
        for title, part in picture.parts.items()
    )
    facts = {"This page": f"python -m aevb figure {number}"}
    if picture.source:
        facts |= {"Checkpoint": picture.source.path.name} | record(picture.source).facts
    lines = "".join(f"<dt>{escape(name)}</dt><dd>{_value(fact)}</dd>" for name, fact in facts.items())
    return _document(
        f"Figure {number}. {figure.title}",
        f"<p>{escape(figure.caption)} (Tutorial section {escape(figure.section)})</p>"
        f'<div id="{PICTURE}" style="grid-template-columns: repeat({figure.columns}, minmax(0, 1fr))">'
        f"{parts}</div><dl>{lines}</dl>{_dresser() if plots else ''}",
    )


def _value(fact: str) -> str:
    return f"<code>{escape(fact)}</code>" if fact.startswith("python ") else escape(fact)


def _plot(figure: go.Figure, *, first: bool) -> str:
    """A plotly figure as HTML; the first of a page brings the library."""
    clear = "rgba(0, 0, 0, 0)"
    shown = go.Figure(figure).update_layout(
        template="plotly_white", paper_bgcolor=clear, plot_bgcolor=clear, autosize=True
    )
    height = figure.layout.height
    settings = {"displayModeBar": False, "responsive": True}
    return shown.to_html(settings, include_plotlyjs=first, full_html=False, default_height=f"{height}px")


def _dresser() -> str:
    names = {"light": "plotly_white", "dark": "plotly_dark"}
    templates = {mode: plotly.io.templates[name].to_plotly_json() for mode, name in names.items()}
    return f"<script>const templates = {json.dumps(templates)}{_DRESS}</script>"


def index(folder: Path, faults: Mapping[int, str]) -> str:
    """What stands in a folder, as an HTML file to lie beside it: each figure, or why it is missing."""
    entries = []
    for number, figure in FIGURES.items():
        page, title = file_name(number), f"Figure {number}. {figure.title}"
        picture = Path(page).with_suffix(".png").name
        if number in faults:
            entries.append(f"<b>{escape(title)}</b><p>Missing: {escape(faults[number])}</p>")
            continue
        thumbnail = f'<img src="{picture}" alt="" loading="lazy">' if (folder / picture).is_file() else ""
        entries.append(
            f'<a href="{page}">{thumbnail}<b>{escape(title)}</b></a><p>{escape(figure.caption)}</p>'
        )
    items = "".join(f"<li>{entry}</li>" for entry in entries)
    return _document(
        "The tutorial's twelve figures",
        "<p>Drawn from the shipped checkpoints: <code>python -m aevb figure --all</code></p>"
        f"<ol>{items}</ol>",
    )


def _document(title: str, body: str) -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>{body}</body></html>\n"
    )


def browser() -> str | None:
    """The first browser found that can draw a page without a window; None where there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def screenshot(browser: str, page: Path) -> None:
    """A browser's picture of a figure's page, without the words around it, as a PNG beside it.

    Raises:
        BrowserError: where it gives none, or none within `SECONDS`.
    """
    with tempfile.TemporaryDirectory() as profile:
        taken = Path(profile) / "page.png"
        command = [browser, "--headless", "--hide-scrollbars", "--disable-dev-shm-usage", "--mute-audio"]
        command += [f"--user-data-dir={profile}", f"--screenshot={taken}", f"--window-size={WIDTH},{HEIGHT}"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:  # whom Chromium's sandbox refuses
            command += ["--no-sandbox"]
        try:
            subprocess.run(
                [*command, f"{page.absolute().as_uri()}#{PICTURE}"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=SECONDS,
                check=True,
            )
            with Image.open(taken) as image:
                pixels = np.asarray(image.convert("RGB"))
        except (OSError, subprocess.SubprocessError) as error:
            late = f" within {SECONDS:g} seconds" if isinstance(error, subprocess.TimeoutExpired) else ""
            raise BrowserError(f"{browser} gave no picture of {page.name}{late}.") from error
    rows = np.flatnonzero((pixels != pixels[-1, 0]).any((1, 2)))
    end = min(len(pixels), (rows[-1] if len(rows) else 0) + MARGIN)
    Image.fromarray(pixels[:end]).save(page.with_suffix(".png"), optimize=True)
