"""How probabilities are written."""


def stated(probability: float) -> str:
    """A probability in percent with what it is to its symbol, "= 97.1 %": by a model none is quite 1 or 0.

    As aevb/web/kit/format.js has it.
    """
    if probability > 0.999:
        return "> 99.9 %"
    return "< 0.1 %" if probability < 0.001 else f"= {probability:.1%}".replace("%", " %")
