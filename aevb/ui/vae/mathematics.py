"""The VAE's derivation, scene by scene, each step with the lines of the library that compute it."""

from aevb import evaluation
from aevb.data.examples import dequantize
from aevb.distributions import ContinuousBernoulli, cap
from aevb.explore.codes import along, joint_terms, walk
from aevb.models import VAE
from aevb.models.nets import ContinuousBernoulliNet, DiagonalNormalNet, GaussianNet
from aevb.training import Run
from aevb.ui.shared.scene import ASCENT, Formula

PRIOR = (
    Formula(
        "Generative model",
        r"""
$$
\begin{aligned}
\mathbf z &\sim \mathcal N(\mathbf 0, \mathbf I_L) \\
\mathbf x &\sim \textstyle\prod_{j=1}^D \mathcal{CB}(\lambda_\theta(\mathbf z)_j)
\end{aligned}
$$

a product of continuous Bernoullis: $L = 20$ latent numbers, $D = 784$ pixels in $[0, 1]$. The net returns
logits, $\log \frac{\lambda}{1 - \lambda}$, rather than $\lambda$: nothing is lost to rounding near 0 and 1.

Section 5.3.1
""",
        ContinuousBernoulliNet.forward,
    ),
    Formula(
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
        ("return", "return"),
    ),
)

NORMALISATION = (
    Formula(
        "Dequantisation",
        r"""
$$
x_j = \frac{k_j + u_j}{256}, \qquad u_j \sim \mathcal U[0, 1)
$$

for the grey levels $k_j \in \{0, \dots, 255\}$. A density on the levels themselves could grow without end, by
a spike on each of them. On $\mathbf x$ it bounds a probability of the levels: by Jensen's inequality

$$
\mathbb E_{\mathbf u}[\log p(\mathbf x)] \leq \log P(\mathbf k) + 784 \log 256, \qquad
P(\mathbf k) = \int_{[0, 1)^{784}} p\!\left(\tfrac{\mathbf k + \mathbf u}{256}\right)
  \frac{d \mathbf u}{256^{784}}
$$

Section 5.3.1 and its note 14; Theis, van den Oord and Bethge (2016)
""",
        dequantize,
        ("noise =", "return"),
    ),
    Formula(
        "Why not a Bernoulli",
        r"""
$$
\int_0^1 \lambda^x (1 - \lambda)^{1 - x}\, dx = \frac{2 \lambda - 1}{\ell}, \qquad
\ell = \log \frac{\lambda}{1 - \lambda}
$$

is nowhere 1: it is $\tfrac12$ at $\lambda = \tfrac12$, less elsewhere, and 0 at both ends. The continuous
Bernoulli divides by it.

Section 5.3.1; Loaiza-Ganem and Cunningham (2019)
""",
        ContinuousBernoulli.log_prob,
        ("return", "return"),
    ),
)

FLOW = (
    Formula(
        "Approximate posterior",
        r"""
$$
q_\phi(\mathbf z \mid \mathbf x)
= \mathcal N(\boldsymbol\mu_\phi(\mathbf x), \operatorname{diag} \boldsymbol\sigma_\phi(\mathbf x)^2)
$$

The exact posterior is out of reach, since the decoder is not linear. One net serves all images: inference
is *amortised*.

Sections 3.2 and 5.3.2
""",
        DiagonalNormalNet.forward,
    ),
    Formula(
        "Estimator of the ELBO",
        r"""
$$
\text{ELBO} = \mathbb E_{q_\phi}[\log p_\theta(\mathbf x \mid \mathbf z)]
- D_{\mathrm{KL}}(q_\phi(\mathbf z \mid \mathbf x) \,\|\, p(\mathbf z))
$$

The first term by one sample $\mathbf z = \boldsymbol\mu + \boldsymbol\sigma \odot \boldsymbol\epsilon$,
$\boldsymbol\epsilon \sim \mathcal N(\mathbf 0, \mathbf I)$, so that gradients pass through $\mathbf z$ to
$\phi$; the second exactly,

$$
D_{\mathrm{KL}} = \frac12 \sum_l (\mu_l^2 + \sigma_l^2 - 1 - \log \sigma_l^2)
$$

Equation 2; section 5.2.3, which section 5.3.3 takes over
""",
        VAE.forward,
        ("q_z =", "}"),
    ),
    Formula(
        "Importance bound",
        r"""
$$
\log \frac1K \sum_{k=1}^K \frac{p_\theta(\mathbf x, \mathbf z_k)}{q_\phi(\mathbf z_k \mid \mathbf x)}
$$

for $\mathbf z_k \sim q_\phi(\mathbf z \mid \mathbf x)$. In expectation a lower bound on
$\log p_\theta(\mathbf x)$ that rises with $K$; at $K = 1$ it is the ELBO.

Burda, Grosse and Salakhutdinov (2016)
""",
        evaluation._bounds,
        ("ratios =", "running ="),
    ),
)

