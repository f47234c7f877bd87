"""What all figures share: the colours, legible on light and dark alike, and the sizes."""

from typing import Any

import plotly.graph_objects as go

DIGITS = (
    "#4E79A7",
    "#F28E2B",
    "#E15759",
    "#76B7B2",
    "#59A14F",
    "#D4A72C",
    "#B07AA1",
    "#FF9DA7",
    "#9C755F",
    "#8C8C8C",
)
"""One colour for each of the ten digits, the same everywhere."""

NO_CLASS = "#5B6B85"
"""Of what belongs to none of the ten."""

ELBO = "#E15759"
ELBO_ESTIMATE = "rgba(225, 87, 89, 0.35)"
EVIDENCE = "#59A14F"
TRUE_MODEL = "#8C8C8C"
GAP = "#B07AA1"
GAP_AREA = "rgba(176, 122, 161, 0.25)"
CLASSIC_EM = "#4E79A7"
DATA = "#4E79A7"
GENERATED = "#F28E2B"
E_STEP = "rgba(140, 140, 140, 0.22)"
M_STEP = "rgba(140, 140, 140, 0.0)"

MARK = "#E6007E"
"""Of what is chosen: unlike all ten digits, on light and dark."""

FONT_SIZE = 15  # legible from the back of a classroom


def with_sign(nats: float) -> str:
    """A figure with its sign, the minus as long as the plus."""
    return f"{nats:+,.1f}".replace("-", "−")


def name_above(figure: go.Figure, name: str, *, row: int, col: int) -> None:
    """Names a panel's vertical axis above it: beside it, a narrow window has no room between panels."""
    figure.add_annotation(
        text=name,
        x=0,
        xref="x domain",
        xanchor="right",
        xshift=-6,
        y=1,
        yref="y domain",
        yanchor="bottom",
        showarrow=False,
        font_size=FONT_SIZE,
        row=row,
        col=col,
    )


def layout(figure: go.Figure, **settings: Any) -> go.Figure:
    """The settings that all figures share; `settings` add to them. Returns the figure."""
    figure.update_layout(
        font_size=FONT_SIZE,
        margin={"l": 8, "r": 8, "t": 32, "b": 8},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "font_size": FONT_SIZE},
        hoverlabel_font_size=FONT_SIZE,
        **settings,
    )
    figure.update_xaxes(automargin=True, tickfont_size=FONT_SIZE - 1)
    figure.update_yaxes(automargin=True, tickfont_size=FONT_SIZE - 1)
    return figure
