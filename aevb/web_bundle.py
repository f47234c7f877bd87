"""The front end's modules as one script, for pages that cannot fetch them one by one: a notebook, a file.

A browser imports a module by a URL; here each becomes one of a Blob, after those that it imports.
"""

import json
import re
from pathlib import Path

ROOT = (Path(__file__).parent / "web").resolve()  # as what modules import is resolved

IMPORT = re.compile(r'^(\s*(?:import|export)\s[^;"]*?)\bfrom "(\.[^"]+)"', re.MULTILINE)
"""A static import, or an export from elsewhere; deno's formatter writes each name in double quotes."""

LOADER = """\
const urls = new Map();
for (const [name, source] of %s) {
  const linked = source.replaceAll(/ from "aevb:([^"]+)"/g, (_, from) => ` from "${urls.get(from)}"`);
  urls.set(name, URL.createObjectURL(new Blob([linked], { type: "text/javascript" })));
}
"""


def modules(*entries: str) -> dict[str, str]:
    """The sources of modules and of all that they import, by their paths within aevb/web/.

    Each stands after those that it imports. An import names a module as "aevb:" and its path.

    Imports that are computed, as the frame's of its parts, are left as they are.

    Raises:
        FileNotFoundError: where there is no such module.
    """
    found: dict[str, str] = {}

    def add(path: Path) -> None:
        name = path.relative_to(ROOT).as_posix()
        if name in found:
            return

        def linked(match: re.Match) -> str:
            imported = (path.parent / match[2]).resolve()
            add(imported)
            return f'{match[1]}from "aevb:{imported.relative_to(ROOT).as_posix()}"'

        found[name] = IMPORT.sub(linked, path.read_text(encoding="utf-8"))

    for entry in entries:
        add(ROOT / entry)
    return found


def loader(*entries: str) -> str:
    """A script that makes these modules: then `import(urls.get(entry))` brings each of them."""
    return LOADER % json.dumps(list(modules(*entries).items()))
