"""Training in formulas: the ascent, its schedule, and what may be changed of it."""

from aevb.models.factor_analysis import FactorAnalysis, LinearNormal
from aevb.training import Alternating, Run
from aevb.ui.shared.scene import ASCENT, Formula

TRAIN = (
    Formula(
        "The ascent",
        rf"""
Stochastic gradients of the ELBO, averaged over a mini-batch of $N_B$ examples; the optimiser scales them.
{ASCENT}
Equations 3 and 4; section 5.1
""",
        Run._ascend,
        ("terms = terms_of(", "elbo = total"),
    ),
    Formula(
        "The optimiser",
        r"""
$$
\begin{aligned}
\text{sgd:}\quad \mathbf m &\leftarrow 0.9\, \mathbf m + \mathbf g \\
\theta &\leftarrow \theta + \eta\, \mathbf m \\
\text{rmsprop:}\quad \mathbf s &\leftarrow 0.99\, \mathbf s + 0.01\, \mathbf g^2 \\
\theta &\leftarrow \theta + \eta\, \mathbf g / \sqrt{\mathbf s}
\end{aligned}
$$

with the gradient $\mathbf g$, and $\phi$ alike. Adam, the tutorial's, averages $\mathbf g$ and $\mathbf g^2$
and corrects for their start at 0. Under Adam and rmsprop a number moves by about $\eta$ a step, whatever the
ELBO's scale; under sgd by $\eta$ times its gradient, so that $\eta$ has to be far smaller, or gradients
shortened.

Kingma and Ba (2015); Tieleman and Hinton (2012)
""",
    ),
    Formula(
        "Who moves: the schedule",
        r"""
An **E-step** moves $\phi$ alone and closes the gap, an **M-step** moves $\theta$ alone and lifts the ELBO,
and once the gap is closed the evidence; AEVB moves both at once.

Late in an M phase the ELBO is at its maximum in $\theta$ for the $q$ that is held, and flat; the evidence is
not, and is jagged: the noise that mini-batches leave in $\theta$ moves it in proportion, and the ELBO by its
square.

Section 5.2.4, Experiment 2
""",
        Alternating.phase,
    ),
    Formula(
        "The step",
        r"""
What a phase does not move gets no gradient and stands still.
""",
        Run.advance,
        ("moved = {", "_ascent(moved"),
    ),
    Formula(
        "β and its warm-up",
        r"""
$$
\begin{aligned}
\text{objective}_t &= \textcolor{GENERATED solid}{\mathbb E_{q_\phi}[\log p_\theta(\mathbf x \mid \mathbf z)]}
- \beta_t\, \textcolor{DATA dashed}{D_{\text{KL}}(q_\phi(\mathbf z \mid \mathbf x) \,\|\, p(\mathbf z))} \\
\beta_t &= \beta \min(1, t / T)
\end{aligned}
$$

$\beta = 1$ without warm-up is the ELBO. A larger $\beta$ presses $q_\phi$ towards the prior, until it says
nothing of $\mathbf x$: the posterior has collapsed. A warm-up of $T$ steps lets the nets learn to use
$\mathbf z$ first. The curves always show the ELBO itself.

Higgins et al. (2017); Sønderby et al. (2016)
""",
        Run.advance,
        ("rate =", "beta ="),
    ),
)

FACTORS = (
    Formula(
        "An image by its factors",
        r"""
$$
\begin{aligned}
\mathbf x &\sim \mathcal N(\mathbf W \mathbf z + \boldsymbol\mu, \operatorname{diag} \boldsymbol\sigma^2) \\
\mathbb E_q[\mathbf z] &= \mathbf V (\mathbf x - \boldsymbol\mu)
\end{aligned}
$$

Each column of $\mathbf W$ is an image, times $z_l$; what no factor explains is noise, pixel by pixel.

Sections 5.2.1 and 5.2.2
""",
        LinearNormal.forward,
        ("loc =", "return"),
    ),
    Formula(
        "The evidence is exact here",
        r"""
$$
\textcolor{EVIDENCE solid}{\log p_\theta(\mathbf x)} = \log \mathcal N(\mathbf x; \boldsymbol\mu,
\mathbf W \mathbf W^\top + \operatorname{diag} \boldsymbol\sigma^2)
$$

and with it the gap that $q$ leaves, as in the curves of the run. $(\mathbf W \mathbf R)(\mathbf W
\mathbf R)^\top = \mathbf W \mathbf W^\top$ for every rotation $\mathbf R$.

Equation 1; section 5.2.4
""",
        FactorAnalysis.evidence,
        ("V, C =", "return"),
    ),
)
