"""The VAE's scenes, in their order."""

from aevb.ui.shared import cells as shared_cells
from aevb.ui.shared.plane import PLANE as PLANE_FORMULA
from aevb.ui.shared.scene import Scene
from aevb.ui.vae import cells, mathematics, questions

PRIOR = Scene(
    "prior",
    "New digits",
    "prior",
    "The generative model: draw some numbers <b>z ~ N(0, I)</b>, and the decoder turns them into an image.",
    "The parameters λ of 30 draws (Figure 6), and one sample x of each (Figure 7): pixels are independent "
    "given z, hence the noise.",
    notes=(
        "Press Resample a few times and ask what share of the draws is a digit. Left is what the decoder "
        "says of each pixel, right is what the model really generates. Papers show the left one and call it "
        "a sample; most students have never seen the right one. Nor is λ the mean of a pixel: that of "
        "λ = 0.9 is 0.67."
    ),
    mathematics=mathematics.PRIOR,
    cell=cells.prior,
)

NORMALISATION = Scene(
    "normalisation",
    "From grey to a density",
    "normalisation",
    "A pixel of MNIST has one of 256 <b>grey levels</b> (Figure 4). Noise spreads each over its own "
    "interval, so that a density is about numbers in [0, 1]. Choose a pixel.",
    "A density may be above 1, and here mostly is: hence an ELBO of 1,800 nats. The noise allows no more "
    "than 784 log 256 = 4,347, as if each level were known.",
    notes=(
        "Choose a black pixel first: nearly all of its images have level 0, so its density may grow very "
        "high. Then a pixel in the middle. The noise is what keeps a density from growing without bound."
    ),
    mathematics=mathematics.NORMALISATION,
    cell=cells.normalisation,
)

FLOW = Scene(
    "flow",
    "A digit through the model",
    "flow",
    "The <b>encoder</b> turns an image into a distribution over a few numbers, the <b>decoder</b> a draw of "
    "them back into an image.",
    "A high log p(x | z): the output explains the image. A low KL: the posterior stays near the prior. "
    "All in nats.",
    notes=(
        "Follow one digit from left to right: image, twenty intervals, one draw, image. Resample z and watch "
        "that the output hardly changes, then choose a digit that is badly written. The usual mistake is to "
        "think of the code as a point; it is a distribution, and the KL is what its narrowness costs."
    ),
    mathematics=mathematics.FLOW,
    cell=cells.flow,
    questions=(questions.KL,),
)

EVIDENCE = Scene(
    "evidence",
    "The evidence by draws",
    "evidence",
    "The evidence is a mean over the prior, <b>p(x) = E[p(x | z)]</b>: could one draw z and average? Choose "
    "how many numbers of z come from the prior; the <b>encoder</b> gives the others.",
    "In many dimensions hardly a draw explains the image: a single one carries the mean, far below the "
    "evidence (5.2.4). The encoder knows where to look; weights p(x, z) / q(z | x) keep the mean the same.",
    notes=(
        "Ask first how many draws from the prior it takes. Press 10,000: the best of them is not this digit, "
        "and the estimate is still hundreds of nats short. Then halve the numbers that come from the prior, "
        "down to none. That is why there is an encoder at all, and why the ELBO is raised and not the "
        "evidence itself. In factor analysis, with two latent numbers, draws from the prior would do."
    ),
    mathematics=mathematics.EVIDENCE,
    cell=cells.evidence,
    questions=(questions.PRIOR,),
)

FORCING = Scene(
    "forcing",
    "A posterior of two modes",
    "forcing",
    "A posterior may have several modes, <b>q</b> has one. Raising the ELBO lowers the <b>reverse</b> KL: "
    "does q cover both modes, or choose one?",
    "Reverse, q pays where p is near 0: it is zero-forcing, and too narrow. Forward, q pays where it misses "
    "p: it covers both. Only the reverse one needs no draws from p(z | x).",
    notes=(
        "Ask for a guess before pressing Descend: the fuller the plane's colour, the lower the KL. Under the "
        "reverse one q keeps one mode; from a broad start, such as width 2, it may stay over both: a local "
        "minimum. Under the forward KL it covers both, and puts most of its mass where there is none of p."
    ),
    mathematics=mathematics.FORCING,
    cell=cells.forcing,
)

AMORTISED = Scene(
    "amortised",
    "One net for all, or a q each",
    "amortised",
    "An image may have a <b>q of its own</b>, raised by gradients that pass through the decoder; the "
    "<b>encoder</b> gives all of them one in a single pass.",
    "What a q of its own gains is the amortisation gap. No diagonal normal can close what then remains.",
    notes=(
        "Take 1,600 steps from the encoder's q, then from the prior: both come to the same height. With 400 "
        "from the prior it is still some nats short, for some digits below the encoder, which took one pass. "
        "That is the price and the gain of amortisation."
    ),
    mathematics=mathematics.AMORTISED,
    cell=cells.amortised,
)

KNOBS = Scene(
    "knobs",
    "Turn the knobs",
    "knobs",
    "Each number of <b>z</b> is a knob: turn one, or pick an image of what it does, and the digit changes.",
    "Shown are those that say most of an image, by their mean KL. In brackets: the gain over the encoder’s "
    "mean. Can you beat it?",
    notes=(
        "Turn the first knob slowly from end to end, and ask for a word for what it does. Then turn one of "
        "the last under All dimensions: nothing happens, for q leaves it at the prior. Students expect one "
        "knob for slant and one for width; no term of the ELBO asks for that."
    ),
    mathematics=mathematics.KNOBS,
    cell=cells.knobs,
)

