"""The conditional VAE: labels and styles, each chosen apart from the other."""

import streamlit as st

from aevb.ui import cvae, cvae_mathematics, latents, maps, mathematics, record, widgets
from aevb.ui.components.drawing import drawing

NAME = "cvae"

st.title("Conditional VAE", anchor=False)
st.markdown(
    "The **label** y of each image is observed, and both densities are conditioned on it: p(z | y) and "
    "p(x | z, y). What the label does not say, the **style** of a digit, is left to the latent z."
)
cvae.model(NAME)  # where the checkpoint is damaged, that is all there is to say

st.header("Ten labels in many styles", anchor="grid", divider="gray")
cvae.show_grid(NAME)

st.header("A digit rewritten", anchor="rewrite", divider="gray")
digit = widgets.digit_chooser("Test digit", "digit", 0)


@st.fragment
def rewrite(digit: int) -> None:
    picture, others = st.columns([1, 6], gap="medium")
    with picture:
        drawing(cvae.original(digit), "original")
    with others:
        drawing(cvae.rewritten(NAME, digit), "rewritten")
        st.caption(
            "Its **style** under all ten labels, its own framed: ε = (z − μ(y)) / σ(y), where z lies in its "
            "label's prior, then z′ = μ(y′) + σ(y′) ε for the new label."
        )
        drawing(cvae.decoded(NAME, digit), "same_z")
        st.caption(
            "The same **z** under all ten labels: little changes. The prior gives each label a region of its "
            "own, so z itself tells the label, and the decoder believes z."
        )
    numbers = st.container(horizontal=True, vertical_alignment="bottom")
    seed = widgets.seed("sample", "Resample z")
    with numbers:
        drawing(cvae.elbo(NAME, digit, seed), "elbo")
    st.caption("In nats, given its label. The bound lies closer to log p(x | y) than the ELBO.")


rewrite(digit)

st.header("Which label is it?", anchor="guess", divider="gray")
st.markdown(cvae.guess(NAME, digit))
st.plotly_chart(
    cvae.bounds_figure(NAME, digit), key="bounds", alt=f"Bound on log p(x | y) by label for digit {digit}"
)
st.caption(
    "A bound on log p(x | y) under each label y (K = 100), its true one framed. With p(z | y) the model is a "
    "classifier through Bayes' rule: p(y | x) ∝ p(x | y) p(y), every label as likely beforehand."
)

st.header("Turn the style", anchor="knobs", divider="gray")


@st.fragment
def knobs(digit: int) -> None:
    cvae.sliders(NAME, digit)
    st.caption(
        "One style ε under all ten labels: what a slider does to one digit, it often does to the others. The "
        "dial below them also stops between two labels, at weights that the model never saw."
    )


knobs(digit)

st.header("Between labels and between styles", anchor="between", divider="gray")
cvae.show_between(NAME, digit)

st.header("The test set as the encoder sees it", anchor="map", divider="gray")
method = maps.show(NAME, digit, cvae.image(digit), cvae.reconstructed(NAME, digit), of="the latent means")
st.caption(
    "The styles ε: with each label's own place taken away, the classes lie over one another."
    if method in maps.STYLES
    else "Posterior means of z. The encoder is told the label, so z need not separate the classes; it does, "
    "where p(z | y) gives each a region of its own. Choose PCA of ε to take those regions away."
)

st.header("Which dimensions are used", anchor="dimensions", divider="gray")
st.plotly_chart(latents.use_figure(NAME), key="use", alt="Mean KL of each latent dimension")
st.caption("KL from q(z | x, y) to p(z | y), averaged over the test set: what z adds to the label.")
st.plotly_chart(
    cvae.posterior_figure(NAME, digit), key="posterior", alt=f"Posterior of test digit {digit} by dimension"
)
st.caption(f"Digit {digit}: μ ± σ in units of its label's prior, which is the grey band, 0 ± 1.")

st.header("How it was trained", anchor="training", divider="gray")
record.show(
    NAME,
    "ELBO per epoch, a bound on log p(x | y): it climbs quickly, then levels off.",
    "Its terms on the test set: the KL is that to the prior of the image's own label.",
)

mathematics.section(cvae_mathematics.PARTS)
