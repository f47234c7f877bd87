"""The files of the static edition."""

import html
import json
import math
import re
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from aevb import checkpoints, data, places, web_bundle
from aevb.data import Images
from aevb.site.packing import script
from aevb.ui.frame import catalogue
from aevb.ui.shared import contents, loading
from aevb.ui.shared.contents import Content, digest

IMAGES = 1000
"""Test images that go along, the first of their source: all 10,000 would take 2.1 MB more."""

TOLD = 100_000
"""Contents of so many bytes or more are announced with their size, so that a page can show the progress."""

NAME = "AEVB Explorer"

MISSING = (
    "Training needs a server: this edition has none. The app has this page: "
    'pip install "aevb[app]", then aevb app. What learns without a server:'
)
LEARNING = (("vae", "ascent"), ("factor-analysis", "watch"))
"""Pages and their scenes in which a model is trained by the browser."""

HERE = Path(__file__).parent
_COMMENT = re.compile(r"^[ \t]*(?:/\*(?:(?!\*/).)*\*/|//[^\n]*)\n", re.MULTILINE | re.DOTALL)
"""A comment on lines of its own. They are left out: a fourth of the modules' bytes."""


def write(folder: Path, own: Mapping[str, Path] | None = None, *, overwrite: bool = False) -> None:
    """Writes the edition. A folder that cannot be written whole is left as it was.

    Args:
        folder: to be made, or empty; or, to `overwrite`, an edition that was written before.
        own: checkpoints' folders, by the model's name, that take the places of the library's own.
        overwrite: whether an edition that is there may go.

    Raises:
        ValueError: where there is something else in the folder, or another disk, or a checkpoint of a model
            without a page.
        CheckpointError, DataError: where a checkpoint or the test images are missing, damaged or do not fit.
    """
    folder = folder.resolve()  # a link to a folder stays one, and its folder gets the edition
    _refuse(folder, overwrite)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".aevb-", dir=folder.parent) as temporary:
        made = Path(temporary) / "edition"
        _Edition(made, own or {}).write()
        if folder.exists():
            folder.rename(Path(temporary) / "before")
        made.rename(folder)


def _refuse(folder: Path, overwrite: bool) -> None:
    if folder.is_mount():
        raise ValueError(
            f"{folder} is where a disk is mounted, which cannot be put aside: name a folder in it."
        )
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not ((folder / "aevb.js").is_file() and (folder / "contents").is_dir()):
        raise ValueError(f"{folder} is there and is no edition of the explorer: name a new folder.")
    if not overwrite:
        raise ValueError(f"{folder} holds an edition already: --overwrite writes it anew.")


