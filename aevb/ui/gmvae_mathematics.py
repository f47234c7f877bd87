"""The GMVAE's derivation, each step with the object of the library that computes it."""

from aevb import cluster_start
from aevb.clustering import clustering, latents
from aevb.models import GMVAE
from aevb.models.gmvae import ClusterNormalNet, gumbel_softmax
from aevb.models.nets import CategoricalNet
from aevb.training import train
from aevb.ui.mathematics import ASCENT

PARTS = (
    (
        "Generative model",
        r"""
$$
\begin{aligned}
\mathbf y &\sim \text{OneHotCategorical}(1/C, \dots, 1/C) \\
\mathbf z &\sim \mathcal N\big(\boldsymbol\mu_\theta(\mathbf y),
  \operatorname{diag} \boldsymbol\sigma_\theta(\mathbf y)^2\big) \\
\mathbf x &\sim \textstyle\prod_{j=1}^D \text{Bernoulli}\big(p_\theta(\mathbf z)_j\big)
\end{aligned}
$$

Both $\mathbf y$ and $\mathbf z$ are latent. Summed over $\mathbf y$, the prior of $\mathbf z$ is a mixture of
$C$ Gaussians. Its means and scales are linear in the one-hot $\mathbf y$, which picks one column of
each.

Section 5.5.1; Shu (2016)
""",
        GMVAE.sample,
    ),
    (
        "The classifier",
        r"""
$$
q_\phi(\mathbf y, \mathbf z \mid \mathbf x)
= q_\phi(\mathbf y \mid \mathbf x)\, q_\phi(\mathbf z \mid \mathbf x, \mathbf y)
$$

$$
q_\phi(\mathbf y \mid \mathbf x) = \text{OneHotCategorical}\big(\boldsymbol\pi_\phi(\mathbf x)\big)
$$

In this order, because $q_\phi(\mathbf y \mid \mathbf x)$ is then at hand: it tells an image's cluster. In the
other order it would be an integral over $\mathbf z$.

Section 5.5.2
""",
        CategoricalNet,
    ),
    (
        "The encoder within a cluster",
        r"""
$$
q_\phi(\mathbf z \mid \mathbf x, \mathbf y) = \mathcal N\big(\boldsymbol\mu_\phi(\mathbf x, \mathbf y),
\operatorname{diag} \boldsymbol\sigma_\phi(\mathbf x, \mathbf y)^2\big)
$$

All $C$ clusters are tried for each image. The first layer is linear in both inputs,

$$
\mathbf W [\mathbf x; \mathbf y] = \mathbf W_x \mathbf x + \mathbf W_y \mathbf y,
$$

so that the image's share, the larger product, is computed once for all of them.

Section 5.5.2
""",
        ClusterNormalNet,
    ),
    (
        "Estimator of the ELBO: y summed over",
        r"""
$$
\begin{aligned}
\text{ELBO} \simeq \sum_{\mathbf y}\, & q_\phi(\mathbf y \mid \mathbf x)
\big[\log p_\theta(\mathbf x \mid \mathbf z_{\mathbf y}) \\
&\quad - D_{\mathrm{KL}}\big(q_\phi(\mathbf z \mid \mathbf x, \mathbf y) \,\|\,
  p_\theta(\mathbf z \mid \mathbf y)\big)\big] \\
&- D_{\mathrm{KL}}\big(q_\phi(\mathbf y \mid \mathbf x) \,\|\, p(\mathbf y)\big)
\end{aligned}
$$

with one reparametrised $\mathbf z_{\mathbf y} \sim q_\phi(\mathbf z \mid \mathbf x, \mathbf y)$ for each
$\mathbf y$. The discrete variable needs no sample, at the price of $C$ decodings. This trained the
checkpoint, and every ELBO on this page is its.

$$
-D_{\mathrm{KL}}\big(q_\phi(\mathbf y \mid \mathbf x) \,\|\, p(\mathbf y)\big)
= \mathbb H\big(q_\phi(\mathbf y \mid \mathbf x)\big) - \log C
$$

Section 5.5.3, equation 5
""",
        GMVAE.marginal_terms,
    ),
    (
        "The Gumbel-Softmax trick",
        r"""
$$
\mathbf y = \operatorname{onehot}\big(\arg\max_k\, (\log \pi_k + g_k)\big)
$$

with $g_k \sim \text{Gumbel}(0, 1)$ is an exact draw from $\boldsymbol\pi$, but no gradient passes the
$\arg\max$. One does pass the softmax:

$$
\tilde{\mathbf y} = \operatorname{softmax}\big((\log \boldsymbol\pi + \mathbf g) / \tau\big)
$$

At a high temperature $\tau$ the samples lie near the simplex's centre, at a low one near its corners.

Section 5.5.3; Jang, Gu and Poole (2017); Maddison, Mnih and Teh (2017)
""",
        gumbel_softmax,
    ),
    (
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
- D_{\mathrm{KL}}\big(q_\phi(\mathbf z \mid \mathbf x, \tilde{\mathbf y}) \,\|\,
  p_\theta(\mathbf z \mid \tilde{\mathbf y})\big) \\
&\quad - D_{\mathrm{KL}}\big(q_\phi(\mathbf y \mid \mathbf x) \,\|\, p(\mathbf y)\big)
\end{aligned}
$$

Both are slightly biased: $\tilde{\mathbf y}$ is not one-hot.

Section 5.5.3
""",
        GMVAE.gumbel_terms,
    ),
    (
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
    (
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
        latents,
    ),
    (
        "Clustering accuracy",
        r"""
$$
\max_{m}\; \frac1N \sum_{i=1}^N \mathbb 1\big[m(\hat y_i) = \ell_i\big]
$$

$$
\hat y_i = \arg\max_{\mathbf y}\, q_\phi(\mathbf y \mid \mathbf x_i)
$$

over all one-to-one matchings $m$ of clusters with labels $\ell$. The best matching is an assignment problem,
which is solved exactly. It also names the clusters and puts them in order.

Section 5.5.4
""",
        clustering,
    ),
    (
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

Then $q_\phi(\mathbf y \mid \mathbf x)$ may be held for some epochs while the rest adapts: a long M-step.
""",
        cluster_start.prepare,
    ),
    (
        "The mixture that finds the clusters",
        r"""
$$
r_{ik} = \frac{\pi_k\, \mathcal N(\mathbf e_i;\, \mathbf m_k, \mathbf S_k)}
{\sum_j \pi_j\, \mathcal N(\mathbf e_i;\, \mathbf m_j, \mathbf S_j)}
$$

for the embedded means $\mathbf e_i$. Its parameters are found by classic EM, the best of ten starts.
""",
        cluster_start.mixture,
    ),
    (
        "Training",
        ASCENT
        + r"""
Both at once, by Adam: $\theta$ are the nets of $p_\theta$, $\phi$ those of both inference nets.

Equations 3 and 4; sections 5.1 and 5.5.4
""",
        train,
    ),
)
