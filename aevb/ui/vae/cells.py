"""The VAE's views in Python."""

import math

import plotly.graph_objects as go
import torch
from PIL import Image
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal, kl_divergence
from torch.nn.functional import adaptive_avg_pool2d

import aevb
from aevb.data import Split
from aevb.explore import codes
from aevb.explore.measures import measured
from aevb.explore.noise import Noise
from aevb.figures.images import sheet
from aevb.models.nets import MIN_DATA_SCALE
from aevb.training import Phase


def prior(checkpoint: str, seed: int = 0) -> Image.Image:
    """Draws from the prior, decoded, and one sample of each."""
    model = aevb.load(checkpoint).model
    noise = Noise(seed)
    parameters, samples = [], []
    for _ in range(30):
        z = noise.normal(model.latent_dim)
        parameters.append(codes.decode(model, z))
        samples.append(noise.pixels(codes.likelihood(model, z)))
    print(f"mean of λ: {torch.stack(parameters).mean():.4f}, of x: {torch.stack(samples).mean():.4f}")
    return sheet(torch.cat([torch.stack(parameters), torch.stack(samples).float()]), 10)


def normalisation(checkpoint: str, digit: int = 0, pixel: int | None = None, seed: int = 0) -> Image.Image:
    """An image's grey levels made continuous, and what the decoder says of one pixel and of all."""
    known = aevb.load(checkpoint)
    model = known.model
    image = known.images().test.images[[digit]]
    levels = image.flatten()
    chosen = int((levels - 128.0).abs().argmin()) if pixel is None else pixel
    x = (levels + Noise(seed).uniform(len(levels)).float()) / 256
    p_x = codes.likelihood(model, codes.posterior(model, codes.seen(model, image)[0]).mean)
    each = p_x.base_dist.log_prob(x)
    print(f"level {levels[chosen]}, x = {x[chosen]:.4f}, λ = {codes.parameter(p_x)[chosen]:.4f}")
    print(f"log p(x | z) = {each[chosen]:.2f} nats of the pixel, {each.sum():.1f} of all")
    return sheet(torch.stack([x, codes.parameter(p_x)]), 2)


def flow(checkpoint: str, digit: int = 0, seed: int = 0) -> Image.Image:
    """An image's way through the model, and its ELBO in terms."""
    known = aevb.load(checkpoint)
    model = known.model
    x = codes.seen(model, known.images().test.images[[digit]])[0]
    q = codes.posterior(model, x)
    z = q.mean + q.stddev * Noise(seed).normal(model.latent_dim)
    terms = codes.elbo_terms(model, x, z)
    print({name: f"{value:.1f}" for name, value in terms.items()}, f"ELBO {sum(terms.values()):.1f} nats")

    draws = q.mean + q.stddev * Noise(100).normal(100, model.latent_dim)
    log_weights = sum(codes.joint_terms(model, x, draws).values()) - q.log_prob(draws)
    bound = log_weights.logsumexp(0) - math.log(100)
    print(f"bound, K = 100: {bound:.1f} nats")
    return sheet(torch.stack([x, codes.decode(model, z)]), 2)


def evidence(
    checkpoint: str, digit: int = 0, from_prior: int | None = None, draws: str = "1000", seed: int = 0
) -> Image.Image:
    """The evidence as a mean over draws of z, some of its numbers from the prior, and the best draw."""
    known = aevb.load(checkpoint)
    model = known.model
    x = codes.seen(model, known.images().test.images[[digit]])[0]
    q, p_z = codes.posterior(model, x), model.prior()
    most_used = torch.tensor(measured(known)["use"]).argsort(descending=True, stable=True)
    chosen = most_used[:from_prior]
    loc, scale = q.mean.clone(), q.stddev.clone()
    loc[chosen], scale[chosen] = p_z.mean[chosen], p_z.stddev[chosen]

    z = loc + scale * Noise(seed).normal(int(draws), model.latent_dim)
    log_r = Normal(loc, scale).log_prob(z).sum(-1)
    log_ratios = sum(codes.joint_terms(model, x, z).values()) - log_r
    estimate = log_ratios.logsumexp(0) - math.log(int(draws))
    print(f"log p(x) by {draws} draws: {estimate:.1f} nats")
    print(f"the best one carries {log_ratios.softmax(0).max():.1%} of the mean")
    return sheet(torch.stack([x, codes.decode(model, z[log_ratios.argmax()])]), 2)


def forcing(q: list[float] | None = None, apart: float = 4) -> dict[str, float]:
    """Both divergences between a normal q and a posterior of two modes, by quadrature."""
    mean, scale = q or (-0.4, 0.7)
    modes = Normal(torch.tensor([-apart / 2, apart / 2]).double(), 0.5)
    p_z = MixtureSameFamily(Categorical(torch.tensor([0.6, 0.4]).double()), modes)
    q_z, z = Normal(torch.tensor(mean).double(), scale), torch.linspace(-40, 40, 80_001).double()
    log_p, log_q = p_z.log_prob(z), q_z.log_prob(z)
    return {
        "reverse": torch.trapezoid(log_q.exp() * (log_q - log_p), z).item(),
        "forward": torch.trapezoid(log_p.exp() * (log_p - log_q), z).item(),
    }