EVIDENCE = (
    Formula(
        "A mean over the prior",
        r"""
$$
p_\theta(\mathbf x) = \int p_\theta(\mathbf x \mid \mathbf z)\, p(\mathbf z)\, d \mathbf z
\approx \frac1K \sum_{k=1}^K p_\theta(\mathbf x \mid \mathbf z_k), \qquad \mathbf z_k \sim p(\mathbf z)
$$

Its expectation is right for every $K$. But the posterior lies where the prior has about
$e^{-D_{\mathrm{KL}}}$ of its mass, so that it takes about $e^{D_{\mathrm{KL}}}$ draws before one falls there:
for 40 nats of KL some $10^{17}$. Until then the estimate is nearly always far too low.

Equation 1; section 5.2.4; Chatterjee and Diaconis (2018)
""",
    ),
    Formula(
        "Draws from elsewhere",
        r"""
$$
p_\theta(\mathbf x)
= \mathbb E_{r(\mathbf z)}\!\left[\frac{p_\theta(\mathbf x, \mathbf z)}{r(\mathbf z)}\right], \qquad
r(\mathbf z) = \prod_{l \in S} p(z_l) \prod_{l \notin S} q_\phi(z_l \mid \mathbf x)
$$

for whatever $r$ is nowhere 0. Here $S$ are the numbers that come from the prior, those of the largest mean KL
first: all of them is the mean above, none the importance bound. The nearer $r$ is to the posterior, the less
the ratios differ.

Burda, Grosse and Salakhutdinov (2016)
""",
        evaluation._bounds,
        ("ratios =", "running ="),
    ),
)

FORCING = (
    Formula(
        "Reverse and forward",
        r"""
$$
\begin{aligned}
D_{\mathrm{KL}}(q \,\|\, p) &= \int q(z) \log \frac{q(z)}{p(z \mid x)}\, dz \\
D_{\mathrm{KL}}(p \,\|\, q) &= \int p(z \mid x) \log \frac{p(z \mid x)}{q(z)}\, dz
\end{aligned}
$$

The first is without bound where $q$ has mass and $p$ none: $q$ is forced to 0 there. It is the ELBO's gap: an
approximate E-step lowers it with the joint density $p(x, z)$ alone. The second would need draws from the
posterior.

Sections 3.1 and 5.3.2
""",
    ),
    Formula(
        "What is drawn here",
        r"""
$$
p(z \mid x) = 0.6\, \mathcal N(-\tfrac d2, \tfrac14) + 0.4\, \mathcal N(\tfrac d2, \tfrac14), \qquad
q(z) = \mathcal N(m, s^2)
$$

with modes $d$ apart. The forward divergence is lowest at $p$'s own mean and variance; the reverse one, for
modes far apart, near either of them, at $-\log 0.6$ or $-\log 0.4$. Which of the two, the start decides; from
a broad one $q$ may stay over both, in a local minimum. Descend follows the natural gradient.
""",
    ),
)

