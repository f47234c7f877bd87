"""Pulled from the Hub and pushed to it, by the page's routes, with a stand-in on this machine.

The routes run in processes of their own, since huggingface_hub is told of the stand-in as it is imported.
"""

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from aevb import checkpoints
from aevb.ui.train import hub
from tests.damage import edit, header, write
from tests.hub_stand_in import TOKEN, Hub, account, refused_address, run, serving
from tests.small_models import make
from tests.test_uploads import CONFIG, DAMAGED, WEIGHTS, foreign, unsound

SECRET = "hf_secretsecretsecret"
VISITOR = "0123456789abcdef"

SCRIPT = """
import json, logging, sys, time
from pathlib import Path
from starlette.applications import Starlette
from starlette.testclient import TestClient
from aevb import checkpoints, stored
from aevb.ui.jobs import limits, queue, server, uploads
from aevb.ui.jobs.worker import answer
from aevb.ui.train import hub, routes

logging.basicConfig(level=logging.DEBUG, filename="log.txt")

class Here:
    alive = True
    def ready(self):
        pass
    def ask(self, request, seconds):
        return json.loads(json.dumps(answer(request)))
    def stop(self):
        pass

limits.UPLOADS = (100, 1.0)
stored.hub.SECONDS = 1.0
root = Path("runs").absolute()
runs = queue.Queue(root, workers=1, hire=Here)
uploads.lie_in(uploads.below(root))
server.queue = lambda: runs
client = TestClient(Starlette(routes=[*routes.routes(), *hub.routes()]), raise_server_exceptions=False)
if (root / "mine").exists():
    names = {"shelved": runs.shelve(root / "mine", "0123456789abcdef", {"title": "mine"})}
else:
    names = {}
for path, body in json.loads(sys.argv[1]):
    body = {key: names.get(value, value) if key == "run" else value for key, value in body.items()}
    start = time.monotonic()
    answered = client.post(f"/training/{path}", json={"visitor": "0123456789abcdef", **body})
    print(json.dumps([answered.status_code, answered.json(), time.monotonic() - start]))
left = [str(path.relative_to(root)) for path in sorted(root.rglob("*")) if path.is_file()]
print(json.dumps(left))
"""


def ask(endpoint: str, home: Path, *asked: tuple[str, dict[str, Any]]) -> tuple[list[list[Any]], list[str]]:
    """What is answered to each of several posts: status, JSON, seconds; and the files that lie there then."""
    *answers, left = map(json.loads, run(endpoint, home, SCRIPT, json.dumps(asked)))
    return answers, left


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


STRANGE: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "someone/vast": (CONFIG, edit(data_dim=10**9), "config.json is damaged: A VAE of these sizes"),
    "someone/foreign": (WEIGHTS, foreign, "does not fit its config.json"),
    "someone/unsound": (WEIGHTS, unsound, "not all numbers of"),
    "someone/float8": (WEIGHTS, DAMAGED["float8"][1], "is of type F8_E4M3"),
    "someone/long": (CONFIG, write(b" " * 9000), "at most 8,192 make sense"),
    "someone/bare": (WEIGHTS, Path.unlink, "someone/bare/model.safetensors is missing."),
    "someone/undescribed": (WEIGHTS, header(q_z_given_x__loc__bias=3), "does not describe"),
}


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, dict[str, Any], list[str]]]:
    """The Hub, what was answered to each name, and what lay on the server in the end."""
    place = tmp_path_factory.mktemp("hub")
    repositories = {}
    for name, (file, damage, _) in {"someone/small": (CONFIG, Path.exists, ""), **STRANGE}.items():
        folder = place / name.replace("/", "-")
        checkpoints.save(make("vae"), folder, {"curve": [], "data": "mine"})
        (folder / "huge.bin").write_bytes(bytes(1000))
        (folder / "maps.npz").write_bytes(b"not asked for")
        damage(folder / file)
        repositories[name] = contents(folder)
    repositories["someone/hidden"] = repositories["someone/small"]
    names = [*repositories, "someone/else", "../../etc", "checkpoints", "a/b/c", "", 7, "x" * 300 + "/y"]
    with serving(repositories) as hub:
        hub.private.add("someone/hidden")
        answers, left = ask(hub.url, place / "home", *(("pull", {"repository": name}) for name in names))
        yield hub, dict(zip(map(str, names), answers, strict=True)), left


def test_a_public_checkpoint_is_pulled_and_nothing_else_of_it(pulled):
    hub, answers, left = pulled
    status, told, _ = answers["someone/small"]
    assert status == 200 and (told["kind"], told["page"], told["title"]) == ("vae", "vae", "someone/small")
    place = f"{told['checkpoint']}/checkpoint"
    kept = [f"{place}/{file}" for file in (CONFIG, WEIGHTS, "training.json")]
    assert [name for name in left if "/checkpoint/" in name] == sorted(kept)
    assert not [name for name in left if name.startswith("uploads")]
    sent = {key.removeprefix("someone/small/") for key in hub.sent if key.startswith("someone/small/")}
    assert sent == {CONFIG, WEIGHTS, "training.json"}


@pytest.mark.parametrize("name", STRANGE)
def test_what_strangers_have_put_there_is_refused_in_a_sentence(pulled, name):
    hub, answers, _ = pulled
    status, told, _ = answers[name]
    assert status == 400 and STRANGE[name][2] in told["problem"] and told["problem"].endswith(".")
    if name not in ("someone/foreign", "someone/unsound", "someone/vast"):
        length = int.from_bytes(hub.repositories[name].get(WEIGHTS, b"")[:8], "little")
        assert hub.sent.get(f"{name}/{WEIGHTS}", 0) <= 8 + 8 + length, "no more than its header was sent"


