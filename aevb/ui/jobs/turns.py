"""What a worker does with a run's folder in one turn: go on from its state, train a little, leave its state.

    specification.json   what was asked for, checked and whole (`aevb.ui.train.specification`)
    about.json           what the first turn found: shape, classes, labels
    state.safetensors    everything that the next step depends on: tensors, and JSON in the file's header
    points.jsonl         what was recorded, a line for each point, as it happens
    frames/0000.bin      what the model reconstructs and draws, at some of the points
    images.bin           the images, or vectors, that it reconstructs there
    checkpoint/          in the end: the model, as `aevb.load` reads it
    checkpoint.zip       the same to be downloaded, once somebody has asked for it
    interrupt            is there while the turn should end after its present step

Nothing else remains from one turn to the next, so that any worker can take any run's.
"""

import json
import math
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor

from aevb import checkpoints, devices
from aevb.data import Examples, Images
from aevb.distributions import rsample
from aevb.evaluation import evaluate, posterior_means, responsibilities
from aevb.explore import measures
from aevb.explore.clusters import clustering
from aevb.models import REGISTRY, LatentVariableModel
from aevb.models.arguments import from_data
from aevb.runs import divided, epoch_steps, facts_of, read_state, write_state
from aevb.stored.files import whole
from aevb.training import Phase, Progress, Run, TrainingConfig, read_schedule
from aevb.ui.jobs import limits, sources, uploads

SPECIFICATION, ABOUT, STATE, POINTS = "specification.json", "about.json", "state.safetensors", "points.jsonl"
IMAGES, FRAMES, CHECKPOINT, INTERRUPT = "images.bin", "frames", "checkpoint", "interrupt"
PACKED = "checkpoint.zip"

SHOWN = 16
"""Images that are reconstructed in every frame, and as many that are drawn; of vectors `MEASURED`."""

MEASURED, MEASURED_IN_ROWS = 500, 100
"""Validation images that are measured at every frame: a model of rows takes some ten times as long."""

BOUND_SAMPLES = 16
BOUND_SHARE = 8
"""The bound of K = 16 is estimated on an eighth of images, since it costs K times as much; on all vectors."""

DRAW_SEED = 20_220_809

FILMING = 0.25
"""Of the time that is spent on gradient steps, what frames may take beside it."""

TRIAL_SECONDS, TRIAL_STEPS, TRIAL_SHARE = 0.3, 30, 10
"""How long an estimate looks at steps, and at how many; where the first takes longer it is the only one, and
a frame is measured on a tenth of the images: others wait for the same process."""


@dataclass(frozen=True)
class Outcome:
    """How a turn went, in plain JSON.

    Attributes:
        step: how many steps the run has taken; 0 where a problem kept it from the first.
        taken: of them in this turn.
        seconds: that the turn took, all in all.
        trained: seconds that the run's steps have taken so far.
        done: whether the last step is taken, and the checkpoint written.
        left: steps by hand that the turn had no time for.
        problem: a sentence, where the run has failed.
    """

    step: int = 0
    taken: int = 0
    seconds: float = 0.0
    trained: float = 0.0
    done: bool = False
    left: int = 0
    problem: str = ""


def take_turn(
    folder: Path,
    *,
    seconds: float,
    values: Mapping[str, Any] | None = None,
    phase: Phase | None = None,
    count: int = 0,
    finish: bool = False,
) -> Outcome:
    """Goes on with the run in a folder for so many seconds by the clock, and one step at least.

    Args:
        values: what is changed before: learning_rate, beta, schedule.
        phase: what steps by hand move; None: what the schedule says.
        count: of them, after which the turn ends; 0: the run goes on by itself.
        finish: whether it ends here, with a checkpoint of what it has learnt.
    Raises:
        Diverged, DataError, ValueError: in a sentence. The state is then that of before the turn.
    """
    start = time.monotonic()
    specification = read_json(folder / SPECIFICATION)
    run, seen = _begin(specification)
    filming = 0.0
    if (folder / STATE).exists():
        tensors, facts = read_state(folder / STATE)
        filming = facts.pop("filming")
        run.restore(tensors, facts)
    else:
        _write_about(folder, run.model, seen)
    for name, value in (values or {}).items():
        setattr(run.handle, name, read_schedule(value) if name == "schedule" else value)
    recorder, first, left = Recorder(folder, run, seen, filming), run.step, count
    while not finish and not run.finished:
        progress = run.advance(phase)
        left -= 1
        recorder.take(progress, asked=left == 0)
        if left == 0 or (folder / INTERRUPT).exists() or time.monotonic() - start > seconds:
            break
    done = finish or run.finished
    if done:
        _finish(folder, run, seen, specification)
        (folder / STATE).unlink(missing_ok=True)
    else:
        tensors, facts = run.state()
        write_state(folder / STATE, tensors, facts | {"filming": recorder.filming})
    return Outcome(
        step=run.step,
        taken=run.step - first,
        seconds=time.monotonic() - start,
        trained=run.seconds,
        done=done,
        left=max(0, left),
    )