AMORTISED = (
    Formula(
        "A q for each image",
        r"""
$$
q_i^* = \operatorname{argmin}_{q_i} D_{\mathrm{KL}}(q_i(\mathbf z) \,\|\,
p_\theta(\mathbf z \mid \mathbf x_i))
$$

over $q_i = \mathcal N(\boldsymbol\mu_i, \operatorname{diag} \boldsymbol\sigma_i^2)$, which is to raise the
ELBO of $\mathbf x_i$: $2 L$ numbers for each image, by gradients of the one-sample estimate

$$
\begin{aligned}
\nabla_{\boldsymbol\mu} &= \nabla_{\mathbf z} \log p_\theta(\mathbf x \mid \mathbf z) - \boldsymbol\mu \\
\nabla_{\log \boldsymbol\sigma} &= \nabla_{\mathbf z} \log p_\theta(\mathbf x \mid \mathbf z)
  \odot \boldsymbol\epsilon \odot \boldsymbol\sigma + 1 - \boldsymbol\sigma^2
\end{aligned}
$$

at $\mathbf z = \boldsymbol\mu + \boldsymbol\sigma \odot \boldsymbol\epsilon$. Adam takes the steps, at a rate
that falls to 0; $\theta$ stands still: an E-step.

Section 3.1
""",
    ),
    Formula(
        "Amortised inference",
        r"""
$$
q_\phi(\mathbf z \mid \mathbf x_i) \approx q_i^*(\mathbf z) \quad \text{for all } i
$$

by one net, whose cost pays off over the images. Its distance is the amortisation gap.

Section 3.2; Cremer, Li and Duvenaud (2018)
""",
        DiagonalNormalNet.forward,
    ),
)

KNOBS = (
    Formula(
        "What the numbers say",
        r"""
$$
\log p_\theta(\mathbf x, \mathbf z) = \textcolor{GENERATED solid}{\log p_\theta(\mathbf x \mid \mathbf z)}
+ \textcolor{DATA dashed}{\log p(\mathbf z)}
$$

the unnormalised log posterior: how well a $\mathbf z$ explains the image, whoever found it. It is highest at
the mode of $p_\theta(\mathbf z \mid \mathbf x)$, near which the encoder's $\boldsymbol\mu_\phi(\mathbf x)$
should lie.

Section 3.1
""",
        joint_terms,
        ("return", "return"),
    ),
)

WALK = (
    Formula(
        "Along an arc",
        r"""
$$
\mathbf z(t) = \big((1 - t) \|\mathbf z_0\| + t\, \|\mathbf z_1\|\big) \left(
\frac{\sin((1 - t)\,\omega)}{\sin \omega}\, \hat{\mathbf z}_0
+ \frac{\sin(t\,\omega)}{\sin \omega}\, \hat{\mathbf z}_1 \right)
$$

between the directions $\hat{\mathbf z}$ of both ends, $\omega$ the angle between them, its length changing
evenly. Under $\mathcal N(\mathbf 0, \mathbf I_{20})$ nearly all $\mathbf z$ lie near a sphere of radius
$\sqrt{20}$; the middle of a straight line falls inside it, where the decoder has hardly been trained.
""",
        walk,
        ("angle =", "return"),
    ),
)

DIMENSIONS = (
    Formula(
        "The use of a dimension",
        r"""
$$
D_{\mathrm{KL}}(q_\phi(\mathbf z \mid \mathbf x) \,\|\, p(\mathbf z))
= \sum_{l=1}^L D_{\mathrm{KL}}(q_\phi(z_l \mid \mathbf x) \,\|\, p(z_l))
$$

Both are diagonal, so that the divergence is a sum over the dimensions. One whose share is 0 is the prior,
whatever the image: it says nothing of it.

Section 5.2.3
""",
        along,
        ("copies =", "return"),
    ),
)

TRAINING = (
    Formula(
        "Training",
        ASCENT
        + r"""
An approximate E-step and an approximate M-step, both at once, by Adam: auto-encoding variational Bayes.

Equations 3 and 4; sections 3.3, 4 and 5.1
""",
        Run.advance,
        ("moved =", "optimizer.step()"),
    ),
    Formula(
        "The cap on the logits",
        r"""
$$
\ell = c \tanh(a / c), \quad c = \log \frac{1 - \varepsilon}{\varepsilon} = 15.94, \quad \varepsilon = 2^{-23}
$$

for the net's output $a$: the range that float32 probabilities leave to the tutorial's code. A black pixel,
dequantised to $u / 256$, is explained best by a logit near $-512$; without a cap the same model scores about
$+3100$ nats, most of it for the background's quantisation.
""",
        cap,
        ("return", "return"),
    ),
)

