"""What all plotly figures share: sizes and settings."""

from typing import Any

import plotly.graph_objects as go

FONT_SIZE = 15  # legible from the back of a classroom


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
