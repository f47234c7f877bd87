"""The scenes of the page GMVAE, in their order."""

from pathlib import Path

from aevb.ui.gmvae import cells, mathematics, questions
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
    notes=(
        "Read the names at the left as what they are: given afterwards, by the labels. Find a row that mixes "
        "two digits, or one digit that takes part in two rows. Say how it began: found by UMAP and a mixture "
        "in a briefly trained VAE; from a plain start the clusters mix far more digits."
    ),
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
    notes=(
        "Choose a digit, let the class name its cluster, and look at q(y | x). Then try a 4 like a 9. A sure "
        "answer is not a right one: q was never told a label, and it may be certain of a cluster of other "
        "digits."
    ),
    mathematics=mathematics.GUESS,
    cell=cells.guess,
    questions=(questions.CLUSTER,),
)

KNOBS = Scene(
    "knobs",
    "Within a cluster",
    "knobs",
    "One <b>place ε</b> in every cluster: turn its numbers, and choose the cluster below the digit.",
    "ε says where z lies in its cluster’s p(z | y). Shown are the numbers that say most, by their mean KL.",
    notes=(
        "Turn one knob and read the row of clusters below the digit: one place, ten digits. It is the same "
        "move as with the conditional VAE, but here nobody told y. Ask whether a knob has to mean the same "
        "in every cluster: nothing in the ELBO makes it so."
    ),
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
    notes=(
        "Drag the mark within one cluster, then turn the dial to another one and drag on. The mark stays "
        "while z moves to another region. Students look for the other digits at the plane’s edge; they are "
        "in other clusters, not further out."
    ),
    mathematics=(PLANE_FORMULA, *mathematics.PLANE),
    cell=cells.plane,
)

MAP = Scene(
    "map",
    "The map",
    "map",
    "Test images where the <b>encoder</b> puts them: means of z in each one’s most probable <b>cluster</b>.",
    "Colours tell that cluster, or the true label: where the two differ, the model was misled.",
    notes=(
        "Colour by cluster first, then by label, and look for the points whose colour changes. Load one of "
        "those. The map is of posterior means in each image’s own cluster: that clusters look apart is "
        "partly due to how it was drawn."
    ),
    cell=shared_cells.latent_map,
)

CONFUSION = Scene(
    "confusion",
    "Clusters against labels",
    "confusion",
    "Which digits are in which <b>cluster</b>: no label was used to find them, only to match and name them.",
    "Choose a cell to see its images, and an image to see what q(y | x) says of it.",
    notes=(
        "Find the largest number off the diagonal and open its images. Accuracy is after the best matching "
        "of clusters to labels, which itself uses all of them: no classifier’s accuracy. Ask what the "
        "accuracy would be with twenty clusters, and whether it could be compared."
    ),
    mathematics=mathematics.CONFUSION,
    cell=cells.confusion,
    questions=(questions.ACCURACY,),
)

GUMBEL = Scene(
    "gumbel",
    "Gumbel-Softmax",
    "gumbel",
    "A discrete draw lets no gradient pass; softened by a temperature τ it does, and moves from the "
    "simplex’s centre to its corners.",
    "500 samples with the same noise g at every temperature. The corner nearest to one is an exact draw "
    "from π, whatever τ.",
    notes=(
        "Start at a high temperature and go down slowly: points move from the centre to the corners. The "
        "corner nearest to each point never changes, for the noise is kept. Low temperatures are not simply "
        "better: the closer to a true draw, the wilder the gradient."
    ),
    mathematics=mathematics.GUMBEL,
    cell=cells.gumbel,
    questions=(questions.COLD,),
)

ESTIMATORS = Scene(
    "estimators",
    "Summed or relaxed",
    "estimators",
    "Training by the <b>sum over y</b> decodes C times a step, by <b>Gumbel-Softmax</b> once, of a relaxed "
    "y: quicker, with a bias that grows with τ.",
    "Small models, ten clusters, means over three seeds; relaxed, the KL of y is in closed form, the "
    "tutorial’s second context. The excess: how much more the estimator says than the ELBO of a discrete y.",
    options={"runs": recorded(Path(__file__).with_name("estimators.json")), "steps": 100},
    notes=(
        "By epochs the sum over y looks best; by time ask again. What the relaxed estimator reports is too "
        "high at a high τ: never compare its own figure with an ELBO."
    ),
    mathematics=mathematics.GUMBEL[1:2],
)

DIMENSIONS = Scene(
    "dimensions",
    "Dimensions",
    "dimensions",
    "How much each dimension says beyond the cluster: its mean KL.",
    notes=(
        "Most of the dimensions are unused: ask what that says about having chosen so many. Choose one of "
        "the used ones and read its effect. The digit’s class is in which cluster z lies; the place ε within "
        "it is style, and that is what is counted here."
    ),
    cell=shared_cells.dimensions,
)

TRAINING = Scene(
    "training",
    "Training",
    "training",
    "From <b>clusters</b> found first, accuracy is high throughout; from a <b>plain start</b> entropy falls "
    "and accuracy rises (Figure 10), in clusters that mix digits.",
    "Those are found without labels, by UMAP and a Gaussian mixture. While q(y | x) is held its entropy and "
    "accuracy stand still.",
    notes=(
        "Ask what the dashed vertical line could be: until then q(y | x) was held. Afterwards the ELBO goes "
        "on rising, while accuracy and entropy hardly move. Accuracy uses labels and was looked at, never "
        "trained on."
    ),
    mathematics=mathematics.TRAINING,
    cell=shared_cells.training,
)

SCENES = (CLUSTERS, GUESS, KNOBS, PLANE, MAP, CONFUSION, GUMBEL, ESTIMATORS, DIMENSIONS, TRAINING)
