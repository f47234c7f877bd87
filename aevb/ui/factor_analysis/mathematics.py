"""Factor analysis, scene by scene: each step with the lines of the library that compute it."""

from aevb.models import factor_analysis as fa
from aevb.models.factor_analysis import FactorAnalysis, LinearFullNormal, LinearNormal
from aevb.training import Run
from aevb.ui.shared.scene import Formula

WATCH = (
    Formula(
        "Generative model",
        r"""
$$
\begin{aligned}
\mathbf z &\sim \mathcal N(\mathbf 0, \mathbf I_L) \\
\mathbf x &\sim \mathcal N(\mathbf W \mathbf z, \boldsymbol\Phi)
\end{aligned}
$$

with a diagonal $\boldsymbol\Phi$: $\theta = (\mathbf W, \boldsymbol\Phi)$. The data have zero mean.

Section 5.2.1
""",
        LinearNormal.forward,
        ("loc =", "return"),
    ),
    Formula(
        "The gap",
        r"""
$$
\textcolor{EVIDENCE solid}{\log p_\theta(\mathbf x)}
= \textcolor{ELBO dashed}{\text{ELBO}}
+ \textcolor{GAP solid}{D_{\text{KL}}(q_\phi(\mathbf z \mid \mathbf x) \,\|\,
  p_\theta(\mathbf z \mid \mathbf x))}
$$

The divergence is never negative, and 0 only where $q$ is the posterior.

Equation 2
""",
        FactorAnalysis.gap,
        ("ratio =", "return"),
    ),
    Formula(
        "Approximate E-step and M-step",
        r"""
$$
\begin{aligned}
\text{E:}\quad \phi &\leftarrow \phi + \eta\, \nabla_\phi \tfrac{1}{N_B} \textstyle\sum_i \text{ELBO}_i \\
\text{M:}\quad \theta &\leftarrow \theta + \eta\, \nabla_\theta \tfrac{1}{N_B} \textstyle\sum_i \text{ELBO}_i
\end{aligned}
$$

In turn in Experiment 2; both at every step in AEVB.

Equations 3 and 4; section 5.1
""",
        Run.advance,
        ("moved =", "optimizer.step()"),
    ),
    Formula(
        "Jagged beside flat: late in an M-step",
        r"""
The ELBO has come to its maximum in $\theta$ for the $q$ that is held, but the evidence has not:

$$
\begin{aligned}
\nabla_\theta\, \textcolor{ELBO dashed}{\text{ELBO}} &= \mathbf 0 \\
\nabla_\theta\, \textcolor{EVIDENCE solid}{\log p_\theta(\mathbf x)}
&= \nabla_\theta\, \textcolor{GAP solid}{D_{\text{KL}}(q_\phi(\mathbf z \mid \mathbf x) \,\|\,
  p_\theta(\mathbf z \mid \mathbf x))} \neq \mathbf 0
\end{aligned}
$$

The noise $\boldsymbol\delta$ that mini-batches leave in $\theta$ moves the evidence, and the gap with it, in
proportion to $\boldsymbol\delta$, up or down; the ELBO only by its square. With larger batches or
a lower learning rate there is less of it.

Equation 2
""",
    ),
)

EM = (
    Formula(
        "Classic EM",
        r"""
$$
\begin{aligned}
\text{E:}\quad q(\mathbf z_i) &\leftarrow p_\theta(\mathbf z_i \mid \mathbf x_i) \\
\text{M:}\quad \theta &\leftarrow \operatorname{argmax}_\theta \textcolor{ELBO dashed}{\text{ELBO}(\theta, q)}
\end{aligned}
$$

Here both are in closed form.

Section 2
""",
        FactorAnalysis.em,
        ("q =", "yield self"),
    ),
    Formula(
        "The M-step in closed form",
        r"""
$$
\begin{aligned}
\mathbf W &\leftarrow \mathbb E[\mathbf x \mathbf z^\top]\, \mathbb E[\mathbf z \mathbf z^\top]^{-1} \\
\boldsymbol\Phi &\leftarrow \operatorname{diag} \mathbb E[(\mathbf x - \mathbf W \mathbf z)
  (\mathbf x - \mathbf W \mathbf z)^\top]
\end{aligned}
$$

averaged over the data and over $q$: a regression of $\mathbf x$ on $\mathbf z$, and what it leaves.
""",
        fa._maximise,
        ("z =", "return"),
    ),
)

HAND = (
    Formula(
        "The exact posterior: an exact E-step",
        r"""
$$
\begin{aligned}
\boldsymbol\Sigma &= (\mathbf I + \mathbf W^\top \boldsymbol\Phi^{-1} \mathbf W)^{-1} \\
\mathbf V &= \boldsymbol\Sigma\, \mathbf W^\top \boldsymbol\Phi^{-1}
\end{aligned}
$$

$p_\theta(\mathbf z \mid \mathbf x) = \mathcal N(\mathbf V \mathbf x, \boldsymbol\Sigma)$ lies in $q$'s
family, so the ELBO can become tight.

Murphy (2012), section 12.1.2
""",
        fa._posterior,
        ("scaled, identity =", "return"),
    ),
    Formula(
        "Approximate posterior",
        r"""
$$
q_\phi(\mathbf z \mid \mathbf x) = \mathcal N(\mathbf V \mathbf x, \boldsymbol\Sigma)
$$

$\phi = (\mathbf V, \boldsymbol\Sigma)$, learned through the Cholesky factor of $\boldsymbol\Sigma$.

Section 5.2.2
""",
        LinearFullNormal.forward,
        ("return", "return"),
    ),
)

