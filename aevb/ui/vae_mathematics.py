"""The VAE's derivation, each step with the object of the library that computes it."""

from aevb.distributions import ContinuousBernoulli, cap
from aevb.evaluation import importance_bounds
from aevb.models import VAE
from aevb.models.nets import ContinuousBernoulliNet, DiagonalNormalNet
from aevb.training import train
from aevb.ui.mathematics import ASCENT

PARTS = (
    (
        "Generative model",
        r"""
$$
\begin{aligned}
\mathbf z &\sim \mathcal N(\mathbf 0, \mathbf I_L) \\
\mathbf x &\sim \textstyle\prod_{j=1}^D \mathcal{CB}\big(\lambda_\theta(\mathbf z)_j\big)
\end{aligned}
$$

a product of continuous Bernoullis:

$L = 20$ latent numbers, $D = 784$ pixels in $[0, 1]$. The net returns logits,
$\log \frac{\lambda}{1 - \lambda}$, rather than $\lambda$: nothing is lost to rounding near 0 and 1.

Section 5.3.1
""",
        ContinuousBernoulliNet,
    ),
    (
        "The continuous Bernoulli",
        r"""
With the logit $\ell = \log \frac{\lambda}{1 - \lambda}$,

$$
p(x \mid \ell) = \frac{e^{\ell x}}{\int_0^1 e^{\ell t}\, dt} = \frac{\ell\, e^{\ell x}}{e^{\ell} - 1}
$$

a density on the whole interval $[0, 1]$, which a Bernoulli on grey pixels would not be.

Section 5.3.1; Loaiza-Ganem and Cunningham (2019)
""",
        ContinuousBernoulli.log_prob,
    ),
    (
        "The cap on the logits",
        r"""
$$
\begin{aligned}
\ell &= c \tanh(a / c) \\
c &= \log \frac{1 - \varepsilon}{\varepsilon} = 15.94, \quad \varepsilon = 2^{-23}
\end{aligned}
$$

for the net's output $a$: the range that float32 probabilities leave to the tutorial's code.
""",
        cap,
    ),
    (
        "Approximate posterior",
        r"""
$$
q_\phi(\mathbf z \mid \mathbf x)
= \mathcal N\big(\boldsymbol\mu_\phi(\mathbf x), \operatorname{diag} \boldsymbol\sigma_\phi(\mathbf x)^2\big)
$$

The exact posterior is out of reach, since the decoder is not linear. One net serves all images: inference
is *amortised*.

Sections 3.2 and 5.3.2
""",
        DiagonalNormalNet,
    ),
    (
        "Estimator of the ELBO",
        r"""
$$
\begin{aligned}
\text{ELBO} &= \mathbb E_{q_\phi}[\log p_\theta(\mathbf x \mid \mathbf z)] \\
&\quad - D_{\mathrm{KL}}\big(q_\phi(\mathbf z \mid \mathbf x) \,\|\, p(\mathbf z)\big)
\end{aligned}
$$

The first term by one sample $\mathbf z = \boldsymbol\mu + \boldsymbol\sigma \odot \boldsymbol\epsilon$,
$\boldsymbol\epsilon \sim \mathcal N(\mathbf 0, \mathbf I)$, so that gradients pass through $\mathbf z$ to
$\phi$; the second exactly,

$$
\textstyle D_{\mathrm{KL}} = \frac12 \sum_l (\mu_l^2 + \sigma_l^2 - 1 - \log \sigma_l^2)
$$

Equation 2; section 5.2.3, which section 5.3.3 takes over
""",
        VAE.terms,
    ),
    (
        "Training",
        ASCENT
        + r"""
An approximate E-step and an approximate M-step, both at once, by Adam: auto-encoding variational Bayes.

Equations 3 and 4; sections 3.3, 4 and 5.1
""",
        train,
    ),
    (
        "Importance bound",
        r"""
$$
\log \frac1K \sum_{k=1}^K \frac{p_\theta(\mathbf x, \mathbf z_k)}{q_\phi(\mathbf z_k \mid \mathbf x)}
$$

for $\mathbf z_k \sim q_\phi(\mathbf z \mid \mathbf x)$.

In expectation a lower bound on $\log p_\theta(\mathbf x)$ that rises with $K$; at $K = 1$ it is the ELBO.

Burda, Grosse and Salakhutdinov (2016)
""",
        importance_bounds,
    ),
)