def kinds(folders: list[Path]) -> dict[str, Path]:
    """Checkpoints' folders by their models' names.

    Raises:
        CheckpointError: where one is missing or damaged.
        ValueError: where two are of one model.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        kind = checkpoints.load(folder).kind
        if kind in found:
            raise ValueError(f"{found[kind]} and {folder} both hold a {kind}: an edition has room for one.")
        found[kind] = folder
    return found


class _Edition:
    """One edition, file by file."""

    def __init__(self, folder: Path, own: Mapping[str, Path]) -> None:
        self.folder = folder
        self.files: list[str] = []
        self.names: dict[str, str] = {}  # of contents, by what they hold
        self.own = own

    def write(self) -> None:
        """Writes all files; the last are those that name others."""
        shown = {kind for page in catalogue.MENU for kind in page.checkpoints}
        for kind, path in self.own.items():
            if kind not in shown:
                raise ValueError(f"{path} holds a {kind}, and no page looks at a checkpoint of that model.")
        loading.extend(folder=self._folder, images=self._images)
        try:
            pages, note = [self._page(page) for page in catalogue.MENU], self._note()
        finally:
            loading.extend()
            loading.test_images.cache_clear()  # the next edition has others under the same names
        parts = sorted({one.part for page in catalogue.MENU if not page.served for one in page.scenes})
        asking = sorted({one.part for page in catalogue.MENU for one in page.scenes if one.questions})
        entries = [
            *(f"frame/{name}.js" for name in ("ask", "lesson", "present", "qr", "share", "tour")),
            *(f"parts/{part}/{part}.js" for part in parts),
            *(f"parts/{part}/asks.js" for part in asking),
        ]
        around = [f"style/{name}.css" for name in ("ask", "base", "present", "tour")]
        sheets = [*around, *(f"parts/{part}/{part}.css" for part in parts)]
        site = {
            "name": NAME,
            "note": note,
            "pages": pages,
            "modules": {
                path: _COMMENT.sub("", text)
                for path, text in web_bundle.modules("hosts/site.js", *entries).items()
            },
            "styles": {path: _web(path) for path in sheets},
            "sizes": {name: size for name in self.files if (size := self._size(name)) >= TOLD},
        }
        named = self._content("site", json.dumps(site, ensure_ascii=False).encode())
        page = Template((HERE / "index.html").read_text(encoding="utf-8"))
        index = page.substitute(site=named, style=_theme() + _web("style/site.css"))
        self._file("index.html", index.encode())
        self._file("aevb.js", _web("hosts/boot.js").encode())
        self._file("icon.svg", (Path(catalogue.__file__).parent / "icon.svg").read_bytes())
        files = sorted(self.files)
        version = digest(*((self.folder / name).read_bytes() for name in files))
        told = json.dumps({"version": version, "files": files}, indent=0)
        self._file("offline.js", f"self.edition = {told};\n\n{_web('hosts/offline.js')}".encode())

    # Pages

    def _page(self, page: catalogue.Page) -> dict[str, Any]:
        told = {
            "page": page.name,
            "title": page.title,
            "brief": page.brief or page.title,
            "pages": [one.name for one in catalogue.MENU],
            "tours": self._url(catalogue.TOURS, "all"),
        }
        if page.served:
            scenes = [
                {"id": one.id, "title": one.title, "part": one.part, "says": ""} for one in page.scenes[:1]
            ]
            return told | {"scenes": scenes, "shared": {}, "problem": MISSING, "elsewhere": _learning()}
        scenes = [catalogue.told(page, scene, self._url) for scene in page.scenes]
        told["notes"] = self._url(catalogue.NOTES, f"{page.key}/notes")
        return told | {"scenes": scenes, "shared": self._shared(page)}

    def _shared(self, page: catalogue.Page) -> dict[str, Any]:
        """What a page's parts are told, and the files that they are told of."""
        if not page.checkpoints:
            return {}
        named = {kind: _own(kind) if kind in self.own else kind for kind in page.checkpoints}
        found = {kind: self._checkpoint(kind, name) for kind, name in named.items()}
        digits = {kind: self._digits(loading.source(name)) for kind, name in named.items()}
        if len(found) == 1:
            (kind,) = found
            return {"digits": digits[kind], "checkpoint": found[kind]}
        for kind in self.own.keys() & found.keys():
            found[kind]["digits"] = digits[kind]
        return {"digits": self._digits(loading.DEFAULT), "checkpoints": found}

    def _checkpoint(self, kind: str, name: str) -> dict[str, Any]:
        """Where a checkpoint's parts are; maps only where a scene shows them, and no latent values: browsers
        find those of so few images themselves."""
        mapped = any(
            one.part == "map" for page in catalogue.MENU if page.checkpoints == (kind,) for one in page.scenes
        )

        def url(content: Content, key: str) -> str:
            unused = content == contents.LATENTS or (content == contents.POINTS and not mapped)
            return "" if unused else self._url(content, key)

        told = contents.checkpoint(name, url) | {"name": kind}
        return {key: where for key, where in told.items() if where}

    def _digits(self, source: str) -> dict[str, Any]:
        count = _count(source)
        chunks = range(math.ceil(count / contents.CHUNK))
        return contents.digits(source, lambda *_: "") | {
            "count": count,
            "labels": self._url(contents.DIGITS, f"{source}/labels"),
            "images": [self._url(contents.DIGITS, f"{source}/{chunk}") for chunk in chunks],
        }

    def _folder(self, name: str) -> Path:
        for kind, path in self.own.items():
            if name == _own(kind):
                return path
        raise LookupError(name)

    def _images(self, name: str) -> Images:
        """Those on this disk on which a checkpoint of one's own was trained, by its name."""
        checkpoint = loading.checkpoint(name)
        source = checkpoint.training.get("source")
        if not isinstance(source, str) or source in data.SOURCES or len(checkpoint.shape) < 2:
            raise LookupError(name)
        return data.read(source, size=checkpoint.shape[-2:])

    def _note(self) -> str:
        titles = {page.checkpoints: page.title for page in catalogue.MENU}
        own = ""
        for kind, path in self.own.items():
            seen = loading.test_images(loading.source(_own(kind))).title
            named, seen = html.escape(path.name), html.escape(seen)
            own += f" {titles[kind,]}: the checkpoint {named}, looked at with {seen}."
        count = _count(loading.DEFAULT)
        return (
            f"The edition without a server: everything is computed in this page. {count:,} of MNIST’s test "
            f"digits come with it; the app has them all, and trains.{own}"
        )

    # Files

    def _url(self, content: Content, key: str) -> str:
        return self._content(f"{content.kind}-{key.replace('/', '-')}", _made(content, key))

    def _content(self, name: str, content: bytes) -> str:
        """Writes a content, once however many ask for it, under a name with its hash."""
        hashed = digest(content)
        if hashed not in self.names:
            self.names[hashed] = f"contents/{name}.{hashed}.js"
            self._file(self.names[hashed], script(self.names[hashed], content))
        return self.names[hashed]

    def _size(self, name: str) -> int:
        return (self.folder / name).stat().st_size

    def _file(self, name: str, content: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self.files.append(name)


def _learning() -> list[dict[str, str]]:
    """Where a model is trained without a server, with what leads there."""
    found = []
    for name, scene_id in LEARNING:
        page = catalogue.page(name)
        (scene,) = (one for one in page.scenes if one.id == scene_id)
        found.append({"page": name, "scene": scene_id, "title": f"{page.title}: {scene.title}"})
    return found


def _own(kind: str) -> str:
    """The name under which a checkpoint of one's own is looked at."""
    return f"own-{kind}"


def _count(source: str) -> int:
    return min(IMAGES, len(loading.test_images(source).split))


def _made(content: Content, key: str) -> bytes:
    """A content as the server makes it, but of test images the first ones stay."""
    made = content.make(key)
    name, _, wanted = key.partition("/")
    if content == contents.DIGITS and wanted == "labels":
        return made[: _count(name)]
    if content not in (contents.POINTS, contents.CLUSTERS):
        return made
    source = loading.source(name)
    count, total = _count(source), len(loading.test_images(source).split)
    if content == contents.CLUSTERS:
        return made[: 4 * count] + made[4 * total : 4 * total + count]
    return made[: len(made) // total * count]


def _web(path: str) -> str:
    return (web_bundle.ROOT / path).read_text(encoding="utf-8")


def _theme() -> str:
    """The app's colours, for light and dark, as .streamlit/config.toml has them."""
    theme = tomllib.loads((places.ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
    names = {
        "text": "textColor",
        "background": "backgroundColor",
        "secondary-background": "secondaryBackgroundColor",
        "border": "borderColor",
        "primary": "primaryColor",
    }
    rules = []
    for kind, selector in {"light": ":root", "dark": ':root[data-theme="dark"]'}.items():
        colours = {f"--st-{name}-color": theme[kind][key] for name, key in names.items()}
        colours["--st-menu-color"] = theme[kind]["sidebar"]["backgroundColor"]
        told = " ".join(f"{name}: {colour};" for name, colour in colours.items())
        rules.append(f"{selector} {{ color-scheme: {kind}; {told} }}\n")
    return "".join(rules)
