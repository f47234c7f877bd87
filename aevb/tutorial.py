"""The tutorial's twelve figures, drawn from the shipped checkpoints by the functions that the pages use.

The pages draw their noise in the browser, from generators of its own, so that a figure and its page show
different draws of the same. `python -m aevb figure` writes them into files (`aevb.documents`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import plotly.graph_objects as go

from aevb import checkpoints, data, experiments
from aevb.checkpoints import Checkpoint, CheckpointError, Model
from aevb.evaluation import responsibilities
from aevb.experiments import EXPERIMENT_1, EXPERIMENT_2, Experiment, Trajectory
from aevb.explore.clusters import clustering
from aevb.figures import generated
from aevb.figures.factor_analysis import em_plot, planes
from aevb.figures.images import image_tag, tile
from aevb.figures.maps import digit_map
from aevb.figures.record import record
from aevb.models import CVAE, GMVAE, VAE, VRNN

SEED = 0
STAGES = (0, 100, 300, 1000)
"""Gradient steps of Experiment 1 after which Figure 2 shows generated points."""
ORIGINALS = 30


@dataclass(frozen=True)
class Picture:
    """What a figure consists of.

    Attributes:
        parts: plotly figures, and images as HTML, by what there is to say of each.
        source: the checkpoint that they show; None where they need none.
    """

    parts: dict[str, go.Figure | str]
    source: Checkpoint | None = None


@dataclass(frozen=True)
class Figure:
    """One of the tutorial's figures.

    Attributes:
        section: of the tutorial.
        draw: makes it; raises CheckpointError where what it shows is missing or damaged.
        columns: how many parts stand side by side where there is room.
    """

    title: str
    section: str
    caption: str
    draw: Callable[[], Picture] = field(repr=False)
    columns: int = 1


def synthetic() -> Picture:
    """Figure 1."""
    return Picture({"": planes(_points(EXPERIMENT_1))})


def experiment_1() -> Picture:
    """Figure 2: the curves, and points that the model generates at a few stages."""
    trajectory, points = experiments.run(EXPERIMENT_1), _points(EXPERIMENT_1)
    parts: dict[str, go.Figure | str] = {"": _em_plot(EXPERIMENT_1, trajectory)}
    for step in STAGES:
        parts[f"After {step:,} gradient steps"] = planes(points, trajectory.generated(step, len(points)))
    return Picture(parts)


def experiment_2() -> Picture:
    """Figure 3."""
    return Picture({"": _em_plot(EXPERIMENT_2, experiments.run(EXPERIMENT_2))})


def _points(experiment: Experiment) -> np.ndarray:
    return experiment.data()[1].numpy()


def _em_plot(experiment: Experiment, trajectory: Trajectory) -> go.Figure:
    return em_plot(trajectory, experiments.true_evidence(experiment.training.seed))


def originals() -> Picture:
    """Figure 4."""
    pixels = data.read().test.images[:ORIGINALS].numpy() / 255
    return Picture({"": _image(tile(pixels, 10, scale=5), f"{ORIGINALS} handwritten digits")})


def vae_curve() -> Picture:
    """Figure 5."""
    checkpoint, _ = _shipped("vae", VAE)
    return Picture({"": record(checkpoint).elbo}, checkpoint)


def vae_parameters() -> Picture:
    """Figure 6."""
    checkpoint, model = _shipped("vae", VAE)
    lambdas, _ = generated.prior(model, SEED)
    return Picture({"": _image(lambdas, f"{generated.COUNT} digits, smooth")}, checkpoint)


def vae_samples() -> Picture:
    """Figure 7."""
    checkpoint, model = _shipped("vae", VAE)
    _, samples = generated.prior(model, SEED)
    return Picture({"": _image(samples, f"{generated.COUNT} digits, noisy")}, checkpoint)


def vae_map() -> Picture:
    """Figure 8."""
    checkpoint, _ = _shipped("vae", VAE)
    labels = data.read().test.known_labels.numpy()
    points = checkpoint.maps.get("tsne")
    if points is None or points.shape != (len(labels), 2):
        path = checkpoint.path / "maps.npz"
        raise CheckpointError(f"{path} has no t-SNE map of the test images: python -m aevb map vae.")
    return Picture({"": digit_map(points, labels)}, checkpoint)


def cvae_labels() -> Picture:
    """Figure 9."""
    checkpoint, model = _shipped("cvae", CVAE)
    return Picture({"": generated.labels(model, SEED)}, checkpoint)


def gmvae_curves() -> Picture:
    """Figure 10: of the run from a plain start, as the tutorial's is."""
    checkpoint, _ = _shipped("gmvae", GMVAE)
    found = record(checkpoint)
    return Picture({"": found.plain or found.elbo}, checkpoint)


