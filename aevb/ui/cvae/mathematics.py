"""The CVAE's derivation, scene by scene, each step with the lines of the library that compute it."""

from aevb.explore.codes import between_labels, label_bounds, latent, style
from aevb.models import CVAE
from aevb.ui.shared.scene import Formula

STYLES = (
    Formula(
        "Generative model",
        r"""
$$
\begin{aligned}
\mathbf z &\sim \mathcal N(\boldsymbol\mu_\theta(\mathbf y),
  \operatorname{diag} \boldsymbol\sigma_\theta(\mathbf y)^2) \\
\mathbf x &\sim \textstyle\prod_{j=1}^D \mathcal{CB}(\lambda_\theta(\mathbf z, \mathbf y)_j)
\end{aligned}
$$

The label $\mathbf y$ is observed, so the model is of $p_\theta(\mathbf x \mid \mathbf y)$, and its joint
density decomposes in full:

$$
p_\theta(\mathbf x, \mathbf z \mid \mathbf y)
= p_\theta(\mathbf x \mid \mathbf z, \mathbf y)\, p_\theta(\mathbf z \mid \mathbf y)
$$

The prior has a mean and a scale for each label: a linear map of the one-hot $\mathbf y$ has no more to
learn. The likelihood is the VAE's.

Section 5.4.1; Sohn, Lee and Yan (2015)
""",
        CVAE.prior,
        ("weights =", "return self.p_z"),
    ),
)

CONDITIONED = (
    Formula(
        "Three ways to condition",
        r"""
Two simpler models assume an independence. `conditioned` chooses:

**"x and z"**, as this page's checkpoint:

$$
p_\theta(\mathbf x \mid \mathbf z, \mathbf y)\, p_\theta(\mathbf z \mid \mathbf y)
$$

**"z"**: given $\mathbf z$, the image no longer depends on the label. Each label has its own region of one
latent space, as each cluster will in the Gaussian mixture VAE.

$$
p_\theta(\mathbf x \mid \mathbf z)\, p_\theta(\mathbf z \mid \mathbf y)
$$

**"x"**: style and label are independent a priori, $p(\mathbf z) = \mathcal N(\mathbf 0, \mathbf I_L)$. The
decoder alone draws the label.

$$
p_\theta(\mathbf x \mid \mathbf z, \mathbf y)\, p(\mathbf z)
$$

Were the labels random, a model of any of these kinds would learn that they are of no help, and ignore them.

Sections 5.4.1 and 5.4.4
""",
        CVAE.likelihood,
        ("def", "return"),
    ),
)

ELBO = Formula(
    "Estimator of the ELBO",
    r"""
$$
\textcolor{ELBO double}{\text{ELBO}}
= \textcolor{GENERATED solid}{\mathbb E_{q_\phi}[\log p_\theta(\mathbf x \mid \mathbf z, \mathbf y)]}
- \textcolor{DATA dashed}{D_{\mathrm{KL}}(q_\phi(\mathbf z \mid \mathbf x, \mathbf y)
  \,\|\, p_\theta(\mathbf z \mid \mathbf y))}
$$

The VAE's, with every density conditioned on $\mathbf y$: one reparametrised sample for the first term, the
second exactly. It bounds $\log p_\theta(\mathbf x \mid \mathbf y)$. The prior now learns too: it moves with
$\theta$ to where the posteriors of its label are.

Section 5.4.3
""",
    CVAE.forward,
    ("q_z =", "}"),
)

STYLE = Formula(
    "A style",
    r"""
$$
\boldsymbol\epsilon = \frac{\mathbf z - \boldsymbol\mu_\theta(\mathbf y)}{\boldsymbol\sigma_\theta(\mathbf y)}
\sim \mathcal N(\mathbf 0, \mathbf I_L) \quad \text{for every } \mathbf y
$$

Where $\mathbf z$ lies in its label's prior. Under another label,

$$
\mathbf z' = \boldsymbol\mu_\theta(\mathbf y') + \boldsymbol\sigma_\theta(\mathbf y') \odot
\boldsymbol\epsilon
$$

lies in its prior as $\mathbf z$ lies in its own. The same $\mathbf z$ does not: it may lie far from anything
that $p_\theta(\mathbf z \mid \mathbf y')$ would give, and the decoder can read the old label from it.
""",
    style,
    ("def", "return"),
)

REWRITE = (
    STYLE,
    Formula(
        "Approximate posterior",
        r"""
$$
q_\phi(\mathbf z \mid \mathbf x, \mathbf y) = \mathcal N(\boldsymbol\mu_\phi(\mathbf x, \mathbf y),
\operatorname{diag} \boldsymbol\sigma_\phi(\mathbf x, \mathbf y)^2)
$$

The encoder sees the label beside the pixels.

Section 5.4.2
""",
        CVAE.posterior,
        ("def", "return"),
    ),
    ELBO,
)

GUESS = (
    Formula(
        "A classifier by Bayes' rule",
        r"""
$$
p(\mathbf y \mid \mathbf x)
= \frac{p_\theta(\mathbf x \mid \mathbf y)\, p(\mathbf y)}
{\sum_{\mathbf y'} p_\theta(\mathbf x \mid \mathbf y')\, p(\mathbf y')}
$$

with $p(\mathbf y) = 1/10$, and for each $\log p_\theta(\mathbf x \mid \mathbf y)$ its importance bound

$$
\log \frac1K \sum_{k=1}^K \frac{p_\theta(\mathbf x \mid \mathbf z_k, \mathbf y)\,
p_\theta(\mathbf z_k \mid \mathbf y)}{q_\phi(\mathbf z_k \mid \mathbf x, \mathbf y)}
$$

The prior $p_\theta(\mathbf z \mid \mathbf y)$ does much of it: a $\mathbf z$ that explains the image well but
is improbable under the label costs the difference. Only as good as the bounds are tight, and under a wrong
label the encoder has never been trained.
""",
        label_bounds,
        ("bounds =", "return"),
    ),
)

KNOBS = (
    STYLE,
    Formula(
        "The same style under another label",
        r"""
This page's grids, sliders and rewritten digits are

$$
\lambda_\theta(\boldsymbol\mu_\theta(\mathbf y) + \boldsymbol\sigma_\theta(\mathbf y) \odot
\boldsymbol\epsilon,\; \mathbf y)
$$

with $\mathbf y$ and $\boldsymbol\epsilon$ chosen apart. Where the label conditions $\mathbf x$ alone,
$\boldsymbol\mu_\theta = \mathbf 0$ and $\boldsymbol\sigma_\theta = \mathbf 1$: then a style is
$\mathbf z$ itself.
""",
        latent,
        ("def", "return"),
    ),
)

PLANE = KNOBS

BETWEEN = (
    Formula(
        "Between labels",
        r"""
$$
\mathbf y = (1 - t)\, \mathbf e_a + t\, \mathbf e_b, \quad 0 \le t \le 1
$$

A point on the simplex, on the edge between two of its ten corners. All densities take it, being functions of
numbers; the model is trained at the corners alone.
""",
        between_labels,
        ("ends =", "return"),
    ),
)

TRAINING = (ELBO,)