PLANE = Scene(
    "plane",
    "A plane of z",
    "plane",
    "Two directions of latent space span a plane through <b>z</b>: drag the mark over it, or press anywhere.",
    "PCA 1 is the direction in which the test images’ z differ most. Images that do not lie on the plane any "
    "more are dimmed.",
    notes=(
        "Drag in a circle around the middle, then far out to an edge, where images stop being digits: the "
        "prior hardly ever goes there. Change the axes to two single dimensions. Ask whether the digits in "
        "between are in the test set: none is."
    ),
    mathematics=(PLANE_FORMULA,),
    cell=cells.plane,
)

MAP = Scene(
    "map",
    "The map",
    "map",
    "Test images where the <b>encoder</b> puts them: posterior means, projected to the plane (Figure 8).",
    "No label placed them: colours and numerals only tell what the points are. In t-SNE neighbours count, "
    "not how far its islands lie apart.",
    notes=(
        "Ask who placed the points: no label took part. Press a point between two islands and look at its "
        "digit; then change t-SNE for PCA, where the islands overlap. Sizes of islands and distances between "
        "them in t-SNE mean next to nothing, and are what students like best to interpret."
    ),
    cell=shared_cells.latent_map,
)

WALK = Scene(
    "walk",
    "A walk",
    "walk",
    "From one digit to another through latent space.",
    "Along an arc the length of z changes evenly; a straight line’s middle lies nearer to the origin, where "
    "digits blur.",
    notes=(
        "Let the class guess what lies midway between the two digits, then play. Compare an arc with a "
        "straight line. The middle is not an average of pixels: open two images in any editor and blend "
        "them, if somebody doubts it."
    ),
    mathematics=mathematics.WALK,
    cell=cells.walk,
    questions=(questions.MIDWAY,),
)

DIMENSIONS = Scene(
    "dimensions",
    "Dimensions",
    "dimensions",
    "How much each dimension says of an image: its KL from posterior to prior, averaged over the test set.",
    "Choose one to see what it does. A used dimension’s posterior is narrow; an unused one’s is the prior, "
    "0 ± 1.",
    notes=(
        "Count the used ones, and say that nobody chose that number: the KL switched the others off. Choose "
        "an unused one and show that it changes nothing. Students call that a failure; it is what the ELBO "
        "asks for where a dimension does not pay."
    ),
    mathematics=mathematics.DIMENSIONS,
    cell=shared_cells.dimensions,
    questions=(questions.SLANT,),
)

TRAINING = Scene(
    "training",
    "Training",
    "training",
    "The ELBO, epoch by epoch: it climbs quickly, then levels off. (Figure 5)",
    "At first a better likelihood is bought with more KL, then it comes at the same KL. |logit| ≤ 15.94 is a "
    "cap that the tutorial’s code applies without saying so: see the mathematics.",
    notes=(
        "Point first at the two lower curves: for some twenty epochs the likelihood rises and the KL grows, "
        "then the KL stays and the likelihood goes on rising; the ELBO is their sum. A nat of it is one nat "
        "for each image, so that the last small rise is worth much. A likelihood may be positive here, since "
        "pixels have a density: that puzzles many."
    ),
    mathematics=mathematics.TRAINING,
    cell=shared_cells.training,
    questions=(questions.PLATEAU,),
)

ASCENT = Scene(
    "ascent",
    "E-steps and M-steps",
    "ascent",
    "A small VAE learns <b>here</b>: an <b>E-step</b> moves the encoder and closes the gap, an "
    "<b>M-step</b> moves the decoder and raises the evidence.",
    "With two latent numbers, the evidence can be computed as an integral. The model learns from at most "
    "1,000 test images, made smaller; map and curves are of some of them.",
    notes=(
        "Take 25 steps of both, twice, and then E-steps: the map moves, pictures and evidence stand still, "
        "the gap closes as far as this encoder can. Then M-steps: the pictures move, the evidence rises, the "
        "gap opens. In turn is EM's way, both at once is AEVB: which is faster?"
    ),
    options={"view": "images"},
    mathematics=mathematics.ASCENT_STEPS,
    cell=cells.ascent,
)

CURVE = Scene(
    "curve",
    "A curve through points",
    "ascent",
    "Points of a plane, and one latent number: the <b>decoder</b> is a curve, the <b>encoder</b> says where "
    "on it a point belongs. Press a point to see its q beside its exact posterior.",
    "Shaded is p(x): Gaussians of one learned width along the curve, thick where |z| ≤ 2. Thin lines lead "
    "from each point to where its q has its mean. Evidence, ELBO and gap are means over all points.",
    notes=(
        "Learn the wave, then take E-steps and M-steps by hand: E-steps move the thin lines along the curve, "
        "M-steps move the curve. Then the ring: a curve can go round it, but its two ends have to meet. "
        "Press a point where they do, which belongs to both: its posterior has two modes, and a normal q has "
        "one, so that its gap stays, however many E-steps are taken."
    ),
    options={"view": "points"},
    mathematics=mathematics.CURVE,
    cell=cells.curve,
)

SCENES = (
    PRIOR,
    NORMALISATION,
    FLOW,
    EVIDENCE,
    FORCING,
    AMORTISED,
    KNOBS,
    PLANE,
    MAP,
    WALK,
    DIMENSIONS,
    TRAINING,
    ASCENT,
    CURVE,
)
