"""Models written elsewhere: a Gaussian VAE of wines, and one given their class, as the README says to."""

import copy
import math
import pickle

import pytest
import torch
from sklearn.datasets import load_wine
from torch import Generator, Tensor, nn
from torch.distributions import Independent, Normal, kl_divergence

import aevb
from aevb import Alternating, Examples, LatentVariableModel, Simultaneous, TrainingConfig, evaluate, train
from aevb.distributions import rsample
from aevb.evaluation import dimension_kl, elbos, posterior_means, responsibilities
from aevb.explore import codes
from tests.small_models import seeded


def net(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, 16), nn.Tanh(), nn.Linear(16, outputs))


class WineVAE(LatentVariableModel):
    """z ~ N(0, I), x ~ N(μ_θ(z), diag σ²), q(z | x) = N(μ_φ(x), diag σ_φ(x)²)."""

    observation = "vector"

    def __init__(self, data_dim: int = 13, latent_dim: int = 2, classes: int = 0):
        super().__init__()
        self.data_dim, self.latent_dim, self.choices = data_dim, latent_dim, classes
        self.q_net = nn.Sequential(
            nn.Linear(data_dim + classes, 16), nn.Tanh(), nn.Linear(16, 2 * latent_dim)
        )
        self.p_net = nn.Sequential(nn.Linear(latent_dim + classes, 16), nn.Tanh(), nn.Linear(16, data_dim))
        self.p_log_scale = nn.Parameter(torch.zeros(data_dim))

    @property
    def p_z(self) -> Independent:
        return Independent(Normal(torch.zeros(self.latent_dim), 1.0), 1)

    def q_z(self, x: Tensor, *y: Tensor) -> Independent:
        loc, log_scale = self.q_net(torch.cat([x, *self.one_hots(y)], -1)).chunk(2, -1)
        return Independent(Normal(loc, log_scale.exp()), 1)

    def p_x(self, z: Tensor, *y: Tensor) -> Independent:
        given = [one_hot.expand(*z.shape[:-1], -1) for one_hot in self.one_hots(y)]
        return Independent(Normal(self.p_net(torch.cat([z, *given], -1)), self.p_log_scale.exp()), 1)

    def one_hots(self, y: tuple[Tensor, ...]) -> list[Tensor]:
        return [nn.functional.one_hot(labels, self.choices).float() for labels in y]

    def forward(self, x: Tensor, *y: Tensor, generator: Generator | None = None) -> dict[str, Tensor]:
        q_z = self.q_z(x, *y)
        z = rsample(q_z, generator=generator)
        return {
            "reconstruction": self.p_x(z, *y).log_prob(x),
            "minus_kl_z": -kl_divergence(q_z, self.p_z),
        }

    def log_ratios(self, x: Tensor, *y: Tensor, samples: int, generator: Generator | None = None) -> Tensor:
        q_z = self.q_z(x, *y)
        z = rsample(q_z, (samples,), generator)
        return self.p_x(z, *y).log_prob(x) + self.p_z.log_prob(z) - q_z.log_prob(z)

    def posterior_mean(self, x: Tensor, *y: Tensor) -> Tensor:
        return self.q_z(x, *y).mean

    def ancestral_sample(
        self, count: int, y: Tensor | None = None, *, generator: Generator | None = None
    ) -> Tensor:
        given = [] if y is None else [y]
        return rsample(self.p_x(rsample(self.p_z, (count,), generator), *given), generator=generator)


class ConditionalWineVAE(WineVAE):
    conditional = True

    def __init__(self, data_dim: int = 13, latent_dim: int = 2, classes: int = 3):
        super().__init__(data_dim, latent_dim, classes)


@pytest.fixture(params=[WineVAE, ConditionalWineVAE])
def model(request: pytest.FixtureRequest) -> WineVAE:
    torch.manual_seed(0)
    return request.param()


@pytest.fixture
def examples(model: WineVAE) -> Examples:
    wine = load_wine()
    x = torch.from_numpy(wine.data).float()
    labels = torch.from_numpy(wine.target) if model.conditional else None
    return Examples((x - x.mean(0)) / x.std(0), model.observation, labels)


