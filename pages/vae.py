"""The variational auto-encoder: an image's way through it, its latent space, how it was trained."""

import streamlit as st

from aevb.ui import latents, maps, mathematics, record, vae, vae_mathematics, widgets
from aevb.ui.components.drawing import drawing

NAME = "vae"

st.title("Variational auto-encoder", anchor=False)
st.markdown(
    "An **encoder** turns an image into a distribution over 20 numbers, a **decoder** turns 20 numbers into "
    "an image. Both are small neural nets, trained together by raising one bound: the ELBO."
)
vae.model(NAME)  # where the checkpoint is damaged, that is all there is to say

st.header("An image through the model", anchor="flow", divider="gray")
digit = widgets.digit_chooser("Test digit", "digit", 0)


@st.fragment
def flow(digit: int) -> None:
    picture, numbers = st.container(), st.container(horizontal=True, vertical_alignment="bottom")
    seed = widgets.seed("sample", "Resample z")
    with picture:
        drawing(vae.flow(NAME, digit, seed), "flow")
    with numbers:
        drawing(vae.elbo(NAME, digit, seed), "elbo")
    st.caption(
        "All in nats; the grey band is the prior, 0 ± 1. A high log p(x | z): the output explains the image. "
        "A low KL: the posterior stays near the prior. The bound lies closer to log p(x) than the ELBO."
    )

    st.header("Turn the 20 knobs", anchor="knobs", divider="gray")
    vae.sliders(NAME, digit, seed)
    st.caption(
        "Drag a slider, or the point in the plane of two directions. The most used dimensions come first, "
        "each with its mean KL as a bar. The numbers say how well this z explains the digit, and in brackets "
        "the gain over the encoder's mean: can you beat its log p(x, z)?"
    )


flow(digit)

st.header("The test set as the encoder sees it", anchor="map", divider="gray")
maps.show(NAME, digit, vae.image(digit), vae.reconstructed(NAME, digit), of="the posterior means")
st.caption(
    "Each point is a test image's posterior mean, 20 numbers projected to 2; the large figures stand at the "
    "median of each class. The model never saw a label. Click a point to load its digit above. (Figure 8)"
)

st.header("New digits from the prior", anchor="prior", divider="gray")


@st.fragment
def prior() -> None:
    lambdas, samples = vae.prior(NAME, widgets.seed("prior", "Resample"))
    left, right = st.columns(2, gap="medium")
    with left:
        widgets.picture(lambdas, "30 decoded draws from the prior: the parameters λ")
        st.caption("The parameters λ of 30 draws z ~ N(0, I). (Figure 6)")
    with right:
        widgets.picture(samples, "One sample of x for each of the 30 draws")
        st.caption("One sample x of each: pixels are independent given z, hence the noise. (Figure 7)")


prior()

st.header("Walks through latent space", anchor="walks", divider="gray")


@st.fragment
def walks(digit: int) -> None:
    end = widgets.digit_chooser("Walk to test digit", "to", 3)
    drawing(vae.walk(NAME, digit, end), "walk")
    st.caption(
        "Along an arc: on a straight line the middle would come too near the origin, where digits blur."
    )
    dimension = latents.chooser("Along one dimension", "dim", NAME)
    drawing(vae.traversal(NAME, digit, dimension), "traversal")
    st.caption(f"The digit above, with {latents.name(dimension)} alone moved from −3 to 3.")


walks(digit)

st.header("Which dimensions are used", anchor="dimensions", divider="gray")
st.plotly_chart(latents.use_figure(NAME), key="use", alt="Mean KL of each latent dimension")
st.caption(
    "KL from posterior to prior, averaged over the test set: a dimension at 0 says nothing of the image."
)
st.plotly_chart(
    vae.posterior_figure(NAME, digit), key="posterior", alt=f"Posterior of test digit {digit} by dimension"
)
st.caption(
    f"Digit {digit}: μ ± σ in each dimension. A used one is narrow; an unused one is the prior, 0 ± 1."
)

st.header("How it was trained", anchor="training", divider="gray")
record.show(
    NAME,
    "ELBO per epoch: it climbs quickly, then levels off. (Figure 5)",
    "Its terms on the test set: a better likelihood is bought with more KL.",
)
st.info(
    "**Why |logit| ≤ 15.94.** A black pixel, dequantised to u/256, is explained best by a logit near −512. "
    "Without a cap the same model scores about +3,100 nats, most of it for the background's quantisation. "
    "The tutorial's code has the cap unseen, in float32's rounding; ours keeps it, so that figures compare."
)

mathematics.section(vae_mathematics.PARTS)
