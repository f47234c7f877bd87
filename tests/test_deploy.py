"""A Space on the Hub, published from here: what goes there, and all that the Hub may say to it."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import HfApi, constants

from aevb import __main__, checkpoints, deploy, places, site
from aevb.deploy.card import MARK, card
from tests import hub_stand_in
from tests.hub_stand_in import DROPPED, NEW_SPACE, TOKEN, Hub, account, front_matter
from tests.small_models import make

ROOT = Path(__file__).parent.parent
NAME, KEY = "someone/explorer", "spaces/someone/explorer"
CREATE, COMMIT = "POST /api/repos/create", f"POST /api/{KEY}/commit/main"
SMALL = {
    "index.html": b"<p>The site</p>",
    "weights/vae.npz": bytes(range(256)),  # goes by LFS
    "empty.css": b"",
    "README.md": card(NAME, "static").encode(),
}
UPLOAD = f"PUT /lfs/{hub_stand_in.sha256(SMALL['weights/vae.npz'])}"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    with hub_stand_in.serving({}) as found:
        yield found


def publish(hub: Hub, contents: deploy.Contents = SMALL, **given) -> deploy.Published:
    api = HfApi(endpoint=hub.url, token=given.pop("token", TOKEN))
    return deploy.publish(contents, given.pop("name", NAME), given.pop("kind", "static"), api=api, **given)


def refusal(hub: Hub, **given) -> str:
    with pytest.raises(deploy.DeployError) as raised:
        publish(hub, **given)
    return str(raised.value)


# What goes there


def listed() -> set[str]:
    """What git has or would have of the checkout."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    return {name for name in names if name and (ROOT / name).is_file()}


def test_the_app_is_its_code_its_checkpoints_and_what_builds_its_image():
    contents = deploy.of_app(NAME)
    folders = ("aevb/", "pages/", "checkpoints/")
    expected = {name for name in listed() if name.startswith(folders)}
    expected |= {"app.py", "Dockerfile", "requirements.txt", "LICENSE", ".streamlit/config.toml"}
    assert contents.keys() == expected | {"README.md", "thumbnail.png"}
    for name in expected:
        assert contents[name] == ROOT / name
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = re.findall(r"^COPY (\S+) \S+$", dockerfile, re.MULTILINE)
    assert len(copied) == 6 and all(
        any(name == source or name.startswith(f"{source}/") for name in contents) for source in copied
    )


def test_what_is_not_allowed_stays_here(tmp_path, monkeypatch):
    (package := tmp_path / "aevb").mkdir()
    hidden = (".env.py", "notes.txt", "token", "beside/app.py", "__pycache__/a.pyc", ".cache/b.py")
    for name in ("a.py", *hidden):
        (package / name).parent.mkdir(exist_ok=True)
        (package / name).write_bytes(b"")
    monkeypatch.setattr(places, "PACKAGE", package)
    monkeypatch.setattr(places, "INSTALLED", package / "beside")
    assert {name for name in deploy.of_app(NAME) if name.startswith("aevb/")} == {"aevb/a.py"}


def test_a_site_is_all_of_its_folder(tmp_path):
    (tmp_path / "weights").mkdir()
    (tmp_path / "index.html").write_text("<p>")
    (tmp_path / "weights" / "vae").write_bytes(b"w")
    contents = deploy.of_site(NAME, tmp_path, models=["someone/vae"])
    assert contents.keys() == {"index.html", "weights/vae", "README.md", "LICENSE", "thumbnail.png"}
    assert front_matter(contents["README.md"])["models"] == ["someone/vae"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "own"), [("static", {"app_file": "index.html"}), ("docker", {"app_port": 8501})]
)
def test_the_front_matter_is_right_for_its_kind(kind, own):
    told = front_matter(card(NAME, kind).encode())
    assert hub_stand_in.unfit(told) == []
    assert {name: told[name] for name in ("app_file", "app_port") if name in told} == own
    assert told["sdk"] == kind and told["header"] == "mini" and MARK in told["tags"]
    assert told["thumbnail"] == f"{constants.ENDPOINT}/spaces/{NAME}/resolve/main/thumbnail.png"
    assert len(told["short_description"]) <= 60 and "models" not in told


