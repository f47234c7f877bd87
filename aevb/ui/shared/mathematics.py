"""The mathematics of a scene as HTML: formulas in MathML, which browsers draw, and the library's source.

Nothing of it needs a script or a font of its own.
"""

import ast
import html
import inspect
import re
import textwrap
from collections.abc import Sequence

from latex2mathml.converter import convert
from pygments import lex
from pygments.lexers import PythonLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, String

from aevb.figures import palette
from aevb.ui.shared.cell import PARSING
from aevb.ui.shared.scene import Formula

LETTERS = {"bold": ("𝐀", "𝐚", "𝟎"), "double-struck": ("𝔸", "𝕒", "𝟘"), "script": ("𝒜", "𝒶", "")}
"""Where Unicode has an alphabet of each kind: its A, its a and its 0. Browsers draw these letters, but pass
over MathML's older way of asking for them."""

EXCEPTIONS = {"script": {"B": "ℬ", "E": "ℰ", "F": "ℱ", "H": "ℋ", "I": "ℐ", "L": "ℒ", "M": "ℳ", "R": "ℛ"}}
EXCEPTIONS["double-struck"] = {"C": "ℂ", "H": "ℍ", "N": "ℕ", "P": "ℙ", "Q": "ℚ", "R": "ℝ", "Z": "ℤ"}
GREEK = {"bold": ("𝚨", "𝛂"), "bold-italic": ("𝜜", "𝜶")}

CLASSES = {Keyword: "k", Name.Builtin.Pseudo: "k", Operator.Word: "k", String: "s", Number: "n", Comment: "c"}


def page(formulas: Sequence[Formula]) -> str:
    """All steps, one below the other."""
    with PARSING:
        return "".join(_step(formula) for formula in formulas)


def _step(formula: Formula) -> str:
    parts = [f"<h3>{html.escape(formula.title)}</h3>", words(formula.text)]
    if formula.code is not None:
        module = inspect.getmodule(formula.code)
        name = f"{module.__name__ if module else ''}.{formula.code.__qualname__}"
        parts.append(f'<pre tabindex="0"><code>{highlighted(source(formula))}</code></pre>')
        parts.append(f'<p class="source"><code>{html.escape(name)}</code></p>')
    return "".join(parts)


def words(text: str) -> str:
    """Paragraphs of markdown as far as our texts use it: **bold**, *emphasis*, `code`, formulas, lists."""
    blocks = re.split(r"\n\s*\n|(\$\$.+?\$\$)", textwrap.dedent(text), flags=re.DOTALL)
    return "".join(_block(block.strip()) for block in blocks if block and block.strip())


def _block(block: str) -> str:
    if block.startswith("$$"):
        return formula(block[2:-2], display=True)
    if re.match(r"(- |\d+\. )", block):
        kind = "ul" if block.startswith("-") else "ol"
        items = re.split(r"^(?:- |\d+\. )", block, flags=re.MULTILINE)[1:]
        return f"<{kind}>" + "".join(f"<li>{_inline(item.strip())}</li>" for item in items) + f"</{kind}>"
    return f"<p>{_inline(block)}</p>"


def _inline(text: str) -> str:
    parts = re.split(r"(\$[^$]+\$|`[^`]+`)", text)
    return "".join(
        formula(part[1:-1])
        if part.startswith("$")
        else f"<code>{html.escape(part[1:-1])}</code>"
        if part.startswith("`")
        else _emphasis(html.escape(part, quote=False))
        for part in parts
    )


def _emphasis(text: str) -> str:
    return re.sub(r"\*(.+?)\*", r"<em>\1</em>", re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text))


def formula(latex: str, *, display: bool = False) -> str:
    """A formula in MathML."""
    latex = latex.strip().replace("aligned}", "align*}")
    return _letters(_underlined(_spaced(convert(latex, display="block" if display else "inline"))))


def _spaced(mathml: str) -> str:
    """A thin space about log, as TeX has it: none before a parenthesis."""
    thin, named = '<mspace width="0.167em"/>', "<mi>(?:log|exp)</mi>"
    mathml = re.sub(f"({named})(?!(?:<mrow>)?<mo[^>]*>(?:&#x00028;|\\()|</mrow>)", rf"\1{thin}", mathml)
    before = "</m(?:i|n|sub|sup|subsup|frac)>|(?:&#x00029;|\\))</mo>(?:</mrow>)?"
    return re.sub(f"({before})({named})", rf"\1{thin}\2", mathml)


def _underlined(mathml: str) -> str:
    r"""\textcolor{ELBO double}{…}, a term underlined as in instruments, in a colour of `figures.style`."""

    def line(found: re.Match) -> str:
        look = f"padding-bottom: 0.12em; border-bottom: 0.12em {found[2]} {getattr(palette, found[1])}"
        return f'<mstyle style="{look}">'

    return re.sub(r'<mstyle mathcolor="([A-Z_]+) (\w+)">', line, mathml)


def _letters(mathml: str) -> str:
    def letter(found: re.Match) -> str:
        kind, shown = found[1], html.unescape(found[2])
        drawn = "".join(_styled(character, kind) for character in shown)
        return f"<mi>{drawn}</mi>"

    return re.sub(r'<m[ino] mathvariant="(?!normal)([a-z-]+)">(.*?)</m[ino]>', letter, mathml)


def _styled(character: str, kind: str) -> str:
    if character in EXCEPTIONS.get(kind, {}):
        return EXCEPTIONS[kind][character]
    if kind in GREEK and "Α" <= character <= "Ω":
        return chr(ord(GREEK[kind][0]) + ord(character) - ord("Α"))
    if kind in GREEK and "α" <= character <= "ω":
        return chr(ord(GREEK[kind][1]) + ord(character) - ord("α"))
    if kind == "bold-italic" and character in "ϵεϕφθ":
        return {"ϵ": "𝝐", "ε": "𝜺", "ϕ": "𝝓", "φ": "𝝋", "θ": "𝜽"}[character]
    for start, first in zip(("A", "a", "0"), LETTERS.get(kind, ("", "", "")), strict=True):
        if first and 0 <= ord(character) - ord(start) < (10 if start == "0" else 26):
            return chr(ord(first) + ord(character) - ord(start))
    return character


def source(formula: Formula) -> str:
    """The lines of the library that are the formula, without its docstring.

    Raises:
        ValueError: where the source does not hold the lines that are named.
    """
    assert formula.code is not None
    lines = textwrap.dedent(inspect.getsource(formula.code)).splitlines()
    definition = ast.parse("\n".join(lines)).body[0]
    assert isinstance(definition, ast.FunctionDef | ast.ClassDef)
    if ast.get_docstring(definition) is not None:
        docstring = definition.body[0]
        del lines[docstring.lineno - 1 : docstring.end_lineno]
    if formula.lines is None:
        return "\n".join(lines)
    first, last = formula.lines
    start = next((i for i, line in enumerate(lines) if first in line), None)
    end = next((i for i, line in enumerate(lines) if start is not None and i >= start and last in line), None)
    if start is None or end is None:
        raise ValueError(f"{formula.code.__qualname__} has no lines from {first!r} to {last!r}.")
    return textwrap.dedent("\n".join(lines[start : end + 1]))


def highlighted(code: str) -> str:
    """Python in HTML, its keywords, strings, numbers and comments marked."""
    parts = []
    for token, value in lex(code, PythonLexer()):
        kind = next((name for group, name in CLASSES.items() if token in group), "")
        text = html.escape(value)
        parts.append(f'<span class="{kind}">{text}</span>' if kind else text)
    return "".join(parts).rstrip()
