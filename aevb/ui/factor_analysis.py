"""The factor analysis page's parts: each shows one thing, and what it shows is computed in the library."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from aevb import experiments
from aevb.experiments import EXPERIMENT_1, EXPERIMENT_2, Experiment, Move, Trajectory, Walk
from aevb.figures.factor_analysis import em_plot, planes
from aevb.models.factor_analysis import true_model
from aevb.training import Alternating, Diverged, TrainingConfig
from aevb.ui import jobs
from aevb.ui.components.em_scrubber import em_scrubber
from aevb.ui.components.rotation import rotation
from aevb.ui.widgets import expect_choice, expect_number, linked

SLOT, WALK_SLOT = "factor-analysis", "walk"
TOGETHER, IN_TURN = "E and M together", "E and M in turn"
VIEWS = ("Watch", "EM plot", "Classic EM", "By hand", "Rotation")
SEEDS = 10_000
MAX_STEPS = 12_000
MAX_MOVES = 20
POLL_SECONDS = 0.4
QUEUED_SECONDS = 2.0
EM_ITERATIONS = 40
ANGLE = 40  # degrees, of the rotation at first
GRADIENT_STEPS = (25, 50, 100, 200)
KINDS = ("exact", *map(str, GRADIENT_STEPS))
POINTS = 1000  # of the test set
MOVE = f"[EM](?:{'|'.join(map(str, GRADIENT_STEPS))})?"

EXACT_STEPS = {
    "": "the initial parameters",
    "E": "E-step, exact: q becomes the posterior",
    "M": "M-step, exact: θ maximises the ELBO",
    "shaded": "shaded: E-step, plain: M-step",
    "estimate": "",
}
BY_HAND = {
    "": "the initial parameters",
    "E": "E-step: in φ, the evidence stays",
    "M": "M-step: in θ, q stays",
    "shaded": "shaded: E-step, plain: M-step",
    "estimate": "",
}
REMARKS = {
    1: "With L = 1 only the sign of W is free.",
    2: "Three observed dimensions have 6 second moments, and this model, but for the rotation, 8 parameters: "
    "so σ is not determined either, and equally good fits differ in it.",
    3: "The rotation turns the first two of the three factors. With L = 3, σ is not determined either.",
}


# Settings


def settings() -> Experiment | None:
    """The widgets that determine a run; None, and a sentence, where it would be too long."""
    for name, least, most in (("step", 0, MAX_STEPS), ("point", 1, POINTS), ("angle", -180, 180)):
        expect_number(name, least, most)  # the scrubber's and the rotation's, which are no widgets
    expect_choice("view", VIEWS)
    expect_choice("by", KINDS)
    one, two = EXPERIMENT_1.training, EXPERIMENT_2.training
    assert isinstance(two.schedule, Alternating)
    expect_choice("experiment", (TOGETHER, IN_TURN))
    which = st.segmented_control(
        "Experiment",
        [TOGETHER, IN_TURN],  # as they stand in the URL, which takes what is shown
        default=TOGETHER,
        required=True,
        key="experiment",
        bind="query-params",
        label_visibility="collapsed",
    )
    with st.popover("Settings", icon=":material/tune:"):
        if which == TOGETHER:
            steps = _whole("Gradient steps", "steps", 10, 10_000, one.steps, 100)
            schedule = one.schedule
        else:
            e_steps = _whole("Gradient steps of an E-step (φ)", "e", 1, 3000, two.schedule.e_steps, 50)
            m_steps = _whole("Gradient steps of an M-step (θ)", "m", 1, 3000, two.schedule.m_steps, 50)
            rounds = _whole("Rounds", "rounds", 1, 50, 2, 1)
            steps, schedule = rounds * (e_steps + m_steps), Alternating(e_steps, m_steps)
        learning_rate = _one_of(
            "Learning rate of Adam", "lr", (0.001, 0.003, 0.01, 0.03, 0.1), one.learning_rate
        )
        batch_size = _one_of("Batch size", "batch", (8, 16, 32, 64, 128, 256, 1000), one.batch_size)
        expect_choice("L", ("1", "2", "3"))
        latent_dim = st.segmented_control(
            "Latent dimensions L (the data have 2)",
            [1, 2, 3],
            default=2,
            required=True,
            key="L",
            bind="query-params",
        )
        seed = _whole("Seed of the data, the start and the batches", "seed", 0, SEEDS - 1, one.seed, 1)
    if steps > MAX_STEPS:
        st.warning(
            f"{steps:,} gradient steps are too many: keep rounds × (E + M) at {MAX_STEPS:,} or below.",
            icon=":material/straighten:",
        )
        return None
    training = TrainingConfig(
        steps=steps,
        batch_size=int(batch_size),
        learning_rate=learning_rate,
        schedule=schedule,
        seed=seed,
    )
    return Experiment(training, latent_dim or 2)


def _one_of(label: str, key: str, options: Sequence[float], default: float) -> float:
    expect_choice(key, [str(option) for option in options])
    return st.select_slider(label, options, default, key=key, bind="query-params")


def _whole(label: str, key: str, least: int, most: int, default: int, step: int) -> int:
    expect_number(key, least, most)
    value = st.number_input(label, least, most, default, step, key=key, bind="query-params")
    return int(value)


# Training


@dataclass(frozen=True)
class Run:
    """What is known of an experiment's run at this moment."""

    experiment: Experiment
    trajectory: Trajectory
    job: jobs.Job | None = None
    status: jobs.Status | None = None  # the job's at this moment, while the job itself goes on
    note: str = ""

    @property
    def live(self) -> bool:
        return self.status in ("queued", "running")

    @property
    def queued(self) -> bool:
        return self.status == "queued"

    @property
    def name(self) -> str:
        return repr(self.experiment)

    @property
    def points(self) -> np.ndarray:
        return self.experiment.data()[1].numpy()

    @property
    def true_evidence(self) -> float:
        return experiments.true_evidence(self.experiment.training.seed)