def test_the_stand_in_finds_what_is_wrong_in_a_front_matter():
    told = front_matter(card(NAME, "static").encode())
    assert hub_stand_in.unfit(told | {"colorTo": "mauve", "short_description": 61 * "a"}) == [
        "colorTo",
        "short_description",
    ]


# How it gets there


def test_a_space_is_made_and_filled_in_one_commit(hub: Hub):
    done = publish(hub)
    assert done.created and done.url == f"{hub.url}/{KEY}"
    assert done.uploaded == sorted(SMALL) and done.deleted == ["style.css"]  # of the Hub's own template
    assert hub.repositories[KEY] == SMALL | {".gitattributes": NEW_SPACE[".gitattributes"]}
    assert hub.commits[KEY] == ["initial commit", "4 files of AEVB Explorer, 1 deleted"]
    assert KEY not in hub.private and list(hub.objects.values()) == [SMALL["weights/vae.npz"]]


def test_a_second_time_nothing_is_sent(hub: Hub):
    publish(hub)
    hub.asked.clear()
    done = publish(hub)
    assert (done.created, done.uploaded, done.deleted) == (False, [], [])
    assert hub.writes() == []


def test_only_what_has_changed_is_sent_and_what_is_gone_is_deleted(hub: Hub):
    publish(hub)
    hub.asked.clear()
    changed = {name: content for name, content in SMALL.items() if name != "empty.css"}
    changed |= {"weights/vae.npz": bytes(256), "new.js": b"1"}
    done = publish(hub, changed)
    assert done.uploaded == ["new.js", "weights/vae.npz"] and done.deleted == ["empty.css"]
    assert hub.repositories[KEY].keys() == changed.keys() | {".gitattributes"}
    assert hub.repositories[KEY]["weights/vae.npz"] == bytes(256)
    assert len(hub.commits[KEY]) == 3 and hub.writes().count(COMMIT) == 1


def test_it_may_be_private_stay_so_and_be_shown_again(hub: Hub):
    publish(hub, private=True)
    assert KEY in hub.private
    publish(hub)
    assert KEY in hub.private
    publish(hub, private=False)
    assert KEY not in hub.private


