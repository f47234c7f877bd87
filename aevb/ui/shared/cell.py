"""This view in Python: a scene's cell for a notebook, from a function of what its link says.

The function is ordinary Python, checked and tested as such. Its cell is the imports that it uses, a line for
each parameter with the view's value, and its body; what it returns is what a notebook shows of the cell.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

Cell = Callable[..., Any]
"""Its parameters have the names of the link's values; one whose name Python keeps to itself ends in "_"."""

PARSING = Lock()
"""Held while the library's source is read: Python 3.11's parser fails where several threads parse at once."""


def template(cell: Cell, **values: Any) -> dict[str, Any]:
    """The cell in three parts: `imports`; `values` by name, where the link says nothing; and `body`.

    Args:
        values: of parameters that no link has, or that have no default.
    """
    with PARSING:
        module = ast.parse(inspect.getsource(inspect.getmodule(cell)))  # type: ignore[arg-type]
        lines = textwrap.dedent(inspect.getsource(cell)).splitlines()
        definition = ast.parse("\n".join(lines)).body[0]
    assert isinstance(definition, ast.FunctionDef)
    first, last = definition.body[1 if ast.get_docstring(definition) else 0], definition.body[-1]
    assert isinstance(last, ast.Return), "what a notebook shows"
    lines[last.lineno - 1] = lines[last.lineno - 1].replace("return ", "", 1)
    used = {node.id for line in definition.body for node in ast.walk(line) if isinstance(node, ast.Name)}
    parameters = inspect.signature(cell).parameters
    said = {name: values.get(name, parameter.default) for name, parameter in parameters.items()}
    return {
        "imports": "\n".join(_imports(module, used)),
        "values": said,
        "body": textwrap.dedent("\n".join(lines[first.lineno - 1 :])),
    }


def written(parts: Mapping[str, Any], **said: Any) -> str:
    """The cell with these values in place of its own, as frame/cell.js writes it for a link."""
    lines = [f"{name} = {said.get(name, value)!r}" for name, value in parts["values"].items()]
    return "\n\n".join(part for part in (parts["imports"], "\n".join(lines), parts["body"]) if part) + "\n"


def _imports(module: ast.Module, used: set[str]) -> list[str]:
    """The module's imports of these names, and of no others."""
    found = []
    for node in module.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            node.names = [each for each in node.names if (each.asname or each.name) in used]
            if node.names:
                found.append(ast.unparse(node))
    return found