@pytest.mark.parametrize("schedule", [Simultaneous(), Alternating(10, 10)])
def test_it_trains_and_is_measured(model: WineVAE, examples: Examples, schedule) -> None:
    before = evaluate(model, *examples.fixed())
    config = TrainingConfig(steps=300, batch_size=50, learning_rate=1e-2, schedule=schedule)
    for _ in train(model, examples, config):
        pass
    measured = evaluate(model, *examples.fixed(), bounds=[10, 100])
    assert measured.examples == 178 and measured.elbo > before.elbo + 1
    assert measured.elbo < measured.bound[10] < measured.bound[100]
    assert posterior_means(model, *examples.fixed()).shape == (178, 2)
    assert model.sample(5, generator=seeded()).shape == (5, 13)


def test_what_it_does_not_give_is_named(model: WineVAE, examples: Examples) -> None:
    with pytest.raises(NotImplementedError, match=r"WineVAE gives no posterior q\(z \| x\)"):
        dimension_kl(model, *examples.fixed())
    with pytest.raises(NotImplementedError, match=r"WineVAE gives no prior p\(z\)"):
        codes.styles(model, *examples.fixed())
    with pytest.raises(NotImplementedError, match=r"WineVAE gives no likelihood p\(x \| z\)"):
        codes.decode(model, torch.zeros(2))
    assert responsibilities(model, examples.fixed()[0]) is None


def test_it_is_saved_and_loaded(model: WineVAE, examples: Examples, tmp_path) -> None:
    model.half().float()  # as a checkpoint keeps them
    model.save_pretrained(tmp_path)
    loaded = type(model).from_pretrained(tmp_path)
    assert loaded.config == model.config
    observed = examples.fixed()
    for again in (loaded, pickle.loads(pickle.dumps(model))):  # noqa: S301  # what was just pickled here
        assert torch.equal(
            again.elbo(*observed, generator=seeded()), model.elbo(*observed, generator=seeded())
        )


def test_a_parameter_that_no_step_would_move_is_named(model: WineVAE, examples: Examples) -> None:
    model.encoder = nn.Linear(2, 2)
    with pytest.raises(ValueError, match=r"parameter encoder\.weight: its name must begin with p_ or q_"):
        next(train(model, examples, TrainingConfig(steps=1)))
    model.encoder.requires_grad_(False)  # meant to stand still
    next(train(model, examples, TrainingConfig(steps=1)))