def test_a_private_repository_is_none_even_where_the_server_has_a_token(pulled):
    _, answers, _ = pulled
    for name in ("someone/hidden", "someone/else"):
        assert answers[name][:2] == [
            400,
            {"problem": f"There is no repository {name} on the Hugging Face Hub, or it is private."},
        ]


@pytest.mark.parametrize("name", ["../../etc", "checkpoints", "a/b/c", "", "7", "x" * 300 + "/y"])
def test_a_name_that_is_none_is_not_asked_for(pulled, name):
    hub, answers, _ = pulled
    assert answers[name][0] == 400 and "someone/small-vae" in answers[name][1]["problem"]
    assert not name or not [line for line in hub.asked if line.startswith(f"GET /api/models/{name}")]


def test_without_a_network_the_page_says_so_in_seconds(tmp_path):
    pull = ("pull", {"repository": "someone/small"})
    push = ("push", {"repository": "someone/mine", "token": SECRET, "run": "shelved"})
    with socket.create_server(("127.0.0.1", 0)) as listener:  # takes calls, and never answers
        silent = "http://127.0.0.1:{1}".format(*listener.getsockname())
        for number, (endpoint, *asked) in enumerate(((refused_address(), pull, push), (silent, push))):
            checkpoints.save(make("vae"), tmp_path / str(number) / "runs" / "mine", {})
            for status, told, seconds in ask(endpoint, tmp_path / str(number), *asked)[0]:
                assert status == 400 and "The Hugging Face Hub could not be reached" in told["problem"]
                assert seconds < 8 and SECRET not in told["problem"]


def test_a_push_leaves_no_trace_of_its_token(tmp_path):
    checkpoints.save(make("vae"), tmp_path / "home" / "runs" / "mine", {"curve": [], "data": "mine"})
    read_only, broken = "hf_readonly", "hf_brokenbroken"
    pushes = [
        {"repository": "someone/mine", "token": SECRET, "private": True},
        {"repository": "someone/open", "token": SECRET, "private": False},
        {"repository": "someone/open", "token": SECRET, "private": True},
        {"repository": "someone/mine", "token": SECRET, "private": False},
        {"repository": "someone/mine", "token": "hf_unknown"},
        {"repository": "someone/mine", "token": read_only},
        {"repository": "others/mine", "token": SECRET},
        {"repository": "someone/fails", "token": broken},
        {"repository": "someone/mine", "token": "two words"},
        {"repository": "someone/mine", "token": f"{SECRET}\nX: y"},
        {"repository": "someone/mine", "token": None},
        {"repository": "mine", "token": SECRET},
        {"repository": "someone/mine", "token": SECRET, "private": "yes"},
    ]
    asked = [("push", push | {"run": "shelved"}) for push in pushes]
    asked += [("push", {"repository": "someone/mine", "token": SECRET, "run": "0123456789abcdef"})]
    with serving({}) as hub:
        hub.accounts = {SECRET: account("someone"), read_only: account("someone", role="read")}
        hub.accounts |= {broken: account("someone"), TOKEN: account("the server itself")}
        hub.answers["POST /api/models/someone/fails/commit/main"] = (403, f"It broke with {broken}")
        answers, left = ask(hub.url, tmp_path / "home", *asked)
        said = [told.get("problem", told.get("url", "")) for _, told, _ in answers]
        assert said[:2] == [f"{hub.url}/someone/mine", f"{hub.url}/someone/open"]
    assert hub.private == {"someone/mine", "someone/fails"}
    assert len(hub.commits["someone/open"]) == len(hub.commits["someone/mine"]) == 2
    pushed = hub.repositories["someone/mine"]
    assert {CONFIG, WEIGHTS, "training.json", "README.md"} <= pushed.keys()
    assert b"library_name: aevb" in pushed["README.md"]
    for problem, expected in zip(
        said[2:],
        [
            "someone/open is there already and is public: make it private on the Hub first",
            "someone/mine is there already and is private: make it public on the Hub first",
            "does not know this token",
            "may only read",
            "rights to create",
            "It broke with …",
            *["one word, such as hf_abcdef"] * 3,
            "named by its owner",
            "private must be",
            "There is no such run any more",
        ],
        strict=True,
    ):
        assert expected in problem
    assert [status for status, *_ in answers] == [200, 200] + [400] * 11 + [404]
    # Neither the log, of whatever is logged, nor a file, nor an answer has a token in it.
    assert "someone/mine" in (tmp_path / "home" / "log.txt").read_text(), "it was logged that it was asked"
    tokens = [SECRET, read_only, broken, "hf_unknown"]
    everything = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert len(everything) >= len(left) > 0
    for path in everything:
        # But for what the Hub itself has told of one.
        content = path.read_bytes().replace(f"It broke with {broken}".encode(), b"")
        assert not any(token.encode() in content for token in tokens), path
    assert not any(token in json.dumps(answers) for token in tokens)


def test_the_hub_can_be_switched_off(monkeypatch):
    monkeypatch.setenv("AEVB_HUB", "off")
    monkeypatch.setattr(hub, "_repository", None)  # it is not even looked for
    client = TestClient(Starlette(routes=hub.routes()))
    for path in ("pull", "push"):
        answered = client.post(f"/training/{path}", json={"visitor": VISITOR, "repository": "someone/small"})
        assert answered.status_code == 403
        assert answered.json() == {"problem": "The Hugging Face Hub is switched off on this server."}