def current(experiment: Experiment) -> Run:
    """The visitor's run of an experiment, begun unless it has been or the visitor has stopped it."""
    stopped = st.session_state.get("fa_stopped")
    if stopped and stopped[0] == experiment:
        return Run(experiment, _so_far(experiment, stopped[1]), note="Stopped.")
    st.session_state.pop("fa_stopped", None)
    job = jobs.following(SLOT)
    if job is None or job.arguments != (experiment,):
        try:
            job = jobs.follow(SLOT, experiments.run, experiment)
        except jobs.Busy as busy:
            return Run(experiment, _so_far(experiment, []), note=str(busy))
    status = job.status  # first: once it is done, nothing is added to its results
    return Run(experiment, _joined(experiment, job), job, status, job.error)


def _joined(experiment: Experiment, job: jobs.Job) -> Trajectory:
    """What a job has given so far, put together anew only where it has given more."""
    count = len(job.results)
    known = st.session_state.get("fa_joined")
    if known is None or known[0] is not job or known[1] != count:
        known = job, count, _so_far(experiment, job.results[:count])
        st.session_state["fa_joined"] = known
    return known[2]


def _so_far(experiment: Experiment, pieces: list[Trajectory]) -> Trajectory:
    return Trajectory.join(pieces) if pieces else experiments.start(experiment)


def buttons(run: Run) -> None:
    """Stop while it runs; train again where it was stopped or failed; another seed where it is done."""
    if run.live:
        st.button("Stop", icon=":material/stop:", key="fa_stop", on_click=_stop, args=(run,))
    elif run.status != "done":
        st.button("Train", icon=":material/play_arrow:", key="fa_train", type="primary", on_click=_restart)
    else:
        st.button("Another seed", icon=":material/casino:", key="fa_again", on_click=_reseed)


def _stop(run: Run) -> None:
    if run.job:
        st.session_state["fa_stopped"] = (run.experiment, list(run.job.results))
    jobs.leave(SLOT)


def _restart() -> None:
    st.session_state.pop("fa_stopped", None)
    jobs.leave(SLOT)


def _reseed() -> None:
    st.session_state["seed"] = (st.session_state["seed"] + 1) % SEEDS


def progress(run: Run) -> None:
    """How far it is, polled while it runs; the page reruns once when it has ended."""
    every = None
    if run.live:
        every = QUEUED_SECONDS if run.queued else POLL_SECONDS
    st.fragment(_progress, run_every=every)(run.experiment, run.live, run.queued)