def amortised(
    checkpoint: str, digit: int = 0, start: str = "encoder", steps: str = "400", seed: int = 0
) -> Image.Image:
    """An image's own q, raised to its ELBO by gradients through the decoder, and the encoder's."""
    known = aevb.load(checkpoint)
    model = known.model
    x = codes.seen(model, known.images().test.images[[digit]])[0]
    encoded, p_z, noise = codes.posterior(model, x), model.prior(), Noise(seed)
    q = encoded if start == "encoder" else p_z
    loc, log_scale = q.mean.clone().requires_grad_(), q.stddev.log().requires_grad_()
    adam, draws = torch.optim.Adam([loc, log_scale]), Noise(100).normal(32, model.latent_dim)

    def elbo(loc: torch.Tensor, scale: torch.Tensor, epsilon: torch.Tensor) -> torch.Tensor:
        kl = kl_divergence(Independent(Normal(loc, scale), 1), p_z)
        return model.likelihood(loc + scale * epsilon).log_prob(x).mean() - kl

    for step in range(int(steps)):
        adam.param_groups[0]["lr"] = 0.05 * (1 - step / int(steps))
        adam.zero_grad()
        (-elbo(loc, log_scale.exp(), noise.normal(model.latent_dim))).backward()
        adam.step()
    q_own = loc.detach(), log_scale.detach().exp()
    with torch.no_grad():
        told = {"encoder": elbo(encoded.mean, encoded.stddev, draws), "own": elbo(*q_own, draws)}
    print(f"ELBO: encoder {told['encoder']:.1f}, its own q {told['own']:.1f} nats")
    return sheet(torch.stack([x, codes.decode(model, encoded.mean), codes.decode(model, q_own[0])]), 3)


def knobs(checkpoint: str, digit: int = 0, z: list[float] | None = None) -> Image.Image:
    """A digit and what z decodes to: at first the encoder's mean."""
    known = aevb.load(checkpoint)
    model = known.model
    x = codes.seen(model, known.images().test.images[[digit]])[0]
    mean = codes.posterior(model, x).mean
    place = mean.round(decimals=2).clamp(-5, 5) if z is None else torch.tensor(z)
    terms = codes.joint_terms(model, x, place)
    likelihood, prior = terms["likelihood"], terms["prior"]
    print(f"log p(x | z) {likelihood:.1f} + log p(z) {prior:.1f} = {likelihood + prior:.1f} nats")
    return sheet(torch.stack([codes.decode(model, place), x]), 2)


def plane(checkpoint: str, digit: int = 0, z: list[float] | None = None, plane: str = "") -> Image.Image:
    """The plane through z along two directions, and z."""
    known = aevb.load(checkpoint)
    assert known.model.latent_dim > 1, "A plane takes two latent numbers, and this model has one."
    model, measures = known.model, measured(known)
    x = codes.seen(model, known.images().test.images[[digit]])[0]
    place = codes.posterior(model, x).mean.round(decimals=2) if z is None else torch.tensor(z)

    # "pca1" is the first principal direction about the codes' centre, "3" the third dimension.
    (u, from_u), (v, from_v) = (codes.axis(measures, name) for name in (plane or "pca1,pca2").split(","))
    a, b = u @ (place - from_u), v @ (place - from_v)
    print(f"z is at {a:.1f}, {b:.1f}")

    at = 4 * ((2 * torch.arange(9) + 1) / 9 - 1)
    grid = codes.plane(place, u, v, at - a, at.flip(0) - b)
    return sheet(codes.decode(model, grid), 9)


def walk(checkpoint: str, digit: int = 0, to: int = 3, at: float = 0, way: str = "arc") -> Image.Image:
    """The way from one digit to another in ten steps."""
    known = aevb.load(checkpoint)
    model = known.model
    x = codes.seen(model, known.images().test.images[[digit, to]])
    start, end = codes.posterior(model, x).mean
    if way == "arc":
        place, steps = codes.walk(start, end, 101)[round(100 * at)], codes.walk(start, end, 10)
    else:
        ten = torch.linspace(0, 1, 10).unsqueeze(-1)
        place, steps = torch.lerp(start, end, at), torch.lerp(start, end, ten)
    print(f"‖z‖ = {place.norm():.2f} at {at:.0%} of the way")
    return sheet(codes.decode(model, torch.cat([steps, place.unsqueeze(0)])), 10)