FAMILIES = (
    Formula(
        "The nearest q of a smaller family",
        r"""
Of $\mathcal N(\mathbf V \mathbf x, \operatorname{diag} \boldsymbol\sigma^2)$ the nearest to
$\mathcal N(\mathbf V \mathbf x, \boldsymbol\Sigma)$, in $D_{\text{KL}}(q \,\|\, p)$, has

$$
\sigma_l^2 = 1 / (\boldsymbol\Sigma^{-1})_{ll}
$$

$(\boldsymbol\Sigma^{-1})_{ll}$ is the precision of $z_l$ once the other numbers are known: less is left open
then than when they are not, so that $q$ is too narrow. What remains is

$$
\textcolor{GAP solid}{\text{gap}} = \tfrac12 \left(\textstyle\sum_l \log (\boldsymbol\Sigma^{-1})_{ll}
- \log |\boldsymbol\Sigma^{-1}|\right)
$$

and 0 where $\boldsymbol\Sigma^{-1} = \mathbf I + \mathbf W^\top \boldsymbol\Phi^{-1} \mathbf W$ is diagonal.
A rotation of $\mathbf W$ makes it so at no cost, and the ascent in $\theta$ finds it.

Section 5.2.4
""",
        LinearFullNormal.nearest,
        ("identity =", "return torch"),
    ),
)

ROTATION = (
    Formula(
        "The evidence",
        r"""
$$
\begin{aligned}
\textcolor{EVIDENCE solid}{\log p_\theta(\mathbf x)}
&= \log \int p_\theta(\mathbf x, \mathbf z)\, d\mathbf z \\
&= \log \mathcal N(\mathbf x; \mathbf 0, \mathbf W \mathbf W^\top + \boldsymbol\Phi)
\end{aligned}
$$

Equation 1
""",
        FactorAnalysis.evidence,
        ("V, C =", "return"),
    ),
    Formula(
        "W is identified up to a rotation",
        r"""
$$
(\mathbf W \mathbf R)(\mathbf W \mathbf R)^\top = \mathbf W \mathbf R \mathbf R^\top \mathbf W^\top
= \mathbf W \mathbf W^\top
$$

for every rotation $\mathbf R$, $\mathbf R \mathbf R^\top = \mathbf I$. With $\mathbf W \mathbf R$ in place of
$\mathbf W$, $\mathbf R^\top \mathbf z \sim \mathcal N(\mathbf 0, \mathbf I)$ takes the part of $\mathbf z$.

Section 5.2.4
""",
    ),
)

SAMPLED = (
    Formula(
        "Two estimators of one ELBO",
        r"""
With one draw $\mathbf z = \mathbf m + \mathbf C \boldsymbol\epsilon$ of $q$,

$$
\begin{aligned}
&\log p_\theta(\mathbf x \mid \mathbf z) - D_{\mathrm{KL}}(q \,\|\, p(\mathbf z)) \\
&\log p_\theta(\mathbf x \mid \mathbf z) + \log p(\mathbf z) - \log q(\mathbf z)
\end{aligned}
$$

have the same mean, the ELBO, and the same gradient in $\theta$. The first is AEVB's. In the second all is
sampled: Stochastic Gradient Variational Bayes.

Section 5.2.3 and its note 10
""",
        FactorAnalysis.forward,
        ("q_z =", "}"),
    ),
    Formula(
        "Whose noise is less",
        r"""
The second is $\log p_\theta(\mathbf x) + \log \frac{p_\theta(\mathbf z \mid \mathbf x)}{q(\mathbf z)}$: at
$q = p_\theta(\mathbf z \mid \mathbf x)$ it is the evidence, whatever $\mathbf z$. With
$\boldsymbol\Sigma$ the posterior's covariance, $\boldsymbol\mu$ its mean, the gradients in $\mathbf m$ are

$$
\begin{aligned}
&-\boldsymbol\Sigma^{-1} (\mathbf z - \boldsymbol\mu) + \mathbf z - \mathbf m \\
&-\boldsymbol\Sigma^{-1} (\mathbf z - \boldsymbol\mu)
\end{aligned}
$$

and the first has less noise, since $\boldsymbol\Sigma^{-1} = \mathbf I + \mathbf W^\top
\boldsymbol\Phi^{-1} \mathbf W$ is above $\mathbf I$.

Roeder, Wu and Duvenaud (2017)
""",
        FactorAnalysis.log_ratios,
        ("q_z =", "return"),
    ),
)

PLOT = (
    Formula(
        "Estimator of the ELBO",
        r"""
$$
\textcolor{ELBO dashed}{\text{ELBO}} \simeq \log p_\theta(\mathbf x \mid \mathbf z)
- D_{\text{KL}}(q_\phi(\mathbf z \mid \mathbf x) \,\|\, p(\mathbf z))
$$

with one reparametrised sample $\mathbf z = \mathbf V \mathbf x + \mathbf C \boldsymbol\epsilon$,
$\boldsymbol\epsilon \sim \mathcal N(\mathbf 0, \mathbf I)$, $\mathbf C \mathbf C^\top = \boldsymbol\Sigma$.
The thin line is its mean over the test points; the ELBO beside it is its expectation, in closed form.

Section 5.2.3
""",
        FactorAnalysis.forward,
        ("q_z =", "}"),
    ),
)
