"""The front end's QR codes are those of segno, module by module."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import segno

SCRIPT = Path(__file__).parent / "web" / "qr.js"
DENO = Path(sys.executable).with_name("deno")
LINK = "https://example.org/aevb/vae?scene=knobs&digit=7&z=" + ",".join(["0.5", "-1.25"] * 500)
FULL = {1: 14, 2: 26, 6: 106, 7: 122, 9: 180, 10: 213, 15: 412, 20: 666, 27: 1125, 32: 1538, 40: 2331}
"""The most bytes of some versions, at level M: Table 7 of ISO/IEC 18004."""


def codes(*asked: tuple[str, int | None]) -> list[list[list[int]]]:
    """The modules of texts' codes, each under a mask or the best one."""
    done = subprocess.run(
        [DENO, "run", "--quiet", "--no-check", "--no-remote", SCRIPT],
        input="\n".join(map(json.dumps, asked)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_full_code_is_segnos_in_every_kind_of_version_and_under_every_mask() -> None:
    asked = [(LINK[:length], mask) for length in FULL.values() for mask in (None, length % 8)]
    asked += [(LINK[:26], mask) for mask in range(8)] + [("the link → from µ to σ", None)]
    for (text, mask), found in zip(asked, codes(*asked), strict=True):
        settings = {"mode": "byte", "error": "m", "micro": False, "boost_error": False}
        masks = range(8) if mask is None else [mask]  # the best is a matter of taste
        made = [segno.make(text.encode(), mask=one, **settings).matrix for one in masks]
        assert found in [[list(row) for row in matrix] for matrix in made], (len(text), mask)


def test_what_is_left_of_a_code_is_filled_as_the_standard_says() -> None:
    """Section 7.4.10. Segno puts a codeword of zeros in between, which readers pass over."""
    (modules,) = codes(("abcdefgh", 1))
    bits = []
    for column in range(4):  # two modules wide, from the right, up and down in turn, below the finder
        rows = range(20, 8, -1) if column % 2 == 0 else range(9, 21)
        bits += [modules[i][20 - 2 * column - k] ^ (i % 2 == 0) for i in rows for k in (0, 1)]
    words = [int("".join(str(int(bit)) for bit in bits[at : at + 8]), 2) for at in range(0, 96, 8)]
    assert words == [0x40, 0x86, 0x16, 0x26, 0x36, 0x46, 0x56, 0x66, 0x76, 0x80, 0xEC, 0x11]


def test_what_is_too_long_is_refused() -> None:
    with pytest.raises(AssertionError, match="too long for a code: copy it from the Share panel"):
        codes((LINK[:2332], None))
