"""The scenes of the page GMVAE, in their order."""

from pathlib import Path

from aevb.ui.gmvae import cells, mathematics
from aevb.ui.shared import cells as shared_cells
from aevb.ui.shared.plane import PLANE as PLANE_FORMULA
from aevb.ui.shared.scene import Scene, recorded

CLUSTERS = Scene(
    "clusters",
    "Clusters",
    "grid",
    "The <b>cluster</b> y is latent, as z is: a row for each cluster, draws z ~ p(z | y) as pixel "
    "probabilities (Figure 11).",
    "From a start found without labels, by UMAP and a Gaussian mixture, the ascent makes clusters of digits. "
    "Labels only name them here and put them in order.",
    options={"columns": 12},
    mathematics=mathematics.CLUSTERS,
    cell=cells.clusters,
)

GUESS = Scene(
    "guess",
    "Which cluster?",
    "guess",
    "The <b>classifier</b> q(y | x), trained without a label, says which cluster an image is in.",
    "Numbers in nats, averaged over q(y | x). KL(y) is log C, 2.3 for ten clusters, where it is certain "
    "of one.",
    mathematics=mathematics.GUESS,
    cell=cells.guess,
)

KNOBS = Scene(
    "knobs",
    "Within a cluster",
    "knobs",
    "One <b>place ε</b> in every cluster: turn its numbers, and choose the cluster below the digit.",
    "ε says where z lies in its cluster’s p(z | y). The numbers that say most of an image, by their mean KL.",
    mathematics=mathematics.KNOBS,
    cell=cells.knobs,
)

PLANE = Scene(
    "plane",
    "A plane of places",
    "plane",
    "Two directions within the clusters span a plane through <b>ε</b>: drag the mark over it, or press "
    "anywhere.",
    "The plane lies in the cluster that the dial chooses. PCA 1 is the direction in which the test images’ ε "
    "differ most.",
    mathematics=(PLANE_FORMULA, *mathematics.PLANE),
    cell=cells.plane,
)

MAP = Scene(
    "map",
    "The map",
    "map",
    "Test images where the <b>encoder</b> puts them: means of z in each one’s most probable <b>cluster</b>.",
    "Colours tell that cluster, or the true label: where the two differ, the model was misled.",
    cell=shared_cells.latent_map,
)

CONFUSION = Scene(
    "confusion",
    "Clusters against labels",
    "confusion",
    "Which digits are in which <b>cluster</b>: no label was used to find them, only to match and name them.",
    "Choose a cell to see its images, and an image to see what q(y | x) says of it.",
    mathematics=mathematics.CONFUSION,
    cell=cells.confusion,
)

GUMBEL = Scene(
    "gumbel",
    "Gumbel-Softmax",
    "gumbel",
    "A discrete draw lets no gradient pass; softened by a temperature τ it does, and moves from the "
    "simplex’s centre to its corners.",
    "500 samples with the same noise g at every temperature. The corner nearest to one is an exact draw "
    "from π, whatever τ.",
    mathematics=mathematics.GUMBEL,
    cell=cells.gumbel,
)

ESTIMATORS = Scene(
    "estimators",
    "Summed or relaxed",
    "estimators",
    "Training by the <b>sum over y</b> decodes C times a step, by <b>Gumbel-Softmax</b> once, of a relaxed "
    "y: quicker, with a bias that grows with τ.",
    "Small models, ten clusters, means over three seeds. “The estimator says”: how much more than the ELBO "
    "of a discrete y, in nats.",
    options={"runs": recorded(Path(__file__).with_name("estimators.json")), "steps": 100},
    mathematics=mathematics.GUMBEL[1:2],
)

DIMENSIONS = Scene(
    "dimensions",
    "Dimensions",
    "dimensions",
    "How much each dimension adds to the cluster.",
    cell=shared_cells.dimensions,
)

TRAINING = Scene(
    "training",
    "Training",
    "training",
    "How the checkpoint was trained: bound, entropy and accuracy, epoch by epoch.",
    mathematics=mathematics.TRAINING,
    cell=shared_cells.training,
)

SCENES = (CLUSTERS, GUESS, KNOBS, PLANE, MAP, CONFUSION, GUMBEL, ESTIMATORS, DIMENSIONS, TRAINING)
