"""How figures in nats are written."""

import numpy as np
import pytest

from aevb.nats import rounded_sum, signed, with_sign


def test_numbers_carry_a_true_minus_and_a_plus_on_request() -> None:
    assert signed(-1234.56) == "−1,234.6" and signed(3.0) == "3.0"
    assert with_sign(-1234.56) == "−1,234.6" and with_sign(3.0) == "+3.0"


def test_a_sum_that_rounding_would_break() -> None:
    assert rounded_sum([-3.14, -4.149]) == [-3.1, -4.2]  # -3.1 and -4.1 are no -7.3
    assert rounded_sum([0.05, 0.05, 0.9]) == pytest.approx([0.1, 0.0, 0.9])
    assert rounded_sum([1.004, 2.004], decimals=2) == pytest.approx([1.01, 2.0])
    assert rounded_sum([]) == []


def test_parts_add_up_to_the_rounded_sum_and_stay_close() -> None:
    rng = np.random.default_rng(0)
    for count in (1, 2, 3, 5):
        for parts in rng.normal(scale=100, size=(200, count)):
            found = rounded_sum(parts.tolist())
            assert round(sum(found), 6) == round(parts.sum(), 1)
            assert np.abs(found - parts).max() < 0.1
            if count == 1:
                assert found == [round(parts[0], 1)]
