"""How figures in nats are written."""


def with_sign(nats: float) -> str:
    """A figure to one decimal with its sign, the minus as long as the plus."""
    return f"{nats:+,.1f}".replace("-", "−")
