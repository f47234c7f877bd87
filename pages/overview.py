"""The way in: the one idea, and the five models of the tutorial's Table 1."""

import streamlit as st

from aevb.figures import drawings
from aevb.ui import catalogue
from aevb.ui.components.drawing import drawing

st.title("AEVB Explorer", anchor=False)
st.markdown(
    "**Auto-encoding variational Bayes** fits latent variable models. It is expectation maximisation "
    "with both of its steps made approximate and taken at the same time, and that one idea trains "
    "factor analysis, the VAE and many models more. Here it can be seen, touched and taken apart."
)

st.header("The one idea", anchor="idea", divider="gray")
st.container(key="identity").latex(r"""
    \underbrace{\log p_\theta(\mathbf x)}_{\text{evidence}}
    = \underbrace{\mathbb E_{q_\phi}\!\left[\log \frac{p_\theta(\mathbf x, \mathbf z)}
      {q_\phi(\mathbf z \mid \mathbf x)}\right]}_{\text{ELBO}(\theta,\, \phi)}
    + \underbrace{D_{\mathrm{KL}}\big(q_\phi(\mathbf z \mid \mathbf x) \,\|\,
      p_\theta(\mathbf z \mid \mathbf x)\big)}_{\text{gap}\; \ge\; 0}
""")
words, picture = st.columns(2, gap="large", vertical_alignment="center")
words.markdown(
    "- Raising the ELBO in the **inference parameters φ** is an approximate **E-step**: the evidence "
    "does not depend on φ, so the gap must shrink.\n"
    "- Raising it in the **generative parameters θ** is an approximate **M-step**: it pushes the "
    "evidence up.\n"
    "- **AEVB** does both in every gradient step.\n\n"
    "On factor analysis all three quantities are exact: watch them on its page."
)
with picture:
    drawing(drawings.em_steps(), "em-steps")

with st.container(border=True):
    words, link = st.columns([9, 2], gap="medium", vertical_alignment="center")
    with words:
        st.subheader("Draw a digit", anchor=False)
        st.markdown("Four models answer while you draw: they rebuild it, rewrite it, sort it and finish it.")
    link.page_link(catalogue.DRAW, label="Draw", icon=":material/draw:", width="stretch")

st.header("The models", anchor="models", divider="gray")
st.caption(
    "Circles are random variables, filled where observed. Solid arrows generate (p, with parameters θ), "
    "dashed arrows infer (q, with parameters φ); the frame stands for N independent examples."
)
for entry in catalogue.MODELS:
    with st.container(border=True):
        picture, words, link = st.columns([3, 6, 2], gap="medium", vertical_alignment="center")
        with picture:
            title = f"Graphical model: {entry.title}"
            drawing(drawings.graphical_model(drawings.GRAPHS[entry.name], title), entry.name)
        with words:
            st.subheader(entry.title, anchor=False)
            st.markdown(entry.text)
            st.latex(entry.density)
            st.caption(
                f"Observed ${entry.observed}$, latent ${entry.latent}$. Tutorial section {entry.section}."
            )
        link.page_link(entry.page, label="Explore", icon=":material/arrow_forward:", width="stretch")

st.caption(
    "After Yang Zhi-Han, *Training Latent Variable Models with Auto-encoding Variational Bayes: A Tutorial*. "
    "MNIST by Yann LeCun, Corinna Cortes and Christopher J. C. Burges, CC BY-SA 3.0."
)
