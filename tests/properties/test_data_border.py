"""Any array as examples, as labels, as a model's input: taken and sound, or refused in one sentence."""

from typing import Any

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from aevb import Examples
from aevb.data import PRESENTATIONS
from aevb.models import LatentVariableModel
from tests.properties.strategies import models
from tests.small_models import seeded

MOST = settings.get_profile(settings.get_current_profile_name()).max_examples

DTYPES = (
    arrays.boolean_dtypes()
    | arrays.integer_dtypes()
    | arrays.unsigned_integer_dtypes()
    | arrays.floating_dtypes()
    | arrays.complex_number_dtypes()
    | arrays.datetime64_dtypes()
    | arrays.unicode_string_dtypes(max_len=4)
    | arrays.byte_string_dtypes(max_len=4)
    | st.just(np.dtype(object))
)
SHAPES = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


@st.composite
def any_array(draw: st.DrawFn) -> np.ndarray:
    dtype = draw(DTYPES)
    if dtype.kind == "O":
        return draw(arrays.arrays(dtype, SHAPES, elements=st.none() | st.integers() | st.text(max_size=3)))
    return draw(arrays.arrays(dtype, SHAPES))


@st.composite
def likely(draw: st.DrawFn) -> np.ndarray:
    """Such as people have: numbers in a range, of any type."""
    shape = draw(arrays.array_shapes(min_dims=2, max_dims=4, min_side=1, max_side=4))
    low, high = draw(st.sampled_from([(0, 1), (0, 16), (0, 255), (-1, 1), (0, 127), (-3, 3)]))
    values = np.random.default_rng(draw(st.integers(0, 99))).uniform(low, high, shape)
    dtype = draw(
        st.sampled_from(["float64", "float32", "float16", ">f4", "uint8", "int64", "uint16", "bool"])
    )
    return values.round().astype(dtype) if dtype[0] in "ui" and low >= 0 else values.astype(dtype)


NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner),
    max_leaves=12,
)
FORMS = st.sampled_from([lambda array: array, lambda array: array.tolist(), torch.as_tensor])


@st.composite
def anything(draw: st.DrawFn) -> Any:
    value = draw(any_array() | likely() | NESTED)
    if isinstance(value, np.ndarray):
        try:
            return draw(FORMS)(value)
        except (TypeError, ValueError):  # torch has no such type
            return value
    return value


LABELS = st.none() | anything() | st.lists(st.integers(-1, 5), min_size=1, max_size=4)


def in_a_sentence(error: ValueError) -> None:
    said = str(error)
    assert "\n" not in said and 10 < len(said) < 600 and said[-1] in ".!)", said


@given(anything(), st.sampled_from(list(PRESENTATIONS)), LABELS)
@settings(max_examples=10 * MOST)
def test_anything_as_examples(values: Any, observation: str, labels: Any) -> None:
    try:
        examples = Examples(values, observation, labels)
    except ValueError as error:
        in_a_sentence(error)
        return
    count = len(examples)
    x, *y = examples.fixed()
    assert count > 0 and len(x) == count and x.is_floating_point() and x.isfinite().all()
    assert x.ndim == (3 if observation == "rows" and examples.values.ndim == 3 else 2)
    if observation == "continuous":
        assert ((x >= 0) & (x <= 1)).all()
    elif observation != "vector":
        assert ((x == 0) | (x == 1)).all()
    for part in y:
        assert len(part) == count and (part >= 0).all()
    batches = list(examples.epoch(2, seeded()))
    assert sum(len(batch[0]) for batch in batches) == count // min(2, count) * min(2, count)


@given(anything(), LABELS, models())
@settings(max_examples=4 * MOST)
def test_anything_as_a_models_input(values: Any, labels: Any, model: LatentVariableModel) -> None:
    for ask in (model.observed, model.elbo, model.encode):
        try:
            found = ask(values, labels)
        except ValueError as error:
            in_a_sentence(error)
            return
        for part in found if isinstance(found, tuple) else (found,):
            assert len(part) > 0 and not part.isnan().any()


@given(likely(), models())
@settings(max_examples=4 * MOST)
def test_examples_that_a_model_takes_have_an_elbo(values: np.ndarray, model: LatentVariableModel) -> None:
    """Of its own size and number type: a density that is no number would be data outside the support."""
    flat = np.resize(values, (3, model.length * model.data_dim))
    labels = [0, 0, 0] if model.conditional else None
    try:
        observed = Examples(flat, model.observation, labels).require(model).fixed()
    except ValueError as error:
        in_a_sentence(error)
        return
    elbo = model.elbo(*observed, generator=seeded())
    assert elbo.shape == (3,) and elbo.dtype == torch.float64 and elbo.isfinite().all()
