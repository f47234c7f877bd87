"""How numbers of things are written."""


def counted(number: int, things: str, thing: str = "") -> str:
    """A number and what there are so many of: "1,000 images", "1 image".

    Args:
        thing: what one of them is called, where that is not `things` without its last letter.
    """
    return f"{number:,} {(thing or things[:-1]) if number == 1 else things}"


def passed_over(number: int, things: str) -> str:
    """What was not read: "2 other files were passed over"."""
    return f"{counted(number, things)} {'was' if number == 1 else 'were'} passed over"
