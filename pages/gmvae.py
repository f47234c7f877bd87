"""The Gaussian mixture VAE: clusters of digits, found without labels."""

import streamlit as st

from aevb.ui import gmvae, gmvae_mathematics, latents, maps, mathematics, record, widgets
from aevb.ui.components.drawing import drawing

NAME = "gmvae"

st.title("Gaussian mixture VAE", anchor=False)
st.markdown(
    "The **cluster** y of each image is latent, as its code z is: p(y) p(z | y) is a mixture of Gaussians, "
    "and a decoder draws x from z. No label takes part, yet the clusters become **digits**."
)
gmvae.model(NAME)  # where the checkpoint is damaged, that is all there is to say

st.header("Clusters in digit order", anchor="clusters", divider="gray")
gmvae.show_rows(NAME)

st.header("Which cluster is it in?", anchor="guess", divider="gray")
digit = widgets.digit_chooser("Test digit", "digit", 0)
picture, bars = st.columns([2, 5], gap="medium", vertical_alignment="center")
with picture:
    drawing(gmvae.beside(NAME, digit), "reconstructed")
bars.plotly_chart(gmvae.cluster_figure(NAME, digit), key="bars", alt=f"q(y | x) of test digit {digit}")


@st.fragment
def elbo(digit: int) -> None:
    numbers = st.container(horizontal=True, vertical_alignment="bottom")
    seed = widgets.seed("sample", "Resample z")
    with numbers:
        drawing(gmvae.elbo(NAME, digit, seed), "elbo")
    st.caption(
        "Bars: the classifier q(y | x), the cluster matched with the true label framed. Numbers: in nats, "
        "averaged over q(y | x); KL(y) is log C where q(y | x) is certain of one cluster."
    )


elbo(digit)

st.header("Within a cluster", anchor="knobs", divider="gray")


@st.fragment
def knobs(digit: int) -> None:
    gmvae.sliders(NAME, digit)
    st.caption(
        "z = μ(y) + σ(y) ε in the chosen cluster, and the same ε in all of them. The most used dimensions "
        "come first."
    )


knobs(digit)

st.header("The test set as the encoder sees it", anchor="map", divider="gray")
maps.show(NAME, digit, gmvae.image(digit), gmvae.reconstructed(NAME, digit), of="the latent means")
st.caption(
    "Means of z in each image's most probable cluster, coloured by that cluster or by the true label: where "
    "the two differ, the model was misled. Click a point to load its digit above."
)

st.header("Clusters against labels", anchor="confusion", divider="gray")
st.markdown(gmvae.summary(NAME))
gmvae.show_confusion(NAME)
st.caption(
    "Rows are clusters in digit order, columns true labels. Click a cell, or choose it by name, to open its "
    "images."
)

st.header("From the centre to the corners", anchor="gumbel", divider="gray")
gmvae.show_gumbel()
st.caption(
    "500 samples of the Gumbel-Softmax distribution, softmax((log π + g) / τ), with the same noise g at "
    "every temperature. The corner nearest to a sample never changes with τ: it is an exact draw from π."
)

st.header("Which dimensions are used", anchor="dimensions", divider="gray")
st.plotly_chart(latents.use_figure(NAME), key="use", alt="Mean KL of each latent dimension")
st.caption("KL from q(z | x, y) to p(z | y) under q(y | x), averaged over the test set.")

st.header("How it was trained", anchor="training", divider="gray")
record.show(
    NAME,
    "Test set, epoch by epoch: the bound, how undecided q(y | x) is, and how well its clusters match the "
    "labels. (Figure 10)",
    "The ELBO's terms on the test set.",
)

mathematics.section(gmvae_mathematics.PARTS)
