"""Factor analysis: EM and AEVB where everything is exact and can be seen."""

import streamlit as st

from aevb.models.factor_analysis import FactorAnalysis, LinearFullNormal, LinearNormal
from aevb.training import train
from aevb.ui import factor_analysis as fa
from aevb.ui import mathematics

st.title("Factor analysis")
st.markdown(
    r"Hidden causes $\mathbf{z}$ make three observed numbers "
    r"$\mathbf{x} = \mathbf{W}\mathbf{z} + \text{noise}$. "
    "Nothing is intractable here, so what training does can be watched exactly. **An E-step** moves $q$ "
    r"(its $\phi$) and closes :violet[**the gap**] between the :red[**ELBO**] and the :green[**evidence**]. "
    r"**An M-step** moves the model (its $\theta$) and lifts both, while the gap opens again. The tutorial's "
    "Experiment 2 takes the two in turn; AEVB, its Experiment 1, takes them together."
)
row = st.container(horizontal=True, vertical_alignment="center")
with row:
    experiment = fa.settings()
if experiment is not None:
    run = fa.current(experiment)
    with row:
        fa.buttons(run)
        with st.container(width=240):
            fa.progress(run)

    watch, plot, em, hand, rotate = st.tabs(fa.VIEWS, key="view", bind="query-params")
    if watch.open:
        with watch:
            fa.watch(run)
    else:
        fa.forget_opening()
    if plot.open:
        with plot:
            fa.zoomable(run)
    if em.open:
        with em:
            fa.em_beside(run)
    if hand.open:
        with hand:
            fa.by_hand(experiment)
    if rotate.open:
        with rotate:
            fa.identifiability(run)

mathematics.section(
    [
        (
            "The generative model (section 5.2.1)",
            r"""$$
\begin{aligned}\mathbf{z}_i &\sim \mathcal{N}(\mathbf{0}, \mathbf{I}_L)\\
\mathbf{x}_i &\sim \mathcal{N}(\mathbf{W}\mathbf{z}_i, \boldsymbol\Phi)\end{aligned}
$$
$\boldsymbol\Phi$ is diagonal and $\theta = (\mathbf{W}, \boldsymbol\Phi)$. The data have zero mean.""",
            LinearNormal,
        ),
        (
            "The approximate posterior (section 5.2.2)",
            r"""$$
q_\phi(\mathbf{z}_i \mid \mathbf{x}_i) = \mathcal{N}(\mathbf{V}\mathbf{x}_i, \boldsymbol\Sigma)
$$
$\phi = (\mathbf{V}, \boldsymbol\Sigma)$, learned through the Cholesky factor of $\boldsymbol\Sigma$.""",
            LinearFullNormal,
        ),
        (
            "The exact posterior",
            r"""$$
\begin{aligned}
\boldsymbol\Sigma &= (\mathbf{I} + \mathbf{W}^\top\boldsymbol\Phi^{-1}\mathbf{W})^{-1}\\
\mathbf{V} &= \boldsymbol\Sigma\,\mathbf{W}^\top\boldsymbol\Phi^{-1}\end{aligned}
$$
It lies in $q$'s family, so the ELBO can become tight.""",
            FactorAnalysis.exact_posterior,
        ),
        (
            "The estimator of the ELBO (section 5.2.3)",
            r"""$$
\begin{aligned}\widehat{\text{ELBO}} = {}& \log p_\theta(\mathbf{x}_i \mid \mathbf{z}_i^s)\\
&- D_{\text{KL}}(q_\phi(\mathbf{z}_i \mid \mathbf{x}_i) \,\|\, p(\mathbf{z}_i))\end{aligned}
$$
with one reparametrised sample
$\mathbf{z}_i^s = \mathbf{V}\mathbf{x}_i + \text{cholesky}(\boldsymbol\Sigma)\,\boldsymbol\varepsilon_i$.""",
            FactorAnalysis.terms,
        ),
        (
            "The evidence (equation 1)",
            r"""$$
\begin{aligned}\log p_\theta(\mathbf{x}_i) &= \log \int p_\theta(\mathbf{x}_i, \mathbf{z}_i)\, d\mathbf{z}_i\\
&= \log \mathcal{N}(\mathbf{x}_i; \mathbf{0}, \mathbf{W}\mathbf{W}^\top + \boldsymbol\Phi)\end{aligned}
$$""",
            FactorAnalysis.evidence,
        ),
        (
            "The gap (equation 2)",
            r"""$$
\begin{aligned}\log p_\theta(\mathbf{x}_i) = {}& \text{ELBO}\\
&+ D_{\text{KL}}(q_\phi(\mathbf{z}_i \mid \mathbf{x}_i) \,\|\,
p_\theta(\mathbf{z}_i \mid \mathbf{x}_i))\end{aligned}
$$
The divergence is never negative, and 0 only where $q$ is the posterior.""",
            FactorAnalysis.gap,
        ),
        (
            "Approximate E-step and M-step (equations 3 and 4)",
            r"""$$
\begin{aligned}\phi^{t+1} &\leftarrow \phi^t + \eta\,\nabla_\phi\,
\tfrac{1}{N_B}\textstyle\sum_i \widehat{\text{ELBO}}(\mathbf{x}_i)\\
\theta^{t+1} &\leftarrow \theta^t + \eta\,\nabla_\theta\,
\tfrac{1}{N_B}\textstyle\sum_i \widehat{\text{ELBO}}(\mathbf{x}_i)\end{aligned}
$$
In turn in Experiment 2; both at every step in AEVB (section 5.1).""",
            train,
        ),
        (
            "Classic EM (section 2)",
            r"""$$
\begin{aligned}
\text{E:}\quad q_i(\mathbf{z}_i) &\leftarrow p_\theta(\mathbf{z}_i \mid \mathbf{x}_i)\\
\text{M:}\quad \theta &\leftarrow \arg\max_\theta\, \text{ELBO}(\theta, \{q_i\})\end{aligned}
$$
Here both are in closed form.""",
            FactorAnalysis.em,
        ),
    ]
)