def ascent(checkpoint: str, course: str = "", seed: int = 0) -> Image.Image:
    """A small VAE that learns as its course says: "B400,E100" is 400 steps in both nets, then 100 in φ."""
    images = aevb.load(checkpoint).images().test.images[:1000]
    side = min(14, images.shape[-1])
    small = adaptive_avg_pool2d(images.float(), side).round().to(torch.uint8)
    torch.manual_seed(seed)
    model = aevb.VAE(side**2, 2, [64])
    config = aevb.TrainingConfig(steps=5000, batch_size=32, learning_rate=0.004, seed=seed)
    run = aevb.Run(model, Split(small).seen_by(model), config)
    for leg in filter(None, course.split(",")):
        for step in range(int(leg[1:])):
            turn: Phase = "E" if step % 100 < 50 else "M"
            moves: dict[str, Phase] = {"B": "EM", "E": "E", "M": "M", "T": turn}
            run.advance(moves[leg[0]])
    x = codes.seen(model, small[:60])
    q, line = codes.posterior(model, x), torch.linspace(-7.5, 7.5, 76)
    z = torch.cartesian_prod(line, line)
    p_x, log_p_z = codes.likelihood(model, z), model.prior().log_prob(z)
    logs = torch.stack([p_x.log_prob(one) + log_p_z for one in x]).logsumexp(1)
    evidence = (logs + 2 * (line[1] - line[0]).log()).mean()
    draws = q.mean + q.stddev * Noise(100).normal(32, len(x), 2)
    elbo = (codes.likelihood(model, draws).log_prob(x).mean(0) - kl_divergence(q, model.prior())).mean()
    print(
        f"evidence {evidence:.1f} = ELBO {elbo:.1f} + gap {evidence - elbo:.1f} nats, after {run.step} steps"
    )

    at = 3 * ((2 * torch.arange(9) + 1) / 9 - 1)
    return sheet(codes.decode(model, torch.cartesian_prod(at.flip(0), at).flip(1)), 9)


def curve(shape: str = "wave", curve: str = "", seed: int = 0, point: int = 0) -> go.Figure:
    """A small VAE of points of a plane, with one latent number; its course is as that of `ascent`."""
    noise = Noise(1 + ["wave", "arc", "groups", "ring"].index(shape))
    shares, aside = zip(*[(noise.uniform(), noise.normal(2)) for _ in range(300)], strict=True)
    t = torch.stack(shares).float()
    angle, group = math.pi * (1.3 * t - 0.15), (3 * t).floor()
    on = {
        "wave": (8 * t - 4, 2 * (7 * t - 3.5).sin()),
        "arc": (-3.5 * angle.cos(), 4 * angle.sin() - 2),
        "groups": (3 * group - 3, 4 * (group == 1) - 1.5),
        "ring": (3 * (2 * math.pi * t).cos(), 3 * (2 * math.pi * t).sin()),
    }
    x = torch.stack(on[shape], 1) + 0.25 * torch.stack(aside)
    torch.manual_seed(seed)
    model = aevb.VAE(2, 1, [64], likelihood="gaussian")
    narrow = torch.tensor(0.3 - MIN_DATA_SCALE).expm1().log()  # what σ is computed from, at first
    model.load_state_dict({"p_x_given_z.pre_scale": narrow}, strict=False)
    config = aevb.TrainingConfig(steps=5000, batch_size=32, learning_rate=0.005, seed=seed)
    run = aevb.Run(model, x, config)
    for leg in filter(None, curve.split(",")):
        for step in range(int(leg[1:])):
            turn: Phase = "E" if step % 100 < 50 else "M"
            moves: dict[str, Phase] = {"B": "EM", "E": "E", "M": "M", "T": turn}
            run.advance(moves[leg[0]])
    q, z = codes.posterior(model, x), torch.linspace(-4.5, 4.5, 1801).unsqueeze(1)
    p_x, log_p_z = codes.likelihood(model, z), model.prior().log_prob(z)
    joint = torch.stack([p_x.log_prob(one) + log_p_z for one in x])
    evidence = joint.logsumexp(1) + (z[1] - z[0]).log()
    draws = q.mean + q.stddev * Noise(100).normal(200, len(x), 1)
    elbo = codes.likelihood(model, draws).log_prob(x).mean(0) - kl_divergence(q, model.prior())
    gap = evidence - elbo
    print(f"evidence {evidence.mean():.2f} = ELBO {elbo.mean():.2f} + gap {gap.mean():.2f} nats")
    print(f"at the point q says z = {q.mean[point].item():.2f} ± {q.stddev[point].item():.2f}")

    figure = go.Figure(go.Scatter(x=x[:, 0].numpy(), y=x[:, 1].numpy(), mode="markers", name="points"))
    along = p_x.mean[log_p_z > log_p_z.max() - 2]  # where |z| is 2 at most
    return figure.add_scatter(x=along[:, 0].numpy(), y=along[:, 1].numpy(), name="decoder")
