"""What axe-core finds on a page."""

from collections.abc import Sequence
from importlib.resources import files

from playwright.sync_api import Page

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
OF_COLOURS = ("color-contrast", "link-in-text-block")
"""The rules that may find in the dark what they do not in the light."""

RUN = """async (rules) => (await axe.run({ exclude: [["[data-testid=stSidebar]"]] }, {
    runOnly: rules,
    preload: false, // of style sheets, which none of these rules reads, and of sounds, which no page has
    resultTypes: ["violations"],
})).violations.filter(({ impact }) => ["serious", "critical"].includes(impact))
    .map(({ id, nodes }) => [id, nodes.slice(0, 3).map(({ target, failureSummary }) =>
        [target.flat().at(-1), failureSummary])])"""


def barriers(page: Page, rules: Sequence[str] = RULES) -> list[str]:
    """The serious ones, beside those of Streamlit's own sidebar; a line for each rule that is broken."""
    if not page.evaluate("'axe' in window"):
        page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    return [f"{rule} {nodes}" for rule, nodes in page.evaluate(RUN, list(rules))]
