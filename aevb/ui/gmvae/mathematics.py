"""The GMVAE's derivation, scene by scene, each step with the lines of the library that compute it."""

from aevb import cluster_start
from aevb.explore.clusters import clustering
from aevb.explore.codes import latent
from aevb.models import GMVAE
from aevb.models.gmvae import ClusterNormalNet, gumbel_softmax
from aevb.models.nets import CategoricalNet
from aevb.training import Run
from aevb.ui.shared.scene import ASCENT, Formula

CLUSTERS = (
    Formula(
        "Generative model",
        r"""
$$
\begin{aligned}
\mathbf y &\sim \text{OneHotCategorical}(1/C, \dots, 1/C) \\
\mathbf z &\sim \mathcal N(\boldsymbol\mu_\theta(\mathbf y),
  \operatorname{diag} \boldsymbol\sigma_\theta(\mathbf y)^2) \\
\mathbf x &\sim \textstyle\prod_{j=1}^D \text{Bernoulli}(p_\theta(\mathbf z)_j)
\end{aligned}
$$

Both $\mathbf y$ and $\mathbf z$ are latent. Summed over $\mathbf y$, the prior of $\mathbf z$ is a mixture of
$C$ Gaussians. Its means and scales are linear in the one-hot $\mathbf y$, which picks one column of
each.

The other model of this section, $p(\mathbf x \mid \mathbf y, \mathbf z)\, p(\mathbf z)\, p(\mathbf y)$ of
Kingma et al. (2014), has one Gaussian for all clusters: without labels nothing makes $\mathbf y$ the digit,
since $\mathbf z$ can tell it as well.

Section 5.5.1; Shu (2016)
""",
        GMVAE.ancestral_sample,
        ("z =", "return"),
    ),
)

GUESS = (
    Formula(
        "The classifier",
        r"""
$$
q_\phi(\mathbf y, \mathbf z \mid \mathbf x)
= q_\phi(\mathbf y \mid \mathbf x)\, q_\phi(\mathbf z \mid \mathbf x, \mathbf y)
$$

$$
q_\phi(\mathbf y \mid \mathbf x) = \text{OneHotCategorical}(\boldsymbol\pi_\phi(\mathbf x))
$$

In this order, because $q_\phi(\mathbf y \mid \mathbf x)$ is then at hand: it tells an image's cluster. In the
other order it would be an integral over $\mathbf z$.

Section 5.5.2
""",
        CategoricalNet.forward,
    ),
    Formula(
        "The encoder within a cluster",
        r"""
$$
q_\phi(\mathbf z \mid \mathbf x, \mathbf y) = \mathcal N(\boldsymbol\mu_\phi(\mathbf x, \mathbf y),
\operatorname{diag} \boldsymbol\sigma_\phi(\mathbf x, \mathbf y)^2)
$$

All $C$ clusters are tried for each image. The first layer is linear in both inputs,

$$
\mathbf W [\mathbf x; \mathbf y] = \mathbf W_x \mathbf x + \mathbf W_y \mathbf y,
$$

so that the image's share, the larger product, is computed once for all of them.

Section 5.5.2
""",
        ClusterNormalNet.forward,
    ),
    Formula(
        "Estimator of the ELBO: y summed over",
        r"""
$$
\begin{aligned}
\textcolor{ELBO double}{\text{ELBO}} \simeq \sum_{\mathbf y}\, & q_\phi(\mathbf y \mid \mathbf x)
[\textcolor{GENERATED solid}{\log p_\theta(\mathbf x \mid \mathbf z_{\mathbf y})}
- \textcolor{DATA dashed}{D_{\mathrm{KL}}(q_\phi(\mathbf z \mid \mathbf x, \mathbf y) \,\|\,
  p_\theta(\mathbf z \mid \mathbf y))}] \\
&- \textcolor{GAP dotted}{D_{\mathrm{KL}}(q_\phi(\mathbf y \mid \mathbf x) \,\|\, p(\mathbf y))}
\end{aligned}
$$

with one reparametrised $\mathbf z_{\mathbf y} \sim q_\phi(\mathbf z \mid \mathbf x, \mathbf y)$ for each
$\mathbf y$. The discrete variable needs no sample, at the price of $C$ decodings. This trained the
checkpoint, and every ELBO on this page is its.

$$
-D_{\mathrm{KL}}(q_\phi(\mathbf y \mid \mathbf x) \,\|\, p(\mathbf y))
= \mathbb H(q_\phi(\mathbf y \mid \mathbf x)) - \log C
$$

Section 5.5.3, equation 5
""",
        GMVAE.marginal_terms,
        ("q_y =", "}"),
    ),
)

KNOBS = (
    Formula(
        "One place in every cluster",
        r"""
$$
\boldsymbol\epsilon
= \frac{\mathbf z - \boldsymbol\mu_\theta(\mathbf y)}{\boldsymbol\sigma_\theta(\mathbf y)},
\qquad
\mathbf z'
= \boldsymbol\mu_\theta(\mathbf y') + \boldsymbol\sigma_\theta(\mathbf y') \odot \boldsymbol\epsilon
$$

This page's sliders are $\boldsymbol\epsilon$. The decoder sees $\mathbf z$ alone: it is told of the cluster
only by where $\mathbf z$ is.
""",
        latent,
        ("def", "return"),
    ),
)

PLANE = KNOBS

