"""How figures in nats are written."""

from aevb.nats import with_sign


def test_numbers_carry_a_true_minus_or_a_plus() -> None:
    assert with_sign(-1234.56) == "−1,234.6" and with_sign(3.0) == "+3.0"
