"""Files that nobody should bring, to a running server: refused in a sentence, and nothing of them stays."""

import http.client
import io
import json
import os
import stat
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from aevb.ui.jobs import limits
from benchmarks.hostile.requests import Answer, Request
from benchmarks.hostile.table import Row
from benchmarks.hostile.visitor import PLACES
from benchmarks.serving import Server

SECONDS = 90.0


def zipped(**entries: bytes) -> bytes:
    """A zip; "__" in a name stands for "."."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name.replace("__", "."), content)
    return packed.getvalue()


def linked() -> bytes:
    """A zip with a link out of it."""
    packed, entry = io.BytesIO(), zipfile.ZipInfo("a.png")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    return packed.getvalue()


def saved(**arrays: np.ndarray) -> bytes:
    """An .npz."""
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)  # type: ignore[arg-type]
    return packed.getvalue()


FILES: dict[str, Callable[[], bytes]] = {
    "nothing": bytes,
    "a page": lambda: b"<html>" * 1000,
    "a pickle": lambda: b"\x80\x04\x95" + bytes(1000),
    "a zip cut off": lambda: zipped(**{"a.png": bytes(10**6)})[:-100],
    "a bomb": lambda: zipped(**{"a.png": bytes(2**28 + 1)}),
    "a name outside": lambda: zipped(**{"../../a.png": b"x"}),
    "a link": linked,
    "a zip in a zip": lambda: zipped(**{"a.zip": zipped(**{"a.png": b"x"})}),
    "no images": lambda: zipped(**{f"{number}.png": b"none" for number in range(300)}),
    "too many files": lambda: zipped(**{f"{number}.png": b"" for number in range(limits.MAX_ENTRIES + 1)}),
    "pickled arrays": lambda: saved(x=np.array([{}] * 300, dtype=object)),
    "arrays that are not finite": lambda: saved(x=np.full((300, 8, 8), np.nan, np.float32)),
    "a checkpoint of nothing": lambda: zipped(**{"config.json": b"[]", "model.safetensors": b""}),
    "more than is taken": lambda: os.urandom(limits.MAX_UPLOAD + 1),
}


def ask(server: Server, request: Request) -> Answer:
    """Asks a server, whose path goes out as it stands."""
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=SECONDS)
    try:
        connection.request(request.method, request.path, request.body, dict(request.headers))
        answer = connection.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, told, answer.read())
    finally:
        connection.close()


def tried(row: Row, server: Server, runs: Path) -> None:
    """Brings each to the page Train's place for files, and some to Streamlit's."""
    for number, (what, made) in enumerate(FILES.items()):
        row.attempt(what, partial(_brought, server, made(), f"visitor-{number:04}"))
    for number in range(8):
        path = f"/_stcore/upload_file/0123456789abcdef/{number}"
        row.attempt("20 MB to Streamlit's place", partial(_refused, server, path))
    left = [path for path in runs.rglob("*") if path.is_file()]
    row.note("what is left of them", ", ".join(map(str, left)))


def _brought(server: Server, content: bytes, visitor: str) -> str:
    headers = {"Content-Type": "application/octet-stream", "X-Visitor": visitor, "X-Name": "../%00<b>.zip"}
    try:
        answer = ask(server, Request("/training/upload", "POST", content, headers))
    except (BrokenPipeError, ConnectionResetError):  # it has heard enough
        return ""
    said = json.loads(answer.body).get("problem", "")
    fine = 400 <= answer.status < 500 and said.endswith(".") and not PLACES.search(said)
    return "" if fine else f"status {answer.status}: {answer.body[:200]!r}"


def _refused(server: Server, path: str) -> str:
    try:
        answer = ask(server, Request(path, "PUT", bytes(20 * 2**20), {"Content-Type": "image/png"}))
    except (BrokenPipeError, ConnectionResetError):
        return ""
    return "" if 400 <= answer.status < 500 else f"status {answer.status}"
