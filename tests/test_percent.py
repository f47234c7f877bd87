"""How probabilities are written: as in the browser (tests/web/format.test.js)."""

from aevb.percent import stated


def test_what_is_not_quite_certain_does_not_read_as_if_it_were() -> None:
    assert [*map(stated, (1.0, 0.99901, 0.999, 0.97, 0.5, 0.001, 0.0))] == [
        *("> 99.9 %", "> 99.9 %", "= 99.9 %", "= 97.0 %", "= 50.0 %", "= 0.1 %", "< 0.1 %")
    ]
