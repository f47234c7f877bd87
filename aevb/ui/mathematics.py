"""Mathematics beside the library's own source: the formula, and the code that is the formula."""

import inspect
import textwrap
from collections.abc import Callable, Sequence

import streamlit as st

ASCENT = r"""
$$
\begin{aligned}
\phi &\leftarrow \phi + \eta\, \nabla_\phi \tfrac{1}{N_B} \textstyle\sum_i \text{ELBO}_i \\
\theta &\leftarrow \theta + \eta\, \nabla_\theta \tfrac{1}{N_B} \textstyle\sum_i \text{ELBO}_i
\end{aligned}
$$
"""
"""Equations 3 and 4 taken together: what a gradient step of AEVB does."""


def section(parts: Sequence[tuple[str, str, Callable | type]]) -> None:
    """A section "Mathematics" of rows (title, markdown with LaTeX, the object whose source to show)."""
    st.header("Mathematics", anchor="mathematics", divider="gray")
    st.caption(
        "Each formula stands beside the code of `aevb` that computes it, read from the library itself."
    )
    for title, text, code in parts:
        st.subheader(title, anchor=False)
        formula, source = st.columns(2, gap="medium")
        formula.markdown(text)
        source.code(textwrap.dedent(inspect.getsource(code)), language="python", wrap_lines=True)
        module = inspect.getmodule(code)
        source.caption(f"`{module.__name__ if module else ''}.{code.__qualname__}`")
