"""The variational RNN: an image as a sequence of rows, each with a latent variable of its own."""

import streamlit as st

from aevb.ui import mathematics, record, vrnn, vrnn_mathematics, widgets
from aevb.ui.components.drawing import drawing

NAME = "vrnn"

st.title("Variational RNN", anchor=False)
st.markdown(
    "An image is read and written **row by row**. Each row has 2 latent numbers, and a **memory** carries "
    "all rows so far to the next one. So the prior is no longer fixed: it is what the model expects next."
)
vrnn.model(NAME)  # where the checkpoint is damaged, that is all there is to say

st.header("Where a digit surprises", anchor="rows", divider="gray")
digit = widgets.digit_chooser("Test digit", "digit", 0)


@st.fragment
def rows(digit: int) -> None:
    player, numbers = st.container(), st.container()
    with numbers:
        seed = widgets.seed("path", "Resample z")
    with player:
        vrnn.play_digit(NAME, digit, seed)
    st.caption(
        "Scrub through the rows. Where a row goes as expected, q stays on the prior and the KL is small; "
        f"where it surprises, q moves away and the KL is large. {vrnn.summary(NAME, digit, seed)}"
    )


rows(digit)

st.header("Digits grow", anchor="growing", divider="gray")


@st.fragment
def growing() -> None:
    player, controls = st.container(), st.container(horizontal=True, vertical_alignment="bottom")
    with controls:
        temperature = vrnn.temperature("temperature")
        seed = widgets.seed("grow", "Resample")
    with player:
        vrnn.play_samples(NAME, seed, temperature)
    st.caption(
        "Press play. Each row is drawn from its own prior, then remembered: early rows decide which digit it "
        "becomes, and the prior narrows. A temperature below 1 draws plainer digits, above 1 wilder ones."
    )


growing()

st.header("Move the z of a row", anchor="moved", divider="gray")
vrnn.show_moves(NAME)

st.header("Endings of a beginning", anchor="completions", divider="gray")


@st.fragment
def completions(digit: int) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        keep = vrnn.keep(NAME)
        temperature = vrnn.temperature("ending_temperature")
        seed = widgets.seed("endings", "Resample")
    begun, ended = st.columns([1, 6], gap="medium")
    with begun:
        drawing(vrnn.beginning(digit, keep), "beginning")
    with ended:
        drawing(vrnn.endings(NAME, digit, keep, seed, temperature), "endings_strip")
    st.caption(
        f"Above the line the first {keep} rows of digit {digit}, the same everywhere; below it the model "
        "goes on. Keep few rows and they could become anything; keep more and the endings agree."
    )


completions(digit)

st.header("Paths through latent space", anchor="paths", divider="gray")


@st.fragment
def paths(digit: int) -> None:
    if vrnn.of_samples():
        chart, seed = st.container(), widgets.seed("path_samples", "Resample")
        figure = vrnn.sample_paths(NAME, seed)
        chart.plotly_chart(figure, key="sample_paths", alt="Latent values of each row for 12 samples")
        st.caption(
            "The z of 12 samples. They spread widely in the blank rows above and below, where z hardly "
            "matters, and keep close where strokes hang on it."
        )
    else:
        figure = vrnn.digit_paths(NAME, digit)
        st.plotly_chart(figure, key="digit_paths", alt="Latent means of each row, by class of digit")
        st.caption(
            "Means of q row by row: thick the mean of each class, thin a few digits, and digit "
            f"{digit} on top. They part where the strokes begin. Double-click a class to see it alone."
        )


paths(digit)

st.header("Thirty samples", anchor="samples", divider="gray")


@st.fragment
def samples() -> None:
    picture = st.container()
    seed = widgets.seed("samples", "Resample")
    with picture:
        widgets.picture(vrnn.samples(NAME, seed), "30 digits sampled row by row", width=1490)
    st.caption("Strokes hang together, since a row knows those above it. (Figure 12, right)")


samples()

st.header("How it was trained", anchor="training", divider="gray")
record.show(
    NAME,
    "ELBO per epoch: it climbs quickly, then levels off. (Figure 12, left)",
    "Its terms on the test set: log p(x | z) of all rows, and what their KL costs.",
)

mathematics.section(vrnn_mathematics.PARTS)
