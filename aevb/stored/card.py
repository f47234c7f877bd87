"""What a repository on the Hugging Face Hub says of the model in it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from huggingface_hub import ModelCardData

from aevb.counted import counted

if TYPE_CHECKING:
    from aevb.models.base import LatentVariableModel

TUTORIAL = "https://arxiv.org/abs/2208.07818"
METHOD = "https://arxiv.org/abs/1312.6114"
REPOSITORY = "https://github.com/zhihanyang2022/aevb-tutorial"

DATASETS = {"mnist": "ylecun/mnist", "fashion": "zalando-datasets/fashion_mnist"}
"""What the Hub calls the data of a run's `source`, where they are there."""


def card(model: "LatentVariableModel", name: str, training: Mapping[str, Any], license: str) -> str:
    """The text of README.md.

    Args:
        name: the repository's, "owner/name".
        training: what training.json tells, if anything.
        license: of the weights, as the Hub abbreviates it.
    """
    kind, source = type(model), training.get("source")
    generates_images = model.observation != "vector" and not model.conditional
    about = ModelCardData(
        library_name="aevb",
        license=license,
        pipeline_tag="unconditional-image-generation" if generates_images else None,
        tags=["variational-inference", "latent-variable-models", kind.name],
        datasets=[DATASETS[source]] if source in DATASETS else None,
    )
    module = "aevb" if kind.__module__.startswith("aevb.") else kind.__module__
    nets = "".join(f", {own}={own}" for own in model.own_nets)
    summary = (kind.__doc__ or "").strip().split("\n\n")[0]
    return f"""---
{about.to_yaml()}
---

# {name.split("/")[-1]}

{summary or kind.__name__}

A latent variable model p(x, z) with an approximate posterior q(z | x), trained by auto-encoding variational
Bayes with the Python library `aevb`.

- Papers: Kingma and Welling, [Auto-Encoding Variational Bayes]({METHOD}); Yang Zhi-Han,
  [Training Latent Variable Models with Auto-encoding Variational Bayes: A Tutorial]({TUTORIAL}).
- Repository: the tutorial's [code]({REPOSITORY}), which `aevb` follows.
- Data: {training.get("data") or "not recorded."}

## Use

```python
from {module} import {kind.__name__}

model = {kind.__name__}.from_pretrained("{name}"{nets})
print(model.sample(3).shape)
```

{_given(model)}`model.encode(x)`, `model.reconstruct(x)`, `model.elbo(x)` and
`model.log_prob(x, samples=100)` take arrays or tensors of shape (N, {_shape(model)}) whose numbers are
{_support(model)}{_labels(model)}.

## Figures

{_figures(training)}

## Limits

The model knows what its training data show and nothing else: on other data its figures mean little, and
what it generates may pass on whatever is one-sided in them. An ELBO is a lower bound on the evidence, not
the evidence; ELBOs under different likelihoods cannot be compared. {_chosen(training)}
"""


def _given(model: "LatentVariableModel") -> str:
    if not model.own_nets:
        return ""
    return f"It was saved with nets of one's own, {', '.join(model.own_nets)}: make them as they were.\n"


def _shape(model: "LatentVariableModel") -> str:
    return f"{model.length}, {model.data_dim}" if model.length > 1 else f"{model.data_dim}"


def _support(model: "LatentVariableModel") -> str:
    return {
        "unit interval": "in [0, 1]",
        "binary": "0 or 1",
        "real": "any finite ones, scaled as those it was trained on",
    }[model.support]


def _labels(model: "LatentVariableModel") -> str:
    return f", and with them labels in 0…{model.choices - 1}" if model.conditional else ""


def _figures(training: Mapping[str, Any]) -> str:
    """A table of means on the test set, as `aevb.runs` records them."""
    try:
        test = training["test"]
        rows = {"ELBO": f"{test['elbo']:+,.2f} nats"}
        rows |= {f"its term {name}": f"{value:+,.2f} nats" for name, value in test["terms"].items()}
        rows |= {
            f"importance bound, K = {k}": f"{value:+,.2f} nats" for k, value in test.get("bound", {}).items()
        }
        rows |= {name.replace("_", " "): f"{value:.3f}" for name, value in test.get("scores", {}).items()}
        title = f"mean over {counted(test['images'], 'test examples')}"
    except (KeyError, TypeError, ValueError, AttributeError):
        return "It has not been measured on test images."
    lines = [f"| {key} | {value} |" for key, value in rows.items()]
    return "\n".join([f"| {title} | |", "|---|---|", *lines])


def _chosen(training: Mapping[str, Any]) -> str:
    return f"What was kept is {training['chosen']}." if training.get("chosen") else ""