def _progress(experiment: Experiment, was_live: bool, was_queued: bool) -> None:
    run = current(experiment)
    if was_live and (not run.live or run.queued != was_queued):
        st.rerun()
    done, steps = int(run.trajectory.position[-1]), experiment.training.steps
    if run.job and run.queued:
        text = _waiting(run.job)
    elif run.live:
        text = f"Training: step {done:,} of {steps:,}"
    elif run.note:
        text = f"{run.note} {done:,} of {steps:,} steps."
    else:
        text = f"{steps:,} steps done"
    st.progress(min(1.0, done / steps), text)


def _waiting(job: jobs.Job) -> str:
    ahead = jobs.ahead(job)
    return f"Waiting for a free processor: {ahead} before you." if ahead else "Next in line …"


# The scrubber


def watch(run: Run) -> None:
    """The scrubber over the run, growing while it trains.

    Nothing grows while it is queued: `progress` then reruns the page once it has begun.
    """
    every = POLL_SECONDS if run.live and not run.queued else None
    st.fragment(_watch, run_every=every)(run.experiment)
    st.caption(
        "Drag in the curves, or the slider below them (arrow keys, Page Up and Down, Home and End work too). "
        "Click a point in a plane to see its posterior. "
        f"{_em_axis(run.experiment)}"
    )


def _watch(experiment: Experiment) -> None:
    run = current(experiment)
    start, point = _opening(run)
    stride = experiment.steps_per_pass
    em = classic_em(experiment, _em_iterations(run))
    em_scrubber(
        run.trajectory,
        key="fa_scrubber",
        run=run.name,
        points=run.points,
        true_evidence=run.true_evidence,
        unit="step",
        length=experiment.training.steps,
        live=run.live,
        em=np.stack([em.position * stride, em.evidence], axis=1),
        start=start,
        point=point,
        on_step=_remember,
        on_point=_remember,
    )


def _remember() -> None:
    """What the visitor chose in the scrubber goes into the URL."""
    state = st.session_state["fa_scrubber"]
    for name in ("step", "point"):
        if state.get(name) is not None:
            st.query_params[name] = str(round(state[name]))


def _opening(run: Run) -> tuple[float | None, int]:
    """The step and the point at which a run's scrubber opens: the link's.

    Read once for each run, since the scrubber's data must not change with what it reports.
    """
    known = st.session_state.get("fa_opening")
    if known is None or known[0] != run.name:
        if known is not None:  # other settings: their last step, not the old run's
            st.query_params.pop("step", None)
        known = run.name, linked("step", run.experiment.training.steps), linked("point", len(run.points)) or 1
        st.session_state["fa_opening"] = known
    return known[1], known[2]


def forget_opening() -> None:
    """For when the scrubber is out of sight: it is to open again where the URL says."""
    st.session_state.pop("fa_opening", None)


# Beside it


def zoomable(run: Run) -> None:
    """Figures 2 and 3, and the planes of Figure 1 at the chosen step, to zoom into."""
    chosen = _chosen(run)
    step = int(run.trajectory.position[chosen])
    figure = em_plot(
        run.trajectory,
        run.true_evidence,
        em=classic_em(run.experiment, _em_iterations(run)),
        em_stride=run.experiment.steps_per_pass,
        cursor=step,
    )
    st.plotly_chart(figure, key="fa_plot", config={"displaylogo": False})
    st.caption(
        f"Drag to zoom, double-click to zoom out, click the legend to hide. {_em_axis(run.experiment)}"
    )
    generated = experiments.generated(run.trajectory, chosen, len(run.points))
    st.plotly_chart(planes(run.points, generated), key="fa_planes", config={"displaylogo": False})
    st.caption(f"Test points, and as many points generated by the model at step {step:,}.")


def _chosen(run: Run) -> int:
    """The index of the state at the step in the URL, or of the last."""
    step = linked("step", run.experiment.training.steps)
    last = len(run.trajectory) - 1
    return last if step is None else min(last, int(np.searchsorted(run.trajectory.position, step)))


@st.cache_data(max_entries=64, show_spinner=False)
def classic_em(experiment: Experiment, iterations: int) -> Trajectory:
    """Classic EM from the same initial parameters."""
    return experiments.classic_em(experiment, iterations)


