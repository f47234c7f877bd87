"""Factor analysis's views in Python.

Runs by gradient steps have the library's batches and noise, not the browser's: the same experiment, drawn
again. What is in closed form is the same to the last digit.
"""

import math

import numpy as np
import plotly.graph_objects as go
import torch
from torch.distributions import MultivariateNormal, kl_divergence

from aevb import experiments
from aevb.data import Examples
from aevb.explore.noise import Noise
from aevb.figures.factor_analysis import em_plot
from aevb.models.factor_analysis import true_model
from aevb.training import Alternating, Simultaneous, TrainingConfig, train


def watch(
    experiment: str = "together",
    lr: float = 0.01,
    batch: str = "32",
    L: str = "2",
    steps: int = 1000,
    e: int = 1000,
    m: int = 1000,
    rounds: int = 2,
    seed: int = 14,
    step: int | None = None,
    family: str = "",
) -> go.Figure:
    """Evidence, ELBO and gap over the gradient steps."""
    in_turn = experiment == "turn"
    config = TrainingConfig(
        steps=min(rounds * (e + m), 12_000) if in_turn else steps,
        batch_size=int(batch),
        learning_rate=lr,
        schedule=Alternating(e, m) if in_turn else Simultaneous(),
        seed=seed,
    )
    q = experiments.FAMILIES[family or "full"]
    run = experiments.run(experiments.Experiment(config, int(L), *q))  # with other noise than the browser's
    at = len(run) - 1 if step is None else step
    print(
        f"step {at}: evidence {run.evidence[at]:.3f} = ELBO {run.elbo[at]:.3f} + gap {run.gap[at]:.3f} nats"
    )
    return em_plot(run, experiments.true_evidence(seed))


def em(
    experiment: str = "together",
    batch: str = "32",
    L: str = "2",
    steps: int = 1000,
    e: int = 1000,
    m: int = 1000,
    rounds: int = 2,
    seed: int = 14,
    family: str = "",
) -> go.Figure:
    """Classic EM on the browser's own data, from its own start."""
    model, x = experiments.in_the_browser(seed, int(L), family or "full")
    evidence = [model.evidence(x[1000:]).mean().item()]
    gradient_steps = min(rounds * (e + m), 12_000) if experiment == "turn" else steps
    passes = gradient_steps / (1000 // int(batch))  # as long as they take
    for _ in range(min(1000, math.ceil(passes))):
        model.e_step()
        model.m_step(x[:1000])
        evidence.append(model.evidence(x[1000:]).mean().item())
    best = true_model().double().evidence(x[1000:]).mean()
    print(
        f"EM, {len(evidence) - 1} iterations: evidence {evidence[-1]:.3f} nats, "
        f"gap {model.gap(x[1000:]).mean():.3f}, the true model's {best:.3f}"
    )
    return go.Figure(go.Scatter(y=evidence, name="evidence"))


def hand(
    lr: float = 0.01,
    batch: str = "32",
    L: str = "2",
    seed: int = 14,
    moves: str = "",
    family: str = "",
) -> go.Figure:
    """A walk by hand on the browser's own data: exact moves E and M, or E25, so many gradient steps."""
    model, x = experiments.in_the_browser(seed, int(L), family or "full")
    told = [("start", model.evidence(x[1000:]).mean().item(), model.gap(x[1000:]).mean().item())]
    for move in filter(None, moves.split(",")):
        if move == "E":
            model.e_step()
        elif move == "M":
            model.m_step(x[:1000])
        else:  # with other batches and noise than the browser's
            count, schedule = int(move[1:]), Alternating(1, 0) if move[0] == "E" else Alternating(0, 1)
            config = TrainingConfig(steps=count, batch_size=int(batch), learning_rate=lr, schedule=schedule)
            list(train(model, Examples(x[:1000]), config))
        told.append((move, model.evidence(x[1000:]).mean().item(), model.gap(x[1000:]).mean().item()))
    for name, evidence, gap in told:
        print(f"{name:6} evidence {evidence:8.3f}, gap {gap:.3f} nats")
    return go.Figure(go.Bar(x=[name for name, _, _ in told], y=[gap for _, _, gap in told], name="gap"))


def sampled(q: list[float] | None = None, width: float = 0.5, seed: int = 0) -> dict[str, float]:
    """The noise of one draw's estimates of the ELBO, in nats: its KL in closed form, or sampled."""
    model, noise = true_model().double(), Noise(seed)
    drawn = noise.normal(5).double()
    x = model.p_x_given_z.W @ drawn[:2] + model.p_x_given_z.sigma * drawn[2:]
    posterior = model.posterior(x)  # the true model's own q
    mean = posterior.mean if q is None else torch.tensor(q).double()
    q_z = MultivariateNormal(mean, scale_tril=width * posterior.scale_tril)
    z = mean + noise.normal(200, 2).double() @ q_z.scale_tril.T

    likelihood, p_z = model.likelihood(z).log_prob(x), MultivariateNormal(0 * mean, torch.eye(2).double())
    closed = likelihood - kl_divergence(q_z, p_z)
    estimate = likelihood + p_z.log_prob(z) - q_z.log_prob(z)
    elbo = model.evidence(x[None]).item() - kl_divergence(q_z, posterior)
    print(f"ELBO {elbo:.3f}, by {len(z)} draws {closed.mean():.3f} and {estimate.mean():.3f} nats")
    return {"closed": closed.std(correction=0).item(), "sampled": estimate.std(correction=0).item()}


def families(
    experiment: str = "together",
    lr: float = 0.01,
    batch: str = "32",
    L: str = "2",
    steps: int = 1000,
    e: int = 1000,
    m: int = 1000,
    rounds: int = 2,
    seed: int = 14,
    family: str = "",
) -> dict[str, float]:
    """The gap that each family of q leaves after the same gradient steps, on the test points."""
    in_turn, gaps = experiment == "turn", dict[str, float]()
    config = TrainingConfig(
        steps=min(rounds * (e + m), 12_000) if in_turn else steps,
        batch_size=int(batch),
        learning_rate=lr,
        schedule=Alternating(e, m) if in_turn else Simultaneous(),
        seed=seed,
    )
    for name in dict.fromkeys(("full", "diagonal", family or "1.0")):  # with other noise than the browser's
        run = experiments.run(experiments.Experiment(config, int(L), *experiments.FAMILIES[name]))
        gaps[name] = run.gap[-1].item()
        print(f"{name:8} evidence {run.evidence[-1]:8.3f}, gap {gaps[name]:.3f} nats")
    return gaps


def rotation(
    lr: float = 0.01,
    batch: str = "32",
    L: str = "2",
    steps: int = 1000,
    seed: int = 14,
    angle: float = 40,
    family: str = "",
) -> np.ndarray:
    """W, another W, and W Wᵀ of both."""
    config = TrainingConfig(steps=steps, batch_size=int(batch), learning_rate=lr, seed=seed)
    q = experiments.FAMILIES[family or "full"]
    run = experiments.run(experiments.Experiment(config, int(L), *q))  # with other noise than the browser's
    W = run.W[-1]
    turn = np.eye(W.shape[1])
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    if W.shape[1] == 1:
        turn *= math.copysign(1, cosine)
    else:
        turn[:2, :2] = [[cosine, -sine], [sine, cosine]]
    print("W", W, "W R", W @ turn, sep="\n")
    print("largest difference of (W R)(W R)ᵀ from W Wᵀ:", np.abs(W @ turn @ (W @ turn).T - W @ W.T).max())
    return W @ W.T
