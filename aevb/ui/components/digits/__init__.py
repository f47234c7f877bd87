"""The test images in the browser, fetched once for all components: `loadDigits` in digits.js."""

from aevb.ui import loading
from aevb.ui.components.served import Served


def _pack(key: str) -> bytes:
    """All test images one after the other, a byte for each of their 784 pixels."""
    return {"test": loading.digits().test.images}[key].numpy().tobytes()


served = Served("digits", _pack)


def url() -> str:
    """Where the test images are, from the server's root."""
    return served.url("test")
