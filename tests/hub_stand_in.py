"""The Hugging Face Hub, by a stand-in on this machine: what its client asks when it loads, pushes, deploys.

Of a model the repository's key is "owner/name", of a Space "spaces/owner/name". Large files go by plain LFS:
the client's own protocol beside it, Xet, is switched off in `ENVIRONMENT`.
"""

import base64
import hashlib
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
TOKEN = "a-token"
ENVIRONMENT = {"HF_TOKEN": TOKEN, "HF_HUB_DISABLE_XET": "1"}
LARGE = (".safetensors", ".npz", ".png", ".webp")
"""What a new repository's .gitattributes keeps in LFS."""

NEW_SPACE = {
    ".gitattributes": b"*.safetensors filter=lfs\n",
    "README.md": b"---\ntitle: New\nemoji: X\ncolorFrom: red\ncolorTo: blue\nsdk: static\n---\n",
    "index.html": b"<p>A new static Space</p>",
    "style.css": b"",
}
DROPPED = 0
"""The status of an answer that is none: the connection is closed."""


@dataclass
class Hub:
    """What is there, what was asked for and sent, and what goes wrong.

    Attributes:
        repositories: by their keys, each of files by name.
        asked: "METHOD path" of each request.
        sent: bytes by "repository/file".
        whole: the repositories whose files are sent whole, whichever part of them is asked for.
        accounts: what /whoami-v2 tells, by the token.
        private: the repositories that only their owners see.
        commits: their titles by the repository's key, newest last.
        answers: in the place of the usual answer to a request of `asked`, a status and what is said with it.
    """

    repositories: dict[str, dict[str, bytes]]
    url: str = ""
    asked: list[str] = field(default_factory=list)
    sent: dict[str, int] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)
    accounts: dict[str, dict[str, Any]] = field(default_factory=lambda: {TOKEN: account("someone")})
    private: set[str] = field(default_factory=set)
    commits: dict[str, list[str]] = field(default_factory=dict)
    answers: dict[str, tuple[int, str]] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)

    def sha(self, key: str) -> str:
        """The commit that a repository's branch main is at."""
        made = self.commits.get(key, [])
        return hashlib.sha1(json.dumps([key, made]).encode(), usedforsecurity=False).hexdigest()

    def writes(self) -> list[str]:
        """What was asked that could have changed something."""
        reads = ("GET", "HEAD", "POST /api/validate-yaml")
        return [line for line in self.asked if not line.startswith(reads)]


def account(name: str, *organizations: str, role: str = "write") -> dict[str, Any]:
    """What /whoami-v2 tells of a user."""
    orgs = [{"name": organization, "type": "org"} for organization in organizations]
    return {"name": name, "type": "user", "orgs": orgs, "auth": {"accessToken": {"role": role}}}