ASCENT_STEPS = (
    Formula(
        "What a step moves",
        r"""
$$
\begin{aligned}
\text{E-step:}\quad
\phi &\leftarrow \phi + \eta\, \nabla_\phi \tfrac{1}{N_B} \textstyle\sum_i \text{ELBO}_i \\
\text{M-step:}\quad
\theta &\leftarrow \theta + \eta\, \nabla_\theta \tfrac{1}{N_B} \textstyle\sum_i \text{ELBO}_i
\end{aligned}
$$

$\log p_\theta(\mathbf x)$ does not depend on $\phi$: what an E-step raises the ELBO by, it takes from the gap
$D_{\mathrm{KL}}(q_\phi(\mathbf z \mid \mathbf x) \,\|\, p_\theta(\mathbf z \mid \mathbf x))$. An M-step
raises the ELBO for the $q_\phi$ that there is. AEVB makes both in one step, of one gradient.

Equations 3 and 4; sections 3.3, 4 and 5.1
""",
        Run.advance,
        ("moved = {", "}"),
    ),
    Formula(
        "Through the sample to φ",
        r"""
$$
\mathbf z = \boldsymbol\mu_\phi(\mathbf x) + \boldsymbol\sigma_\phi(\mathbf x) \odot \boldsymbol\epsilon,
\qquad \boldsymbol\epsilon \sim \mathcal N(\mathbf 0, \mathbf I)
$$

so that the gradient in $\mathbf z$, which comes back through the decoder, goes on to $\boldsymbol\mu_\phi$
and $\boldsymbol\sigma_\phi$, whether the decoder itself moves or not.

Section 5.2.3
""",
        VAE.forward,
        ("q_z =", "}"),
    ),
    Formula(
        "The evidence, by quadrature",
        r"""
$$
\textcolor{EVIDENCE solid}{\log p_\theta(\mathbf x)} = \log \int p_\theta(\mathbf x \mid \mathbf z)\,
p(\mathbf z)\, d \mathbf z \approx \log \Big( h^2 \sum_k p_\theta(\mathbf x \mid \mathbf z_k)\,
p(\mathbf z_k) \Big)
$$

over a grid of places $\mathbf z_k$, $h$ = 0.1 to 0.3 apart. For two latent numbers that is exact to
a few hundredths of a nat; for twenty no grid is fine enough. What lies between it and the
$\textcolor{ELBO dashed}{\text{ELBO}}$, whose mean under $q_\phi$ is taken by 25 weighed places, is the gap.

Equations 1 and 2
""",
    ),
)

CURVE = (
    Formula(
        "A mixture along a curve",
        r"""
$$
p_\theta(\mathbf x) = \int \mathcal N(\mathbf x;
\textcolor{GENERATED solid}{\boldsymbol\mu_\theta(z)}, \sigma^2 \mathbf I)\, \mathcal N(z; 0, 1)\, d z
$$

Each $z$ is a place on the curve $\boldsymbol\mu_\theta$, and $\mathbf x$ lies around it with one learned
$\sigma$. Were $\boldsymbol\mu_\theta$ linear, this were factor analysis (probabilistic PCA) with one factor,
and the curve the line of the first principal component.

Sections 1, 5.2.1 and 5.3
""",
        GaussianNet.forward,
    ),
    Formula(
        "One point’s gap",
        r"""
$$
\textcolor{GAP double}{D_{\mathrm{KL}}(q_\phi(z \mid \mathbf x) \,\|\, p_\theta(z \mid \mathbf x))}
= \textcolor{EVIDENCE solid}{\log p_\theta(\mathbf x)} - \textcolor{ELBO dashed}{\text{ELBO}}(\mathbf x)
$$

The exact posterior is $p_\theta(\mathbf x \mid z)\, p(z)$ over $p_\theta(\mathbf x)$, by a sum over places of
$z$. Where two parts of the curve are near to $\mathbf x$ it has two modes, and a normal $q_\phi$ has one.

Equation 2
""",
    ),
)