def trial(specification: Mapping[str, Any]) -> dict[str, float]:
    """What a run of this specification takes here, from a few steps that nobody sees.

    Returns:
        "step" and "frame" in seconds, and the model's "parameters".
    Raises:
        Diverged, DataError, ValueError: as `take_turn`.
    """
    run, seen = _begin(specification)
    first = _timed(run.advance)  # it makes Adam's moments
    times, share = [first], TRIAL_SHARE
    if first < TRIAL_SECONDS:
        times, share = [_timed(run.advance)], 1
        while not run.finished and len(times) < TRIAL_STEPS and sum(times) < TRIAL_SECONDS:
            times.append(_timed(run.advance))
    some = max(1, len(seen.validation[0]) // share)
    labels = None if seen.labels is None else seen.labels[:some]
    seen = replace(seen, validation=tuple(part[:some] for part in seen.validation), labels=labels)
    return {
        "step": statistics.median(times),
        "frame": share * _timed(lambda: (measure(run.model, seen), frame(run.model, seen))),
        "parameters": sum(p.numel() for p in run.model.parameters()),
    }


def _timed(work: Callable[[], object]) -> float:
    """How many seconds it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


# What a run is made of


@dataclass(frozen=True)
class Seen:
    """A data set as one kind of model sees it.

    Attributes:
        train: what is trained on.
        validation: those validation images that are measured, under fixed noise, as the model observes them.
        labels: theirs, if there are any.
        shown: those that are reconstructed in every frame: the first `SHOWN` as grey levels, (16, H, W); of
            vectors all, (N, D), for a cloud of few says little.
        images: the whole data set.
    """

    train: Examples
    validation: tuple[Tensor, ...]
    labels: Tensor | None
    shown: Tensor
    images: Images


def configuration(specification: Mapping[str, Any]) -> TrainingConfig:
    """How a run of this specification trains.

    In float32 on all machines, so that a run is the same wherever it goes on.

    Raises:
        ValueError: for settings that are none.
    """
    return TrainingConfig.from_json(
        {**specification["training"], "seed": specification["seed"], "precision": "float32"}
    )


def model_arguments(specification: Mapping[str, Any]) -> dict[str, Any]:
    """What the model is built from: what was asked for, and what the data decide."""
    source = sources.find(specification["data"])
    decided = from_data(REGISTRY[specification["model"]], source.shape, source.classes)
    return {**specification["arguments"], **decided}


def build(specification: Mapping[str, Any]) -> LatentVariableModel:
    """The model as it starts: its weights follow from the seed."""
    with devices.drawing_from(Generator().manual_seed(specification["seed"])):
        return REGISTRY[specification["model"]](**model_arguments(specification))


def _begin(specification: Mapping[str, Any]) -> tuple[Run, Seen]:
    model = build(specification)
    seen = see(specification["data"], model)
    return Run(model, seen.train, configuration(specification)), seen


def see(source: str, model: LatentVariableModel) -> Seen:
    """A data set as a model sees it. Kept, since reading and checking it takes longer than many a turn."""
    key = (source, model.observation, model.support, model.length, model.conditional)
    if key not in _SEEN:
        images = _vectors(source) if model.observation == "vector" else _images(source)
        train, validation = divided(images.train)
        many = MEASURED if model.length == 1 else MEASURED_IN_ROWS
        held, seen = validation[:many], divided(_images(source).train)[1].images[:many]
        while len(_SEEN) >= KEPT:
            del _SEEN[next(iter(_SEEN))]
        _SEEN[key] = Seen(
            train=train.seen_by(model),
            validation=held.seen_by(model).fixed(),
            labels=held.labels,
            shown=seen if seen.ndim == 2 else seen[:SHOWN],
            images=images,
        )
    return _SEEN[key]


KEPT = 6
"""Data sets that a worker keeps in memory; what visitors have brought would fill it else."""

_SEEN: dict[tuple[Any, ...], Seen] = {}


@lru_cache(KEPT)
def _images(source: str) -> Images:
    return sources.find(source).read()


@lru_cache(2)
def _vectors(source: str) -> Images:
    """The images dequantised once, for models of vectors: 0.2 GB of MNIST."""
    images = _images(source)
    return images.for_model(REGISTRY["fa"](data_dim=math.prod(images.shape)))


# What is recorded


class Recorder:
    """Writes points and frames of a run into its folder.

    A run of N steps has its k-th of n points, or frames, after a share (k / n)² of them, or as soon after
    that as it can: a curve bends most where it begins.

    Attributes:
        filming: seconds that frames have taken; they wait while that is more than `FILMING` allows.
    """

    def __init__(self, folder: Path, run: Run, seen: Seen, filming: float):
        self.folder, self.run, self.seen, self.filming = folder, run, seen, filming
        (folder / FRAMES).mkdir(exist_ok=True)
        self.frames = len(list((folder / FRAMES).glob("*.bin")))
        path = folder / POINTS
        self.points = path.read_bytes().count(b"\n") if path.exists() else 0

    def take(self, progress: Progress, *, asked: bool = False) -> None:
        """Records a step if it is due, the last one, the first after a change, or asked for."""
        share = math.sqrt(progress.step / progress.steps)
        last = progress.step == progress.steps
        changed = [change for change in self.run.changes if change["step"] == progress.step]
        asked = asked and self.points < limits.MAX_POINTS and self.frames < limits.MAX_FRAMES
        film = self.frames < limits.FRAMES * share and self.filming <= FILMING * progress.seconds
        film = film or last or asked
        if not (film or changed or self.points < limits.POINTS * share):
            return
        point: dict[str, Any] = {
            "step": progress.step,
            "phase": progress.phase,
            "seconds": round(progress.seconds, 2),
            "elbo": progress.elbo,
            "terms": progress.terms,
            "validation": None,
            "gradient": progress.gradient,
            "scores": {},
            "rate": progress.rate,
            "beta": progress.beta,
            "mark": _mark(changed[-1]) if changed else None,
            "frame": None,
        }
        if film:
            start = time.perf_counter()
            with self.run.averaged() as model:
                point["validation"], point["scores"] = measure(model, self.seen)
                _write(self.folder / FRAMES / f"{self.frames:04}.bin", frame(model, self.seen))
            point["frame"] = self.frames
            self.frames += 1
            self.filming += time.perf_counter() - start
        with (self.folder / POINTS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(_rounded(point)) + "\n")
        self.points += 1


def measure(model: LatentVariableModel, seen: Seen) -> tuple[dict[str, Any], dict[str, Any]]:
    """The validation ELBO, its terms and what is above it, in nats; and the scores of the clusters.

    "gap" is what log p(x) has above the ELBO, where the model gives it; else what an importance bound of
    K = 16 has, on some of the images. "bound" is the ELBO and the gap: images differ less in that than in
    their bounds.
    """
    measured = evaluate(model, *seen.validation)
    exact = getattr(model, "evidence", None)
    if exact:
        gap = exact(*seen.validation).mean().item() - measured.elbo
    else:
        share = 1 if seen.shown.ndim == 2 else BOUND_SHARE
        some = tuple(part[: max(1, len(part) // share)] for part in seen.validation)
        bounded = evaluate(model, *some, bounds=BOUND_SAMPLES)
        gap = bounded.bound[BOUND_SAMPLES] - bounded.elbo
    validation = {
        "elbo": measured.elbo,
        "terms": measured.terms,
        "gap": gap,
        "bound": measured.elbo + gap,
    }
    shares = responsibilities(model, seen.validation[0])
    if shares is None:
        return validation, {}
    sizes = torch.bincount(shares.argmax(1), minlength=shares.shape[1])
    scores: dict[str, Any] = {"sizes": sizes.tolist()}
    if seen.labels is not None:
        found = clustering(shares, seen.labels)
        scores |= {"accuracy": found.accuracy, "conditional_entropy": found.conditional_entropy}
    return validation, scores


@torch.no_grad()
def frame(model: LatentVariableModel, seen: Seen) -> bytes:
    """Reconstructions of what is shown and then as many draws, packed; of a z in the plane also its means.

    These are of the measured validation images: x and y of each as float16.
    """
    count, vectors = len(seen.shown), seen.shown.ndim == 2
    observed = tuple(part[:count] for part in seen.validation)
    content = b"".join(
        _packed(values, vectors)
        for values in (model.reconstructed(*observed), _draws(model, count, noisy=vectors))
    )
    if has_map(model):
        content += _packed(posterior_means(model, *seen.validation), vectors=True)
    return content


def has_map(model: LatentVariableModel) -> bool:
    """Whether a frame tells where in the plane the images lie."""
    return model.latent_dim == 2 and model.length == 1


def _draws(model: LatentVariableModel, count: int, *, noisy: bool) -> Tensor:
    """What so many z from the prior decode to, the same noise each time; choices take their turns.

    Noisy draws are of x itself, as a cloud of data is.
    """
    generator = Generator().manual_seed(DRAW_SEED)
    y = torch.arange(count) % model.choices if model.choices else None
    try:
        prior = model.prior(y)
    except NotImplementedError:  # each z depends on the rows before it
        noisy = True
    if noisy:
        return model.ancestral_sample(count, y, generator=generator)
    z = rsample(prior, () if prior.batch_shape else (count,), generator)
    return model.decoded(z, y)


def _packed(values: Tensor, vectors: bool) -> bytes:
    """Images as a byte for each pixel; vectors as little-endian float16."""
    if vectors:
        return values.numpy().astype("<f2").tobytes()
    return values.clamp(0, 1).mul(255).round().to(torch.uint8).numpy().tobytes()


def _mark(change: Mapping[str, Any]) -> str:
    """A change in mid-run in words, for the curve."""
    words = {"learning_rate": "learning rate {:g}", "beta": "β {:g}"}
    told = [words[name].format(value) for name, value in change.items() if name in words]
    match change.get("schedule"):
        case [e_steps, m_steps]:
            told.append(f"E {e_steps}, M {m_steps}")
        case "AEVB":
            told.append("AEVB")
    return ", ".join(told)


def _rounded(value: Any) -> Any:
    """Plain JSON of six digits; numbers that are not finite, which JSON does not know, are null."""
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value


def _write_about(folder: Path, model: LatentVariableModel, seen: Seen) -> None:
    vectors = seen.shown.ndim == 2
    _write(folder / IMAGES, _packed(seen.shown, True) if vectors else seen.shown.numpy().tobytes())
    about = {
        "shape": list(seen.shown.shape[1:]),
        "shown": len(seen.shown),
        "rows": model.length > 1,
        "choices": model.choices,
        "classes": list(seen.images.classes),
        "labels": [] if seen.labels is None else seen.labels.tolist(),
        "map": len(seen.validation[0]) if has_map(model) else 0,
        "parameters": sum(p.numel() for p in model.parameters()),
        "note": seen.images.note,
    }
    _write(folder / ABOUT, json.dumps(about).encode())


def _finish(folder: Path, run: Run, seen: Seen, specification: Mapping[str, Any]) -> None:
    """Leaves a checkpoint, measured on test images, which nothing else has looked at."""
    images = seen.images
    with run.averaged() as model:
        many, guessed = measures.affordable(model)
        few = images.test[images.test.spread(many)]
        test = evaluate(model, *few.seen_by(model).fixed())
        training = {
            **facts_of(run, images),
            "source": uploads.public(images.name),
            "command": "the page Train",
            "specification": {**specification, "data": uploads.public(specification["data"])},
            "changes": run.changes,
            "seconds": round(run.seconds, 1),
            "chosen": f"the last of {run.step} steps",
            "epoch": _epoch(run, run.step),
            "curve": _curve(folder, run),
            "test": {"elbo": test.elbo, "terms": test.terms, "images": test.examples},
        }
        checkpoints.save(model, folder / CHECKPOINT, training, overwrite=True)
        with suppress(NotImplementedError):  # of a factor analysis, which no page of scenes asks for more
            found = measures.measure(model, images.test, seen=many, guessed=guessed)
            measures.save(found, folder / CHECKPOINT)


def _curve(folder: Path, run: Run) -> list[dict[str, Any]]:
    """The last measured point of each epoch, as `aevb.explore.record` reads them."""
    path, curve = folder / POINTS, dict[int, dict[str, Any]]()
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        point = json.loads(line)
        if point["validation"]:
            epoch = _epoch(run, point["step"])
            curve[epoch] = {
                "epoch": epoch,
                "train_elbo": point["elbo"],
                "validation_elbo": point["validation"]["elbo"],
                "validation_terms": point["validation"]["terms"],
                "scores": {name: value for name, value in point["scores"].items() if name != "sizes"},
            }
    return list(curve.values())


def _epoch(run: Run, step: int) -> int:
    """In which pass over the data a step is, from 1."""
    return math.ceil(step / epoch_steps(len(run.examples), run.config.batch_size))


# Files


def read_json(path: Path) -> dict[str, Any]:
    """A file's JSON object, which this server has written."""
    return json.loads(path.read_text(encoding="utf-8"))


def _write(path: Path, content: bytes) -> None:
    with whole(path) as unfinished:
        unfinished.write_bytes(content)
