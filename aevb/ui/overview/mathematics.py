"""The one idea in formulas."""

from aevb.explore import codes
from aevb.models import factor_analysis as fa
from aevb.training import Run
from aevb.ui.shared.scene import ASCENT, Formula

EVIDENCE = r"\log p_\theta(\mathbf x)"
RATIO = r"\frac{p_\theta(\mathbf x, \mathbf z)}{q_\phi(\mathbf z \mid \mathbf x)}"
ELBO = rf"\mathbb E_{{q_\phi}}\!\left[\log {RATIO}\right]"
GAP = r"D_{\text{KL}}(q_\phi(\mathbf z \mid \mathbf x) \,\|\, p_\theta(\mathbf z \mid \mathbf x))"

START = (
    Formula(
        "From z to an image",
        r"""
$$
\mathbf z \sim \mathcal N(\mathbf 0, \mathbf I), \qquad
\mathbf x \sim p_\theta(\mathbf x \mid \mathbf z)
= \text{ContinuousBernoullis}(\boldsymbol\lambda_\theta(\mathbf z))
$$

What is drawn is $\boldsymbol\lambda_\theta(\mathbf z)$, the decoder's answer.

Section 5.3.1
""",
    ),
    Formula(
        "The ring",
        r"""
It passes through one test image's $\mathbf z$ of each class, the nearest to the mean of its class. From one
to the next it is an arc, on which the length of $\mathbf z$ changes evenly. The decoder was asked at twelve
places of each; what is between two of them is a blend of their images.
""",
        codes.ring,
        ("passed = []", "return torch.cat"),
    ),
)

IDEA = (
    Formula(
        "Evidence = ELBO + gap",
        rf"""
Whatever $q_\phi$ is, since $p_\theta(\mathbf x) = p_\theta(\mathbf x, \mathbf z) / p_\theta(\mathbf z \mid
\mathbf x)$ for every $\mathbf z$,

$$
\begin{{aligned}}
\textcolor{{EVIDENCE solid}}{{{EVIDENCE}}}
&= \mathbb E_{{q_\phi}}\!\left[\log \frac{{p_\theta(\mathbf x, \mathbf z)}}
{{p_\theta(\mathbf z \mid \mathbf x)}}\right] \\
&= \textcolor{{ELBO dashed}}{{{ELBO}}} + \textcolor{{GAP solid}}{{{GAP}}}
\end{{aligned}}
$$

The divergence is never negative, and 0 only where $q_\phi$ is the posterior: hence a lower bound.

Equation 2
""",
    ),
    Formula(
        "E-step, M-step, and both at once",
        rf"""
The evidence does not depend on $\phi$. So to raise the ELBO in $\phi$ is to close the gap, an approximate
E-step. To raise it in $\theta$ is an approximate M-step: where the gap was closed before, the evidence rises
by as much at least. AEVB does both by gradients of an estimate on a mini-batch:
{ASCENT}
Equations 3 and 4; section 5.1
""",
        Run._ascend,
        ("elbo = total", "torch.autograd.grad"),
    ),
    Formula(
        "What is drawn here: factor analysis of one number",
        r"""
$$
\begin{aligned}
x &= \theta z + \epsilon, \qquad z, \epsilon \sim \mathcal N(0, 1) \\
q_\phi(z \mid x) &= \mathcal N\!\left(\frac{\phi\, x}{\phi^2 + 1}, \frac{1}{\phi^2 + 1}\right)
\end{aligned}
$$

$q_\phi$ is the exact posterior at the weight $\phi$, so that the gap is 0 at $\phi = \theta$. The E-step sets
$\phi \leftarrow \theta$, the M-step

$$
\theta \leftarrow \mathbb E[x z]\, \mathbb E[z^2]^{-1}
$$

averaged over $q_\phi$ and data with $\mathbb E[x^2] = 5$; the evidence is highest at $\theta^2 + 1 = 5$.
""",
        fa._maximise,
        ("z =", "W ="),
    ),
)

JENSEN_BOTH = (
    r"\textcolor{EVIDENCE solid}{\log \mathbb E_q\!\left[\frac{p(x, z)}{q(z)}\right]}"
    r"\geq \textcolor{ELBO dashed}{\mathbb E_q\!\left[\log \frac{p(x, z)}{q(z)}\right]}",
    r"\textcolor{EVIDENCE solid}{\log p(x)} = \textcolor{ELBO dashed}{\text{ELBO}}"
    r" + \textcolor{GAP solid}{\mathbb E_q\!\left[\log \frac{q(z)}{p(z \mid x)}\right]}",
)
"""The two derivations, each in a line."""

JENSEN = (
    Formula(
        "Jensen's inequality",
        r"""
The logarithm is concave: that of a mean is at least the mean of logarithms,

$$
\begin{aligned}
\textcolor{EVIDENCE solid}{\log p(x)} &= \log \textstyle\sum_z p(x, z)
= \log \mathbb E_q\!\left[\frac{p(x, z)}{q(z)}\right] \\
&\geq \mathbb E_q\!\left[\log \frac{p(x, z)}{q(z)}\right] = \textcolor{ELBO dashed}{\text{ELBO}}
\end{aligned}
$$

It is an equality where the ratio is constant: at $q(z) = p(z \mid x)$, where it is $p(x)$ for every $z$.

Section 2
""",
    ),
    Formula(
        "What lies between them",
        r"""
Since $p(x) = p(x, z) / p(z \mid x)$ for every $z$, the ratio lies below $\log p(x)$ by

$$
\textcolor{EVIDENCE solid}{\log p(x)} - \log \frac{p(x, z)}{q(z)} = \log \frac{q(z)}{p(z \mid x)}
$$

whose mean under $q$ is the $\textcolor{GAP solid}{\text{gap}}$, $D_{\text{KL}}(q(z) \,\|\, p(z \mid x))$.

Equation 2
""",
    ),
    Formula(
        "What is drawn here",
        r"""
A $z$ of three values, with $p(x, z) = 0.09$, $0.07$ and $0.04$ for the $x$ at hand: $p(x) = 0.2$, and the
posterior is $0.45$, $0.35$, $0.2$. A point is as large as its $q(z)$; the point of the means is their centre
of mass, and lies within the triangle whatever $q$ is.
""",
    ),
)
