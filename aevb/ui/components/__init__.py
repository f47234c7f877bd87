"""What Streamlit's own elements cannot do, each with its JavaScript, CSS and Python side by side."""

from pathlib import Path

HERE = Path(__file__).parent


def source(*names: str) -> str:
    """The text of these files of this folder, one after the other: one module or style sheet."""
    return "".join((HERE / name).read_text(encoding="utf-8") for name in names)