def etag(content: bytes) -> str:
    """As git names a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def front_matter(text: bytes) -> dict[str, Any]:
    found = re.match(rb"---\n(.*?)\n---\n", text, re.DOTALL)
    return yaml.safe_load(found[1]) if found else {}


def unfit(told: Mapping[str, Any]) -> list[str]:
    """What the Hub finds wrong in the front matter of a Space."""
    colors = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
    wrong = [name for name in ("emoji", "colorFrom", "colorTo", "sdk") if not told.get(name)]
    wrong += [name for name in ("colorFrom", "colorTo") if told.get(name) not in colors]
    wrong += ["sdk"] if told.get("sdk") not in ("static", "docker", "gradio") else []
    wrong += ["header"] if told.get("header", "mini") not in ("mini", "default") else []
    wrong += ["short_description"] if len(told.get("short_description", "")) > 60 else []
    return wrong


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def do_GET(self) -> None:
        if self._meets_a_fault():
            return
        match self._parts():
            case ["api", "whoami-v2"]:
                if self._account() is None:
                    self._refuse(401, "Invalid credentials in Authorization header")
                else:
                    self._tell(self._account())
            case ["api", "models" | "spaces" as kind, owner, name, *rest] if self._there(kind, owner, name):
                self._describe(self._key(kind, owner, name), rest)
            case ["spaces", owner, name, "resolve", _, *file] if self._has(f"spaces/{owner}/{name}", file):
                self._send(f"spaces/{owner}/{name}", "/".join(file))
            case [owner, name, "resolve", _, *file] if self._has(f"{owner}/{name}", file):
                self._send(f"{owner}/{name}", "/".join(file))
            case _:
                self._answer(b"", 404, **{"X-Error-Code": "RepoNotFound"})

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self._meets_a_fault():
            return
        match self._parts():
            case ["api", "validate-yaml"]:
                told = json.loads(body)
                wrong = unfit(front_matter(told["content"].encode())) if told["repoType"] == "space" else []
                told = {"errors": [{"message": f"{name} is wrong"} for name in wrong], "warnings": []}
                self._answer(json.dumps(told).encode(), 400 if wrong else 200)
            case ["api", "repos", "create"]:
                self._create(json.loads(body))
            case ["api", "models" | "spaces" as kind, owner, name, "preupload", "main"]:
                files = self.hub.repositories[self._key(kind, owner, name)]
                self._tell({"files": [_mode(file, files) for file in json.loads(body)["files"]]})
            case ["api", "models" | "spaces" as kind, owner, name, "commit", "main"]:
                self._commit(self._key(kind, owner, name), [json.loads(line) for line in body.splitlines()])
            case [*_, "info", "lfs", "objects", "batch"]:
                asked = json.loads(body)["objects"]
                self._tell({"transfer": "basic", "objects": [self._stored(**one) for one in asked]})
            case ["lfs", "verify"]:
                told = json.loads(body)
                self._answer(b"{}", 200 if len(self.hub.objects[told["oid"]]) == told["size"] else 422)
            case _:
                self._answer(b"", 404)

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self._meets_a_fault():
            return
        match self._parts():
            case ["lfs", oid] if sha256(body) == oid:
                self.hub.objects[oid] = body
                self._tell({})
            case ["api", "models" | "spaces" as kind, owner, name, "settings"]:
                self._show(self._key(kind, owner, name), json.loads(body)["visibility"])
                self._tell({})
            case _:
                self._answer(b"", 404)

    def _meets_a_fault(self) -> bool:
        line = f"{self.command} {self._path()}"
        if self._path() != "/api/agent-harnesses":  # the client's own, once a day
            self.hub.asked.append(line)
        if line not in self.hub.answers:
            return False
        status, said = self.hub.answers[line]
        if status == DROPPED:
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        else:
            self._refuse(status, said)
        return True

    def _path(self) -> str:
        return self.path.partition("?")[0]

    def _parts(self) -> list[str]:
        return self._path().strip("/").split("/")

    def _key(self, kind: str, owner: str, name: str) -> str:
        return f"{owner}/{name}" if kind == "models" else f"spaces/{owner}/{name}"

    def _account(self) -> dict[str, Any] | None:
        return self.hub.accounts.get(self.headers.get("Authorization", "").removeprefix("Bearer "))

    def _there(self, kind: str, owner: str, name: str) -> bool:
        key = self._key(kind, owner, name)
        return key in self.hub.repositories and (key not in self.hub.private or self._account() is not None)

    def _has(self, key: str, file: list[str]) -> bool:
        return "/".join(file) in self.hub.repositories.get(key, {})

    def _show(self, key: str, visibility: str) -> None:
        (self.hub.private.add if visibility == "private" else self.hub.private.discard)(key)

    def _create(self, told: dict[str, Any]) -> None:
        kind, owner = f"{told.get('type', 'model')}s", told.get("organization") or "someone"
        key = self._key(kind, owner, told["name"])
        known = self._account()
        if known is None or owner not in (known["name"], *(org["name"] for org in known["orgs"])):
            self._refuse(403, f'You don\'t have the rights to create a {kind[:-1]} under "{owner}"')
            return
        where = {"url": f"{self.hub.url}/{key}", "name": f"{owner}/{told['name']}"}
        if key in self.hub.repositories:
            self._answer(json.dumps(where | {"error": "You already created it"}).encode(), 409)
            return
        self.hub.repositories[key] = dict(NEW_SPACE) if kind == "spaces" else {}
        self.hub.commits[key] = ["initial commit"]
        self._show(key, told.get("visibility", "public"))
        self._tell(where)

    def _commit(self, key: str, lines: list[dict[str, Any]]) -> None:
        files = dict(self.hub.repositories[key])
        head = lines[0]["value"]
        if head.get("parentCommit", self.hub.sha(key)) != self.hub.sha(key):
            self._refuse(412, "A commit has happened since. Please refresh and try again.")
            return
        for line in lines[1:]:
            told = line["value"]
            match line["key"]:
                case "file":
                    files[told["path"]] = base64.b64decode(told["content"])
                case "lfsFile":
                    files[told["path"]] = self.hub.objects[told["oid"]]
                case "deletedFile":
                    del files[told["path"]]
        self.hub.repositories[key] = files
        self.hub.commits.setdefault(key, []).append(head["summary"])
        sha = self.hub.sha(key)
        self._tell({"commitUrl": f"{self.hub.url}/{key}/commit/{sha}", "commitOid": sha})

    def _describe(self, key: str, rest: list[str]) -> None:
        files = self.hub.repositories[key]
        if rest[:1] == ["tree"]:
            folders = {str(folder) for name in files for folder in Path(name).parents} - {"."}
            told = [{"type": "directory", "path": name, "oid": etag(name.encode())} for name in folders]
            self._tell([*told, *(_entry(name, content) for name, content in files.items())])
        elif rest[:1] == ["commits"]:
            made = [
                {
                    "id": "0" * 40,
                    "authors": [],
                    "date": "2026-11-25T12:00:00.000Z",
                    "title": title,
                    "message": "",
                }
                for title in reversed(self.hub.commits.get(key, []))
            ]
            self._tell(made)
        elif rest in ([], ["revision", "main"]):
            siblings = [{"rfilename": name, "size": len(content)} for name, content in files.items()]
            card = front_matter(files.get("README.md", b""))
            told = {"id": key.removeprefix("spaces/"), "sha": self.hub.sha(key), "siblings": siblings}
            self._tell(told | {"private": key in self.hub.private, "cardData": card, "sdk": card.get("sdk")})
        else:
            self._answer(b"", 404, **{"X-Error-Code": "RevisionNotFound"})

    def _stored(self, oid: str, size: int) -> dict[str, Any]:
        upload = {"href": f"{self.hub.url}/lfs/{oid}"}
        verify = {"href": f"{self.hub.url}/lfs/verify"}
        there = {} if oid in self.hub.objects else {"actions": {"upload": upload, "verify": verify}}
        return {"oid": oid, "size": size, **there}

    def _send(self, key: str, file: str) -> None:
        content = self.hub.repositories[key][file]
        told = {"ETag": f'"{etag(content)}"', "X-Repo-Commit": self.hub.sha(key)}
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if asked and key not in self.hub.whole:
            part = content[int(asked[1]) : int(asked[2]) + 1]
            self._answer(part, 206, **told)
        else:
            part = content
            self._answer(part, **told)
        if self.command == "GET":
            name = f"{key}/{file}"
            self.hub.sent[name] = self.hub.sent.get(name, 0) + len(part)

    def _tell(self, value: object) -> None:
        self._answer(json.dumps(value).encode())

    def _refuse(self, status: int, said: str) -> None:
        self._answer(json.dumps({"error": said}).encode(), status, **{"X-Error-Message": said})

    def _answer(self, content: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


def _large(name: str) -> bool:
    return name.endswith(LARGE)


def _mode(file: dict[str, Any], files: Mapping[str, bytes]) -> dict[str, Any]:
    name, there = file["path"], files.get(file["path"])
    mode = "lfs" if _large(name) else "regular"
    oid = None if there is None else (sha256 if _large(name) else etag)(there)
    return {"path": name, "uploadMode": mode, "shouldIgnore": False, "oid": oid}


def _entry(name: str, content: bytes) -> dict[str, Any]:
    told = {"type": "file", "path": name, "size": len(content)}
    if not _large(name):
        return told | {"oid": etag(content)}
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n"
    pointer %= sha256(content).encode(), len(content)
    lfs = {"oid": sha256(content), "size": len(content), "pointerSize": len(pointer)}
    return told | {"oid": etag(pointer), "lfs": lfs}


@contextmanager
def serving(repositories: dict[str, dict[str, bytes]]) -> Iterator[Hub]:
    """A Hub that has these repositories, on a free port."""
    found = Hub(repositories)
    handler = type("Handler", (_Handler,), {"hub": found})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()


def refused_address() -> str:
    """Where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return "http://127.0.0.1:{1}".format(*listener.getsockname())


def run(endpoint: str, home: Path, script: str, *arguments: str) -> list[str]:
    """What a script prints in a process of its own, in another folder, that takes `endpoint` for the Hub."""
    home.mkdir(exist_ok=True)
    environment = {
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(home),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT),
    }
    process = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=home,
        env=os.environ | ENVIRONMENT | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout.splitlines()
