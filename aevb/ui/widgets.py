"""Widgets that several pages share. Their state stands in the URL under their key."""

import re
import secrets
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
import streamlit as st

from aevb.ui import loading

SEEDS = 10_000
UNREAD = "unread_parameters"
RUN = "run_of_the_page"
T = TypeVar("T")


def digit_chooser(label: str, key: str, default: int) -> int:
    """A digit of the test set: by its number, at random within its class, or at random."""
    labels = loading.digits().test.labels.numpy()
    expect_number(key, 0, len(labels) - 1)

    def choose(candidates: Sequence[int] | np.ndarray) -> None:
        st.session_state[key] = int(secrets.choice(candidates))

    def choose_class() -> None:
        choose(np.flatnonzero(labels == st.session_state[f"{key}_class"]))

    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{key}_chooser"):
        digit: int = st.number_input(
            label, 0, len(labels) - 1, default, key=key, bind="query-params", width=170
        )
        shown = int(labels[digit])
        # The class follows the digit; choosing another one loads a random digit of it.
        st.session_state[f"{key}_class"] = shown
        st.segmented_control(
            "What it shows",
            range(10),
            key=f"{key}_class",
            required=True,
            wrap=True,
            on_change=choose_class,
            help="Another class loads a random digit of it.",
        )
        st.button(f"Another {shown}", key=f"{key}_another", icon=":material/casino:", on_click=choose_class)
        st.button(
            "Any digit",
            key=f"{key}_any",
            icon=":material/shuffle:",
            on_click=choose,
            args=(range(len(labels)),),
        )
    return int(digit)


def seed(key: str, button: str) -> int:
    """A seed, and a button that draws another."""
    expect_number(key, 0, SEEDS - 1)

    def draw() -> None:
        st.session_state[key] = secrets.randbelow(SEEDS)

    with st.container(horizontal=True, vertical_alignment="bottom"):
        value = st.number_input("Seed", 0, SEEDS - 1, 0, key=key, bind="query-params", width=150)
        st.button(button, key=f"{key}_draw", icon=":material/casino:", on_click=draw)
    return int(value)


def linked(name: str, most: int, least: int = 0) -> int | None:
    """A whole number from the URL, None where there is none or it is out of range."""
    text = st.query_params.get(name, "")
    return int(text) if re.fullmatch(r"-?\d{1,6}", text) and least <= int(text) <= most else None


def expect_number(key: str, least: float, most: float) -> None:
    """Notes, before a widget is drawn, that the URL's value under its key is no number in its range.

    Streamlit drops such a value without a word. `unread` tells of it.
    """
    try:
        sound = least <= float(st.query_params.get(key, least)) <= most
    except ValueError:
        sound = False
    expect(key, sound)


def expect(key: str, sound: bool) -> None:
    """Notes, where the URL's value under a key is not sound, that it was of no use. `unread` tells of it."""
    if not sound:
        st.session_state[UNREAD] = [*st.session_state.get(UNREAD, []), key]


def expect_choice(key: str, options: Sequence[str]) -> None:
    """As `expect_number`, for a widget that offers options; Streamlit reads their positions too."""
    if st.query_params.get(key) not in (None, *options):
        expect_number(key, 0, len(options) - 1)


def unread() -> str:
    """A sentence on what was noted since the last call, else ""."""
    keys: list[str] = list(dict.fromkeys(st.session_state.pop(UNREAD, [])))
    if not keys:
        return ""
    names = " and ".join(filter(None, [", ".join(keys[:-1]), keys[-1]]))
    default = "it is at its default" if len(keys) == 1 else "they are at their defaults"
    return f"This link's {names} could not be read; {default}."


@dataclass(frozen=True)
class Run:
    """A run of a whole page: which page, in which visit to it, and of all runs which. A fragment that runs
    alone belongs to the last."""

    page: str = ""
    visit: int = 0
    number: int = 0


def begin(page: str) -> None:
    """Notes that a whole page begins to run. Forgets what fragments noted, which ran alone."""
    unread()
    last = st.session_state.get(RUN, Run())
    st.session_state[RUN] = Run(page, last.visit + (page != last.page), last.number + 1)


@dataclass(frozen=True)
class Opening(Generic[T]):
    """How a live component stood when it was last put somewhere by anyone but its visitor.

    Attributes:
        number: counts these openings.
        of: what was shown.
        links: what the URL has said since, parameter by parameter.
        start: what was read from it.
        run: the last that it was shown in.
    """

    number: int
    of: Hashable
    links: dict[str, str | None]
    start: T
    run: Run


def opening(
    key: str, of: Hashable, params: Sequence[str], read: Callable[..., T], *, lasting: Sequence[str] = ()
) -> Opening[T]:
    """The last opening, or a new one: on arrival, for another `of`, and after Back or Forward.

    It is read once for each, since a component's data must not change with what it reports. `read` gets
    the URL's values, None where there is none. Another `of` starts without those of the old one, but for
    the `lasting` parameters, which come last.

    To be called in a fragment that holds the component. Back and Forward run the whole page; what is
    reported runs the fragment alone, where the URL may be older than the last `keep`, which the browser
    has not yet heard of.
    """
    run = st.session_state.get(RUN, Run())
    links = {param: st.query_params.get(param) for param in (*params, *lasting)}
    known: Opening[T] | None = st.session_state.get(f"{key}_opening")
    if known and known.run.visit == run.visit and (known.run == run or known.links == links):
        if known.of == of:
            st.session_state[f"{key}_opening"] = replace(known, run=run)
            return st.session_state[f"{key}_opening"]
        links = known.links | dict.fromkeys(params)
        _write(links)
    new = Opening(known.number + 1 if known else 0, of, links, read(*links.values()), run)
    st.session_state[f"{key}_opening"] = new
    return new


def keep(key: str, links: dict[str, str | None]) -> None:
    """Puts what a component has reported since its opening into the URL."""
    _write(links)
    st.session_state[f"{key}_opening"] = replace(st.session_state[f"{key}_opening"], links=links)


def _write(links: dict[str, str | None]) -> None:
    for param, link in links.items():
        if link is None:
            st.query_params.pop(param, None)
        elif st.query_params.get(param) != link:
            st.query_params[param] = link


def picture(
    pixels: np.ndarray, alt: str, *, width: int | str = "stretch", caption: str | None = None
) -> None:
    """An array (H, W) of uint8, lossless; the shell's style sheet keeps its pixels crisp."""
    st.image(pixels, caption, width=width, output_format="PNG", alt=alt)  # type: ignore[arg-type]