def _em_iterations(run: Run) -> int:
    return min(200, max(1, run.experiment.training.steps // run.experiment.steps_per_pass))


def _em_axis(experiment: Experiment) -> str:
    stride = experiment.steps_per_pass
    return (
        f"Classic EM starts from the same parameters; one of its iterations reads the training data once, as "
        f"{stride} gradient step{'s' * (stride > 1)} do, so iteration $k$ stands at step {stride} $k$."
    )


def em_beside(run: Run) -> None:
    """Classic EM's iterations in the same scrubber, and where each way of fitting ended."""
    em = classic_em(run.experiment, EM_ITERATIONS)
    em_scrubber(
        em,
        key="fa_em",
        run=f"EM {run.name}",
        points=run.points,
        true_evidence=run.true_evidence,
        unit="iteration",
        length=EM_ITERATIONS,
        words=EXACT_STEPS,
        start=0,
        point=linked("point", len(run.points)) or 1,
    )
    rows = [
        _row(f"AEVB, {int(run.trajectory.position[-1]):,} gradient steps", run.trajectory),
        _row(f"classic EM, {EM_ITERATIONS} iterations", em),
    ]
    true = true_model()
    rows.append(
        {
            "fitted by": "(the true model)",
            "evidence": _numbers([run.true_evidence]),
            "gap": "0.000",
            "σ": _numbers(true.p_x_given_z.sigma.numpy()),
        }
    )
    st.table(rows)
    st.caption(
        "Evidence and gap in nats per test point. Classic EM needs both of its steps in closed form, which "
        "few models have; AEVB needs only gradients of a one-sample estimate, and comes as high in time. "
        f"{REMARKS[run.trajectory.latent_dim]}"
    )


def _row(name: str, trajectory: Trajectory) -> dict[str, str]:
    return {
        "fitted by": name,
        "evidence": _numbers(trajectory.evidence[-1:]),
        "gap": _numbers(trajectory.gap[-1:]),
        "σ": _numbers(trajectory.sigma[-1]),
    }


def _numbers(values: Sequence[float] | np.ndarray) -> str:
    return ", ".join(f"{value:.3f}" for value in values).replace("-", "−")


# By hand


def by_hand(experiment: Experiment) -> None:
    """One E-step or M-step at a time, exact or by gradient steps."""
    moves = _linked_moves()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control(
            "Each step is exact, or so many gradient steps",
            KINDS,
            default="exact",
            required=True,
            key="by",
            bind="query-params",
        )
        steps = 0 if kind == "exact" else int(kind or 0)
        full = len(moves) >= MAX_MOVES
        for phase in ("E", "M"):
            st.button(
                f"One {phase}-step",
                key=f"fa_one_{phase}",
                type="primary",
                disabled=full,
                on_click=_write_moves,
                args=((*moves, Move(phase, steps)),),
            )
        st.button(
            "Undo",
            key="fa_undo",
            icon=":material/undo:",
            disabled=not moves,
            on_click=_write_moves,
            args=(moves[:-1],),
        )
        st.button("Restart", key="fa_restart", icon=":material/replay:", on_click=_write_moves, args=((),))
    if full:
        st.info(f"{MAX_MOVES} steps are as far as a walk goes: restart, or undo the last.")
    walk = _walked(experiment, moves)
    test_x = experiment.data()[1].numpy()
    em_scrubber(
        walk.trajectory,
        key="fa_walk",
        run=repr(walk),
        points=test_x,
        true_evidence=experiments.true_evidence(experiment.training.seed),
        unit="move",
        length=max(4, len(walk.moves)),
        words=BY_HAND,
        point=linked("point", len(test_x)) or 1,
    )
    st.markdown(_account(walk.trajectory, walk.moves))


def _linked_moves() -> tuple[Move, ...]:
    """The walk in the URL, such as E-M-E100-M100; none where it is anything else."""
    text = st.query_params.get("walk", "")
    if not re.fullmatch(f"{MOVE}(?:-{MOVE})*", text):
        return ()
    moves = [Move("E" if name[0] == "E" else "M", int(name[1:] or 0)) for name in text.split("-")]
    return tuple(moves[:MAX_MOVES])


def _write_moves(moves: tuple[Move, ...]) -> None:
    if moves:
        st.query_params["walk"] = "-".join(f"{move.phase}{move.steps or ''}" for move in moves)
    else:
        st.query_params.pop("walk", None)


def _walked(experiment: Experiment, moves: tuple[Move, ...]) -> Walk:
    """The walk as far as it is known, with its progress or what is in its way where that is not the end.

    Exact moves are taken at once; gradient steps are a worker's, from where the walk parts from the last.
    """
    last = st.session_state.get("fa_walked")
    if last is None or last.experiment != experiment:
        last = Walk.begin(experiment)
    known = last.shared(moves)
    further = moves[len(known.moves) :]
    try:
        if any(move.steps for move in further):
            job = jobs.following(WALK_SLOT)
            if job is None or job.arguments != (known, further):
                job = jobs.follow(WALK_SLOT, experiments.walk, known, further)
            if job.status == "failed":
                st.warning(f"{job.error} You can also undo the last step.")
                st.button("Try again", key="fa_walk_again", on_click=jobs.leave, args=(WALK_SLOT,))
                return known
            if job.status != "done":
                every = POLL_SECONDS if job.status == "running" else QUEUED_SECONDS
                st.fragment(_walking, run_every=every)(job.status, len(known.moves), len(moves))
                return known
            pieces = job.results
        else:
            pieces = list(experiments.walk(known, further))
    except (Diverged, jobs.Busy) as error:
        st.warning(str(error))
        return known
    jobs.leave(WALK_SLOT)
    st.session_state["fa_walked"] = known.extended(further, pieces)
    return st.session_state["fa_walked"]


def _walking(status: jobs.Status, before: int, total: int) -> None:
    job = jobs.following(WALK_SLOT)
    if job is None or job.status != status:
        st.rerun()
    reached = before + len(job.results)
    text = _waiting(job) if status == "queued" else f"Walking: move {min(total, reached + 1)} of {total}"
    st.progress(reached / total, text)


def _account(walk: Trajectory, moves: tuple[Move, ...]) -> str:
    """What each move did to the evidence, the ELBO and the gap, in words; the latest first."""
    if not moves:
        return (
            "Nothing has been done yet. Take an E-step: $q$ moves to the posterior, the gap closes and the "
            "evidence stays. Then an M-step: the model improves, and its posterior moves away from $q$."
        )
    states = walk[np.searchsorted(walk.position, np.arange(len(moves) + 1))]
    lines = []
    for i, move in enumerate(moves):
        name = f"**{i + 1}. {'Exact' if not move.steps else 'Approximate'} {move.phase}-step"
        name += f", {move.steps} gradient steps**" if move.steps else "**"
        elbo, evidence = (np.diff(curve)[i] for curve in (states.elbo, states.evidence))
        before, after = states.gap[i], states.gap[i + 1]
        what = f"the ELBO {_change(elbo)}, the evidence {_change(evidence)}"
        if abs(after - before) < 5e-4:
            gap = f"so the gap stayed at {after:.3f}"
        else:
            gap = f"so the gap {'closed' if after < before else 'opened'} from {before:.3f} to {after:.3f}"
        lines.append(f"{name}: {what}, {gap}.")
    return "\n\n".join(reversed(lines))


def _change(difference: float) -> str:
    if abs(difference) < 5e-4:
        return "stayed"
    return f"{'rose' if difference > 0 else 'fell'} by {abs(difference):.3f}"


# Identifiability


def identifiability(run: Run) -> None:
    """W R for any rotation R: other loadings, the same model."""
    chosen, angle = _chosen(run), linked("angle", 180, -180)
    st.markdown(
        r"$\mathbf{W}$ enters the evidence only through $\mathbf{W}\mathbf{W}^\top + \boldsymbol\Phi$, and "
        r"$(\mathbf{W}\mathbf{R})(\mathbf{W}\mathbf{R})^\top = \mathbf{W}\mathbf{W}^\top$ for every rotation "
        r"$\mathbf{R}$: it turns $\mathbf{z}$, whose prior looks the same from every side. No amount of data "
        r"tells $\mathbf{W}$ from $\mathbf{W}\mathbf{R}$, and a run from another seed ends with another "
        r"$\mathbf{W}$ that is as good (section 5.2.4)."
    )
    rotation(
        run.trajectory[[chosen]],
        key="fa_rotation",
        run=f"{run.name} {chosen}",
        points=run.points,
        angle=ANGLE if angle is None else angle,
        on_angle=_remember_angle,
    )
    st.caption(
        f"The model at step {int(run.trajectory.position[chosen]):,}. {REMARKS[run.trajectory.latent_dim]}"
    )


def _remember_angle() -> None:
    st.query_params["angle"] = str(round(st.session_state["fa_rotation"]["angle"]))