WRONG = {
    "one not summed over x": lambda terms: (
        terms | {"minus_kl_z": terms["minus_kl_z"][:, None].expand(-1, 13)}
    ),
    "all not summed over x": lambda terms: {name: term[:, None] for name, term in terms.items()},
    "summed over the batch": lambda terms: {name: term.sum() for name, term in terms.items()},
    "without names": lambda terms: terms["reconstruction"],
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_terms_of_another_shape_are_refused(model: WineVAE, examples: Examples, monkeypatch, wrong) -> None:
    """They would be broadcast, or summed as they are, into something that is no ELBO."""
    right = model.forward
    monkeypatch.setattr(
        model, "forward", lambda *observed, generator=None: wrong(right(*observed, generator=generator))
    )
    said = rf"{type(model).__name__}\.forward must give"
    with pytest.raises(ValueError, match=said):
        next(train(model, examples, TrainingConfig(steps=1, batch_size=13)))
    for measured in (evaluate, elbos):
        with pytest.raises(ValueError, match=said):
            measured(model, examples)
    with pytest.raises(ValueError, match=said):
        model.elbo(*examples.fixed())


def test_ratios_and_means_of_another_shape_are_refused(
    model: WineVAE, examples: Examples, monkeypatch
) -> None:
    ratios, mean, observed = model.log_ratios, model.posterior_mean, examples.fixed()
    for wrong in (lambda found: found.T, lambda found: found[0], lambda found: found.sum(1)):
        monkeypatch.setattr(
            model, "log_ratios", lambda *observed, wrong=wrong, **kw: wrong(ratios(*observed, **kw))
        )
        said = rf"{type(model).__name__}\.log_ratios must be of shape \(S, B\), here \(5, 178\), not"
        with pytest.raises(ValueError, match=said):
            evaluate(model, *observed, bounds=5)
        with pytest.raises(ValueError, match=said):
            model.log_prob(*observed, samples=5)
        with pytest.raises(ValueError, match=said):
            model.log_weights(*observed, samples=5)
    monkeypatch.setattr(model, "posterior_mean", lambda *observed: mean(*observed).T)
    said = r"posterior_mean must be of shape \(B, L\), here \(178, 2\), not \(2, 178\)"
    with pytest.raises(ValueError, match=said):
        posterior_means(model, *observed)
    with pytest.raises(ValueError, match=said):
        model.encode(*observed)


def test_what_is_no_model_or_lacks_its_sizes_is_refused_before_anything_else(examples: Examples) -> None:
    checkpoint = aevb.load("vae")
    compiled = torch.compile(WineVAE(), backend="eager")
    unsized = WineVAE()
    del unsized.data_dim
    for wrong, said in (
        (checkpoint, r"must be a LatentVariableModel, not a Checkpoint: give its \.model\."),
        (compiled, r"not a OptimizedModule: model\.compile\(\) compiles it in place\."),
        ("vae", r"not a str\."),
        (unsized, r"WineVAE has no data_dim: a LatentVariableModel sets it\."),
    ):
        with pytest.raises(ValueError, match=said):
            next(train(wrong, examples, TrainingConfig(steps=1)))
        with pytest.raises(ValueError, match=said):
            evaluate(wrong, examples)
    with pytest.raises(AttributeError, match=r"A Checkpoint has no sample: its model has, checkpoint\.model"):
        checkpoint.sample(3)
    with pytest.raises(AttributeError, match=r"A Checkpoint has no bound\."):
        _ = checkpoint.bound
    assert copy.deepcopy(checkpoint).kind == "vae"


def test_a_model_that_is_compiled_in_place_trains() -> None:
    model = WineVAE()
    model.compile(backend="eager")
    next(train(model, torch.randn(50, 13), TrainingConfig(steps=1)))


def test_labels_in_the_place_of_a_configuration(examples: Examples) -> None:
    with pytest.raises(ValueError, match=r"not a Tensor; labels are given with the examples, aevb\.Examples"):
        next(train(WineVAE(), examples, torch.zeros(178)))


class Codes(LatentVariableModel):
    """z one of K codes, all alike probable, x ~ N(μ_θ(z), I), q(z | x) categorical: E_q in closed form."""

    observation = "vector"

    def __init__(self, data_dim: int = 13, codes: int = 4):
        super().__init__()
        self.data_dim, self.latent_dim = data_dim, codes
        self.q_net, self.p_means = net(data_dim, codes), nn.Parameter(torch.randn(codes, data_dim))

    def joint(self, x: Tensor) -> Tensor:
        """log p(x, z) of each z, (B, K)."""
        log_x = Independent(Normal(self.p_means, 1.0), 1).log_prob(x.unsqueeze(-2))
        return log_x - math.log(self.latent_dim)

    def forward(self, x: Tensor, *, generator: Generator | None = None) -> dict[str, Tensor]:
        log_q, joint = self.q_net(x).log_softmax(-1), self.joint(x)
        return {"joint": (log_q.exp() * joint).sum(-1), "entropy": -(log_q.exp() * log_q).sum(-1)}

    def log_ratios(self, x: Tensor, *, samples: int, generator: Generator | None = None) -> Tensor:
        log_q = self.q_net(x).log_softmax(-1)
        z = torch.multinomial(log_q.exp(), samples, replacement=True, generator=generator)
        return (self.joint(x) - log_q).gather(-1, z).T

    def posterior_mean(self, x: Tensor) -> Tensor:
        return self.q_net(x).softmax(-1)

    def ancestral_sample(
        self, count: int, y: Tensor | None = None, *, generator: Generator | None = None
    ) -> Tensor:
        means = self.p_means[torch.randint(self.latent_dim, (count,), generator=generator)]
        return means + torch.randn(means.shape, generator=generator)


def test_a_model_of_discrete_latents(tmp_path) -> None:
    torch.manual_seed(0)
    x = torch.from_numpy(load_wine().data).float()
    x, model = (x - x.mean(0)) / x.std(0), Codes()
    for _ in train(model, x, TrainingConfig(steps=500, batch_size=50, learning_rate=1e-2)):
        pass
    measured, exact = evaluate(model, x, bounds=200), model.joint(x).logsumexp(-1).mean().item()
    assert measured.elbo < exact and measured.bound[200] == pytest.approx(exact, abs=0.05)
    assert model.sample(5).shape == (5, 13) and model.encode(x).sum(1) == pytest.approx(1)
    model.save_pretrained(tmp_path)
    assert evaluate(Codes.from_pretrained(tmp_path), x).elbo == pytest.approx(measured.elbo, abs=0.01)
