"""The VRNN's derivation by scene, each step with the lines of the library that compute it."""

from aevb.distributions import rsample
from aevb.models import VRNN
from aevb.models.nets import BernoulliNet, DiagonalNormalNet
from aevb.training import Run
from aevb.ui.shared.scene import Formula

RECURRENCE = Formula(
    "Recurrence",
    r"""
$$
\begin{aligned}
(\mathbf h_t, \mathbf c_t) &= \operatorname{LSTM}_\theta\big(\mathbf x_{t-1}, \mathbf z_{t-1},
(\mathbf h_{t-1}, \mathbf c_{t-1})\big) \\
\mathbf h_1 &= \mathbf 0
\end{aligned}
$$

The memory $\mathbf h_t$ stands for all that came before, $(\mathbf x_{<t}, \mathbf z_{<t}).$ It is written
once: inference chooses $\mathbf z_t$ by $q$ and takes the image's $\mathbf x_t$, sampling draws both.

Section 5.6.1
""",
    VRNN.unroll,
    ("for t in range", "remember("),
)

ROW_PRIOR = Formula(
    "Prior of a row",
    r"""
$$
\mathbf z_t \sim \mathcal N\big(\boldsymbol\mu_\theta(\mathbf h_t),
\operatorname{diag} \boldsymbol\sigma_\theta(\mathbf h_t)^2\big)
$$

Not $\mathcal N(\mathbf 0, \mathbf I)$ as in the VAE: a net of the memory, and so another in every row.

Section 5.6.1
""",
    DiagonalNormalNet,
    ("def forward", "return"),
)

ROW_LIKELIHOOD = Formula(
    "Generative model of a row",
    r"""
$$
\mathbf x_t \sim \textstyle\prod_{j=1}^{D}
\operatorname{Bernoulli}\big(p_\theta(\mathbf h_t, \mathbf z_t)_j\big)
$$

The net returns logits, $\log \frac{p}{1 - p}$.

Section 5.6.1
""",
    BernoulliNet,
    ("def forward", "return"),
)

SAMPLING = Formula(
    "Sampling and completing",
    r"""
$$
\mathbf z_t \sim p_\theta(\mathbf z_t \mid \mathbf h_t), \quad
\mathbf x_t \sim p_\theta(\mathbf x_t \mid \mathbf h_t, \mathbf z_t)
$$

row after row. Rows that are given are kept, with $\mathbf z_t \sim q_\phi$. The temperature $\tau$ is not
the tutorial's: $\boldsymbol\sigma_\theta$ times $\tau$ and the logits divided by $\tau$; $\tau = 1$ is the
model.

Sections 5.6.1 and 5.6.4
""",
    VRNN.complete,
    ("def choose", "return z, sample"),
)

POSTERIOR = Formula(
    "Approximate posterior",
    r"""
$$
q_\phi(\mathbf z_t \mid \mathbf x_t, \mathbf h_t) = \mathcal N\big(\boldsymbol\mu_\phi(\mathbf x_t,
\mathbf h_t), \operatorname{diag} \boldsymbol\sigma_\phi(\mathbf x_t, \mathbf h_t)^2\big)
$$

It sees the rows so far, not those to come, and so shares the memory of the generative model.

Section 5.6.2
""",
    VRNN.infer,
    ("def choose", "return rsample"),
)

ELBO = Formula(
    "Estimator of the ELBO",
    r"""
$$
\begin{aligned}
\textcolor{ELBO double}{\text{ELBO}} \simeq \sum_{t=1}^{T} \;&
\textcolor{GENERATED solid}{\log p_\theta(\mathbf x_t \mid \mathbf h_t, \mathbf z_t)} \\
- \;& \textcolor{DATA dashed}{D_{\text{KL}}\big(q_\phi(\mathbf z_t \mid \mathbf x_t, \mathbf h_t) \,\|\,
p_\theta(\mathbf z_t \mid \mathbf h_t)\big)}
\end{aligned}
$$

on the path that the same $\mathbf z_t$ have taken; the KL in closed form. Once the path is there, the
prior and the generative net are evaluated over all rows at once.

Section 5.6.3
""",
    VRNN.terms_along,
    ("return {", "}"),
)

BOUND = Formula(
    "Importance bound",
    r"""
$$
\textcolor{EVIDENCE dotted}{\text{bound}} = \log \frac{1}{K} \sum_{k=1}^{K}
\frac{p_\theta(\mathbf x, \mathbf z^{(k)})}{q_\phi(\mathbf z^{(k)} \mid \mathbf x)},
\quad \mathbf z^{(k)} \sim q_\phi
$$

of $K$ whole paths $\mathbf z = (\mathbf z_1, \dots, \mathbf z_T)$, each with a memory of its own. In
expectation it is never above the evidence, and never below the ELBO.
""",
    VRNN.log_ratios,
    ("path, q_z", "return"),
)

MOVED = Formula(
    "A row's z, moved",
    r"""
$$
\mathbf z_t = \boldsymbol\mu_\theta(\mathbf h_t)
+ \boldsymbol\sigma_\theta(\mathbf h_t) \odot \boldsymbol\epsilon_t
$$

A digit is made from its noise: an $\boldsymbol\epsilon_t$ for each row, and a uniform number for each
pixel. To move $\mathbf z_t$ is to change $\boldsymbol\epsilon_t$ alone. Rows above do not depend on it;
those below do, through $\mathbf h_{t+1}, \dots, \mathbf h_T$.
""",
    rsample,
    ("noise = draw", "return"),
)

MEAN_PATH = Formula(
    "Path of means",
    r"""
$$
\mathbf z_t = \boldsymbol\mu_\phi(\mathbf x_t, \mathbf h_t)
$$

in place of a draw, row after row: each mean follows from the means before it.
""",
    VRNN.posterior_mean,
)

GRADIENTS = Formula(
    "Gradients through z and through time",
    r"""
$$
\begin{aligned}
\mathbf z_t &= \boldsymbol\mu_\phi(\mathbf x_t, \mathbf h_t)
+ \boldsymbol\sigma_\phi(\mathbf x_t, \mathbf h_t) \odot \boldsymbol\epsilon_t \\
\boldsymbol\epsilon_t &\sim \mathcal N(\mathbf 0, \mathbf I_L)
\end{aligned}
$$

Every $\mathbf z_t$ is reparametrised, as the derivation in section 5.6.3 asks for. So the gradient for
$\phi$ passes through $\mathbf z_t$ into this row's likelihood, and through the memory into all later rows.

The tutorial's code differs: it calls `posterior_over_zt.sample()`, which cuts the gradient there. Its $q$
then learns from the KL alone, and its likelihood's gradient never reaches $\phi$.
""",
    rsample,
    ("noise = draw", "return"),
)

TRAINING = Formula(
    "Training",
    r"""
$$
\begin{aligned}
\phi &\leftarrow \phi + \eta\, \nabla_\phi \tfrac{1}{N_B} \textstyle\sum_i \text{ELBO}_i \\
\theta &\leftarrow \theta + \eta\, \nabla_\theta \tfrac{1}{N_B} \textstyle\sum_i \text{ELBO}_i
\end{aligned}
$$

Both at once, by Adam with a mini-batch of 100. The tutorial's learning rate is 0.001; this checkpoint's
stands among the facts of its training.

Equations 3 and 4; sections 5.1 and 5.6.4
""",
    Run._ascend,
    ("elbo = total", "torch.autograd.grad"),
)