CONFUSION = (
    Formula(
        "Clustering accuracy",
        r"""
$$
\max_{m}\; \frac1N \sum_{i=1}^N \mathbb 1[m(\hat y_i) = \ell_i],
\qquad
\hat y_i = \operatorname{argmax}_{\mathbf y}\, q_\phi(\mathbf y \mid \mathbf x_i)
$$

over all one-to-one matchings $m$ of clusters with labels $\ell$. The best matching is an assignment problem,
which is solved exactly. It also names the clusters and puts them in order.

Section 5.5.4
""",
        clustering,
        ("clusters, classes =", "class_of[rows]"),
    ),
)

GUMBEL = (
    Formula(
        "The Gumbel-Softmax trick",
        r"""
$$
\mathbf y = \operatorname{onehot}(\operatorname{argmax}_k\, (\log \pi_k + g_k))
$$

with $g_k \sim \text{Gumbel}(0, 1)$ is an exact draw from $\boldsymbol\pi$, but no gradient passes the
$\operatorname{argmax}$. One does pass the softmax:

$$
\tilde{\mathbf y} = \operatorname{softmax}((\log \boldsymbol\pi + \mathbf g) / \tau)
$$

At a high temperature $\tau$ the samples lie near the simplex's centre, at a low one near its corners.

Section 5.5.3; Jang, Gu and Poole (2017); Maddison, Mnih and Teh (2017)
""",
        gumbel_softmax,
        ("# -log E", "return"),
    ),
    Formula(
        "Estimator of the ELBO: y sampled, in two contexts",
        r"""
One relaxed $\tilde{\mathbf y}$ and one $\mathbf z \sim q_\phi(\mathbf z \mid \mathbf x, \tilde{\mathbf y})$,
hence one decoding.

**"gumbel relaxed"**: every density is evaluated at the sample.

$$
\begin{aligned}
&\log p_\theta(\mathbf x \mid \mathbf z) + \log p_\theta(\mathbf z \mid \tilde{\mathbf y})
  - \log q_\phi(\mathbf z \mid \mathbf x, \tilde{\mathbf y}) \\
&\quad + \log p(\tilde{\mathbf y}) - \log q_\phi(\tilde{\mathbf y} \mid \mathbf x)
\end{aligned}
$$

**"gumbel analytic"**: both divergences are in closed form, that of $\mathbf y$ between categorical
distributions.

$$
\begin{aligned}
&\log p_\theta(\mathbf x \mid \mathbf z)
- D_{\mathrm{KL}}(q_\phi(\mathbf z \mid \mathbf x, \tilde{\mathbf y}) \,\|\,
  p_\theta(\mathbf z \mid \tilde{\mathbf y})) \\
&\quad - D_{\mathrm{KL}}(q_\phi(\mathbf y \mid \mathbf x) \,\|\, p(\mathbf y))
\end{aligned}
$$

Neither is unbiased for the ELBO, since $\tilde{\mathbf y}$ is not one-hot. As $\tau$ falls the second
approaches it. The first does not: its divergence of $\tilde{\mathbf y}$ is the same at every $\tau$, and at
least that between the categorical distributions.

Section 5.5.3
""",
        GMVAE.gumbel_terms,
        ("q_z, p_z =", "minus_kl_y = self.q_y"),
    ),
    Formula(
        "The density of a relaxed sample",
        r"""
$$
p(\tilde{\mathbf y}) = \Gamma(C)\, \tau^{C-1} \prod_{k=1}^C
\frac{\pi_k\, \tilde y_k^{-\tau-1}}{\sum_{j} \pi_j\, \tilde y_j^{-\tau}}
$$

A categorical distribution has no density at a point that is not one-hot. The first context takes this one in
its place, with the logits of $q_\phi(\mathbf y \mid \mathbf x)$ and with those of $p(\mathbf y)$.

Maddison, Mnih and Teh (2017), equation 10
""",
        GMVAE._relaxed_log_prob,
    ),
)

TRAINING = (
    Formula(
        "Where the ascent starts",
        r"""
From a plain initialisation the bound climbs as well with clusters that mix digits. So the start is chosen,
without any label:

1. Train the nets as a VAE, which is the GMVAE with $C = 1$.
2. Embed its latent means by UMAP, and fit a Gaussian mixture to the embedding. Its responsibilities are
   $r_{ik}$.
3. Fit $q_\phi(\mathbf y \mid \mathbf x_i)$ to $r_i$, and set each $p_\theta(\mathbf z \mid \mathbf y)$ to its
   cluster's moments:

$$
\boldsymbol\mu_k = \frac{\sum_i r_{ik}\, \boldsymbol\mu_i}{\sum_i r_{ik}}
$$

Then $q_\phi(\mathbf y \mid \mathbf x)$ may be held for some epochs while $\theta$ and
$q_\phi(\mathbf z \mid \mathbf x, \mathbf y)$ adapt together: AEVB with a part of $\phi$ held.
""",
        cluster_start._take_over,
        ("sizes =", "loc.weight"),
    ),
    Formula(
        "The mixture that finds the clusters",
        r"""
$$
r_{ik} = \frac{\pi_k\, \mathcal N(\mathbf e_i;\, \mathbf m_k, \mathbf S_k)}
{\sum_j \pi_j\, \mathcal N(\mathbf e_i;\, \mathbf m_j, \mathbf S_j)}
$$

for the embedded means $\mathbf e_i$. Its parameters are found by classic EM, the best of ten starts.
""",
        cluster_start.mixture,
        ("fitted =", "return"),
    ),
    Formula(
        "Training",
        ASCENT
        + r"""
Both at once, by Adam: $\theta$ are the nets of $p_\theta$, $\phi$ those of both inference nets.

Equations 3 and 4; sections 5.1 and 5.5.4
""",
        Run.advance,
        ("moved =", "optimizer.step()"),
    ),
)