def gmvae_clusters() -> Picture:
    """Figure 11."""
    checkpoint, model = _shipped("gmvae", GMVAE)
    test = data.read().test
    shares = responsibilities(model, *test.seen_by(model).fixed())
    assert shares is not None  # a GMVAE's choice is latent
    return Picture({"": generated.clusters(model, clustering(shares, test.known_labels), SEED)}, checkpoint)


def vrnn_results() -> Picture:
    """Figure 12: the curve, and samples."""
    checkpoint, model = _shipped("vrnn", VRNN)
    samples = _image(generated.sequences(model, SEED), f"{generated.COUNT} digits sampled row by row")
    return Picture({"ELBO over the epochs": record(checkpoint).elbo, "Generated images": samples}, checkpoint)


def _shipped(name: str, kind: type[Model]) -> tuple[Checkpoint, Model]:
    checkpoint = checkpoints.load(checkpoints.ROOT / name)
    return checkpoint, checkpoint.expect(kind)


def _image(pixels: np.ndarray, alt: str) -> str:
    return image_tag(pixels / 255, alt, scale=1)


FIGURES = {
    1: Figure(
        "Synthetic data",
        "5.2.1",
        "1,000 test points drawn from factor analysis with 2 latent dimensions, seen on the three planes of "
        "their 3 observed ones.",
        synthetic,
    ),
    2: Figure(
        "Factor analysis, E and M together",
        "5.2.4, Experiment 1",
        "φ and θ climb at every gradient step. ELBO and evidence of the test points rise to the evidence of "
        "the true model, the ELBO always below; what the model generates comes to lie on the test points.",
        experiment_1,
    ),
    3: Figure(
        "Factor analysis, E and M in turn",
        "5.2.4, Experiment 2",
        "1,000 gradient steps of φ alone (shaded), then 1,000 of θ alone, twice. In an E-step the evidence "
        "stays and the gap closes; in an M-step the evidence rises and the gap opens again.",
        experiment_2,
    ),
    4: Figure(
        "Original images",
        "5.3.1",
        f"The first {ORIGINALS} images of MNIST's test set, as they are.",
        originals,
    ),
    5: Figure(
        "The VAE's learning curve",
        "5.3.3",
        "ELBO after each epoch: it climbs quickly, then levels off. The axis leaves out the lowest first "
        "epochs.",
        vae_curve,
    ),
    6: Figure(
        "What the VAE decodes",
        "5.3.3",
        "The parameters λ of 30 products of continuous Bernoullis, from 30 draws z ~ N(0, I).",
        vae_parameters,
    ),
    7: Figure(
        "What the VAE samples",
        "5.3.3",
        "One sample of each product in Figure 6: pixels are independent given z, hence the noise.",
        vae_samples,
    ),
    8: Figure(
        "The test set as the VAE's encoder sees it",
        "5.3.3",
        "t-SNE of the posterior means of all 10,000 test images, coloured by digit; each large figure stands "
        "at the median of its class. The model never saw a label.",
        vae_map,
    ),
    9: Figure(
        "Labels and styles of the conditional VAE",
        "5.4.4",
        "A row for each label, a column for each style ε ~ N(0, I), which all rows share.",
        cvae_labels,
    ),
    10: Figure(
        "How the Gaussian mixture VAE finds clusters",
        "5.5.4",
        "ELBO, conditional entropy of q(y | x) and clustering accuracy of the validation images after each "
        "epoch, from a plain start as in the tutorial: the checkpoint begins with clusters found before. "
        "Labels serve to score alone.",
        gmvae_curves,
    ),
    11: Figure(
        "What the Gaussian mixture VAE's clusters hold",
        "5.5.4",
        f"A row for each cluster, {generated.DRAWS} draws z ~ p(z | y) in it as pixel probabilities. Labels "
        "only name and order the clusters; no label was used in training.",
        gmvae_clusters,
    ),
    12: Figure(
        "The variational RNN",
        "5.6.4",
        f"Left, the ELBO after each epoch. Right, {generated.COUNT} samples drawn row by row: strokes hang "
        "together, since a row knows those above it.",
        vrnn_results,
        columns=2,
    ),
}
