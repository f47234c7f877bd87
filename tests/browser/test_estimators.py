"""Recorded runs by several estimators, in a real browser: what is shown is what the command has left."""

import json
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from importlib.resources import files

import pytest
from playwright.sync_api import Page, expect


def tenths(recorded: float) -> Decimal:
    """As a browser rounds what is written: 107.35, which no binary number is, up."""
    return Decimal(str(abs(recorded))).quantize(Decimal("0.1"), ROUND_HALF_UP)


@pytest.mark.parametrize("name", ["gmvae", "vrnn"])
def test_recorded_runs_are_told_as_recorded(open_edition: Callable[..., Page], name: str) -> None:
    runs = json.loads((files("aevb") / "ui" / name / "estimators.json").read_text(encoding="utf-8"))
    page = open_edition(name, scene="estimators")
    cells = page.locator("tbody td:nth-child(2)")
    expect(cells).to_have_text([f"−{tenths(run['elbo'][-1])} ± {tenths(run['spread'])}" for run in runs])
    page.get_by_role("slider", name="epoch").press("Home")
    expect(cells).to_have_text([f"−{tenths(run['elbo'][0])}" for run in runs])
    expect(page).to_have_url(re.compile("epochs=0"))
    page.get_by_role("button", name="by time").click()
    expect(page).to_have_url(re.compile("over=time"))
    # What the scene says of them holds of what is recorded.
    assert all(len(run["elbo"]) == len(runs[0]["elbo"]) for run in runs)
    assert runs[0]["elbo"][-1] == max(run["elbo"][-1] for run in runs)
    assert runs[1]["kl"] < 0.05 * runs[0]["kl"] or name != "vrnn", "q ends on the prior"
    assert page.faults == []