def test_a_space_is_never_public_with_what_it_held_before(hub: Hub, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # between the client's own attempts
    changed = SMALL | {"index.html": b"New"}
    publish(hub, private=True)
    hub.answers[COMMIT] = 500, "Down"
    refusal(hub, contents=changed, private=False)
    assert KEY in hub.private
    hub.answers.clear()
    publish(hub, changed, private=False)
    assert KEY not in hub.private
    hub.answers[COMMIT] = 500, "Down"
    refusal(hub, contents=SMALL, private=True)
    assert KEY in hub.private


def test_an_organization_s_space(hub: Hub):
    hub.accounts[TOKEN] = account("someone", "a-course")
    assert publish(hub, name="a-course/explorer").created


# What stands in the way


def test_no_token(hub: Hub, monkeypatch):
    monkeypatch.setattr("huggingface_hub.hf_api.get_token", lambda: None)
    assert refusal(hub, token=None).startswith("The Hub does not know you: run `hf auth login`")
    assert hub.asked == []


@pytest.mark.parametrize(
    ("given", "told", "said"),
    [
        ({"token": "another"}, account("someone"), "The Hub does not take your token"),
        ({}, account("someone", role="read"), "Your token may only read"),
        ({"name": "else/explorer"}, account("someone", "a-course"), "only under someone or a-course."),
        ({"name": "explorer"}, account("someone"), "explorer names no Space: give it as OWNER/NAME."),
        ({"name": "someone/--"}, account("someone"), "is no name for a Space"),
    ],
)
def test_who_may_not_write_is_told_before_anything_is_made(hub: Hub, given, told, said):
    hub.accounts[TOKEN] = told
    assert said in refusal(hub, **given)
    assert hub.writes() == [] and hub.repositories == {}


@pytest.mark.parametrize(
    ("kind", "status", "reason", "said"),
    [
        (
            "docker",
            402,
            "Payment required",
            "(Payment required). A Docker Space needs a paid plan",
        ),
        ("static", 403, "No rights here", "the Hub says 'No rights here'"),
        ("static", 409, "You already created it", "The name someone/explorer is taken"),
        ("static", 500, "Down", "with status 500: Down."),
    ],
)
def test_a_refusal_to_create_is_told(hub: Hub, kind, status, reason, said):
    hub.answers[CREATE] = status, reason
    assert said in refusal(hub, kind=kind)
    assert hub.repositories == {}


def test_a_space_that_something_else_has_made_is_left_alone(hub: Hub):
    files = {"README.md": NEW_SPACE["README.md"], "index.html": b"Mine"}
    hub.repositories[KEY], hub.commits[KEY] = dict(files), ["initial commit", "By hand"]
    assert "is a Space that `aevb deploy` has not made" in refusal(hub, private=True)
    assert hub.repositories[KEY] == files and hub.writes() == [] and hub.private == set()


def test_a_space_of_one_commit_with_more_in_it_than_a_new_one_is_left_alone_too(hub: Hub):
    """As after it was duplicated, or its history squashed."""
    files = NEW_SPACE | {"app.py": b"Mine"}
    hub.repositories[KEY], hub.commits[KEY] = dict(files), ["Duplicate from another/one"]
    assert "is a Space that `aevb deploy` has not made" in refusal(hub)
    assert hub.repositories[KEY] == files and hub.writes() == []


@pytest.mark.parametrize("status", [DROPPED, 500])
@pytest.mark.parametrize("where", [UPLOAD, COMMIT])
def test_a_connection_lost_half_way_leaves_nothing_half_published(hub: Hub, monkeypatch, where, status):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # the client's own attempts wait in between
    hub.answers[where] = status, "Down"
    said = refusal(hub)
    assert said.startswith("someone/explorer could not be published: ") or "with status 500: Down" in said
    assert hub.repositories[KEY] == NEW_SPACE and len(hub.commits[KEY]) == 1
    hub.answers.clear()
    hub.asked.clear()
    done = publish(hub)  # goes on from there
    assert not done.created and hub.repositories[KEY].keys() == SMALL.keys() | {".gitattributes"}
    assert (UPLOAD in hub.asked) == (where == UPLOAD)  # what has arrived is not sent twice


def test_what_was_published_before_stays_whole_when_a_later_one_is_lost(hub: Hub):
    publish(hub)
    before = dict(hub.repositories[KEY])
    hub.answers[COMMIT] = DROPPED, ""
    refusal(hub, contents=SMALL | {"index.html": b"New", "weights/more.npz": b"more"})
    assert hub.repositories[KEY] == before


def test_what_others_change_in_that_moment_is_not_overwritten(hub: Hub, monkeypatch):
    publish(hub)

    class Late(HfApi):
        def create_commit(self, *given, **more):
            hub.commits[KEY].append("Another's")
            return super().create_commit(*given, **more)

    with pytest.raises(deploy.DeployError, match="Someone else has changed someone/explorer in this moment"):
        deploy.publish({}, NAME, "static", api=Late(endpoint=hub.url, token=TOKEN))
    assert hub.repositories[KEY]["index.html"] == SMALL["index.html"]


def test_an_address_where_nothing_listens(hub: Hub):
    hub.url = hub_stand_in.refused_address()
    assert "could not be published" in refusal(hub)


# The command


@pytest.mark.parametrize(
    "name", ["explorer", "someone/my explorer", "https://huggingface.co/someone/explorer"]
)
@pytest.mark.parametrize("given", [[], ["--docker"], ["--dry-run"], ["--docker", "--dry-run"]])
def test_what_is_no_name_is_refused_before_anything_is_made(name, given, capsys, monkeypatch):
    for part in ("of_app", "of_site", "publish"):
        monkeypatch.setattr(deploy, part, None)
    monkeypatch.setattr(site, "write", None)
    assert __main__.main(["deploy", name, *given]) == 1
    assert re.search("names no Space|is no name for a Space", capsys.readouterr().err)


def test_a_dry_run_lists_files_and_sizes_and_touches_no_network(capsys, monkeypatch):
    monkeypatch.setattr(deploy, "publish", None)
    assert __main__.main(["deploy", NAME, "--docker", "--dry-run"]) == 0
    first, *lines, last = capsys.readouterr().out.splitlines()
    assert first == deploy.PAID
    sizes = {name: int(size.replace(",", "")) for size, name in map(str.split, lines)}
    assert sizes["app.py"] == (ROOT / "app.py").stat().st_size
    assert last == f"{len(sizes)} files, {sum(sizes.values()) / 1e6:.1f} MB. Nothing was sent."


def test_the_static_edition_may_show_checkpoints_of_one_s_own(hub: Hub, tmp_path, monkeypatch):
    written = list[dict[str, Path]]()

    def write(folder: Path, own: dict[str, Path]) -> None:
        written.append(own)
        (folder / "index.html").write_text("The site")

    def publish_to(*given, **more) -> deploy.Published:
        return publish_as(*given, **more, api=HfApi(endpoint=hub.url, token=TOKEN))

    publish_as = deploy.publish
    monkeypatch.setattr(deploy, "publish", publish_to)
    monkeypatch.setattr(site, "write", write)
    monkeypatch.chdir(tmp_path)
    checkpoints.save(make("vae"), tmp_path / "mine")
    vae = checkpoints.load("mine")
    gmvae = checkpoints.Checkpoint(tmp_path / "fetched", make("gmvae"))
    found = {Path("mine"): vae, Path("someone/theirs"): gmvae, gmvae.path: gmvae}
    monkeypatch.setattr(checkpoints, "load", lambda name: found[Path(name)])
    given = ["deploy", NAME, "--checkpoint", "mine", "--checkpoint", "someone/theirs"]
    assert __main__.main([*given, "--dry-run"]) == 1 and hub.asked == []
    assert __main__.main(given) == 0
    assert written == [{"vae": vae.path, "gmvae": gmvae.path}]
    assert hub.repositories[KEY]["index.html"] == b"The site"
    assert front_matter(hub.repositories[KEY]["README.md"])["models"] == ["someone/theirs"]
    assert __main__.main(["deploy", NAME, "--docker", "--checkpoint", "mine"]) == 1


def test_a_checkpoint_that_comes_with_the_library_is_nobody_s_repository(monkeypatch, capsys):
    monkeypatch.setattr(site, "write", lambda folder, own: (folder / "index.html").write_text(str(own)))
    assert __main__.main(["deploy", NAME, "--checkpoint", "vae", "--dry-run"]) == 0
    assert "index.html" in capsys.readouterr().out


PUBLISHING = """
import json, sys
from aevb import __main__
print(__main__.main(json.loads(sys.argv[1])))
"""


def test_the_command_publishes_the_app(hub: Hub, tmp_path):
    given = json.dumps(["deploy", NAME, "--docker", "--private"])
    paid, summary, where, status = hub_stand_in.run(hub.url, tmp_path / "home", PUBLISHING, given)
    assert paid == deploy.PAID and status == "0" and where == f"{hub.url}/{KEY}"
    files = hub.repositories[KEY]
    assert summary.endswith(f": {len(files) - 1} uploaded, 2 deleted.") and KEY in hub.private
    for name in ("app.py", "checkpoints/vae/model.safetensors"):
        assert files[name] == (ROOT / name).read_bytes()
    assert front_matter(files["README.md"])["sdk"] == "docker"


def test_the_command_says_what_stands_in_the_way(capsys, monkeypatch):
    monkeypatch.setattr("huggingface_hub.hf_api.get_token", lambda: None)
    assert __main__.main(["deploy", NAME, "--docker"]) == 1
    told = capsys.readouterr()
    assert told.out.splitlines() == [deploy.PAID]
    assert told.err.startswith("aevb: The Hub does not know you: ") and told.err.count("\n") == 1
