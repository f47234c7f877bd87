"""The Hugging Face Hub, by a stand-in on this machine, which huggingface_hub is told of as it is imported."""

import json
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import ModelCard
from torch import nn

from aevb import CheckpointError, checkpoints, stored
from aevb.stored.card import card
from tests.damage import NESTED, NESTED_REFUSED, edit, header, write
from tests.hub_stand_in import Hub, refused_address, run, serving
from tests.small_models import make
from tests.test_checkpoints import CONFIG, WEIGHTS, Own, with_encoder


def checkpoint(path: Path) -> Path:
    """A checkpoint with all five files, and one that nobody asked for."""
    checkpoints.save(make("vae"), path, {"curve": []})
    np.savez(path / "maps.npz", tsne=np.zeros((4, 2), np.float32))
    checkpoints.write_json(path / "measures.json", {"use": [1.5, 0.25, 0.0]})
    (path / "unrelated.bin").write_bytes(b"not asked for")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return checkpoint(tmp_path / "small")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def hub(folder: Path) -> Iterator[Hub]:
    """Has `folder` as the repository someone/small, and knows no other."""
    with serving({"someone/small": contents(folder)}) as found:
        yield found


LOADING = """
import json, sys, time
import aevb
from aevb.stored import hub
hub.SECONDS = 1.0
for name, options in json.loads(sys.argv[1]):
    for load in (aevb.load, aevb.VAE.from_pretrained):
        start = time.monotonic()
        try:
            found = load(name, **options)
            said = "loaded " + type(getattr(found, "model", found)).__name__
        except aevb.CheckpointError as error:
            said = str(error)
        print(json.dumps([said, time.monotonic() - start]))
"""


Answers = dict[str, tuple[str, float]]
"""What both doors say to a name, and the seconds that the slower of them took."""


def answers(endpoint: str, home: Path, names: Mapping[str, Mapping[str, str]]) -> Answers:
    """Of names with options, from one process. That both doors say the same is held here."""
    lines = iter(map(json.loads, run(endpoint, home, LOADING, json.dumps(list(names.items())))))
    found = dict[str, tuple[str, float]]()
    for name in names:
        (said, seconds), (again, more_seconds) = next(lines), next(lines)
        assert said == again
        found[name] = said, max(seconds, more_seconds)
    return found


def test_a_checkpoint_loads_from_the_hub_and_then_without_it(hub: Hub, tmp_path: Path) -> None:
    script = (
        "import aevb; found = aevb.load('someone/small');"
        "print(found.kind, found.measures['use'], sorted(path.name for path in found.path.iterdir()));"
        "print(type(aevb.VAE.from_pretrained('someone/small')).__name__)"
    )
    told = [f"vae [1.5, 0.25, 0.0] {sorted(checkpoints.FILES)}", "VAE"]
    assert run(hub.url, tmp_path / "home", script) == told
    assert run(refused_address(), tmp_path / "home", script) == told


def test_a_hub_that_refuses_says_so_at_once(tmp_path: Path) -> None:
    said, seconds = answers(refused_address(), tmp_path / "home", {"someone/small": {}})["someone/small"]
    assert said.startswith(
        "There is no folder someone/small, and the Hugging Face Hub could not be reached: "
    )
    assert "refused" in said and seconds < 4


def test_a_hub_that_never_answers_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = "http://127.0.0.1:{1}".format(*listener.getsockname())
        said, seconds = answers(address, tmp_path / "home", {"someone/small": {}})["someone/small"]
    assert "could not be reached" in said and "timed out" in said
    assert seconds < 1 + 4  # the client's own question, once a day, included


# What strangers have put there

DAMAGED: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "someone/vast": (CONFIG, edit(data_dim=10**9), "someone/vast/config.json is damaged: "),
    "someone/unfit": (CONFIG, edit(latent_dim=4), "someone/unfit/model.safetensors does not fit its config"),
    "someone/foreign": (WEIGHTS, header(q_z_given_x__loc__bias=3), "does not describe q_z_given_x.loc.bias."),
    "someone/whole": (WEIGHTS, header(q_z_given_x__loc__bias=3), "does not describe q_z_given_x.loc.bias."),
    "someone/deep": (CONFIG, write(NESTED), f"{NESTED_REFUSED}."),
    "someone/long": (CONFIG, write(b" " * 9000), "someone/long/config.json is damaged: it has 9,000 bytes"),
    "someone/empty": (CONFIG, Path.unlink, "someone/empty/config.json is missing."),
    "someone/bare": (WEIGHTS, Path.unlink, "someone/bare/model.safetensors is missing."),
    "someone/heavy": ("measures.json", write(bytes(2**24 + 1)), "loaded VAE"),
}
OTHERS: dict[str, dict[str, str]] = {
    "someone/else": {},
    "checkpoints/vae": {},
    "runs/vae-9": {},
    "someone/small": {"revision": "v9"},
}


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, Answers, Path]]:
    """The Hub, what was said to each name, and where its client keeps what it downloads."""
    place = tmp_path_factory.mktemp("strangers")
    repositories = {"someone/small": contents(checkpoint(place / "small"))}
    for name, (file, damage, _) in DAMAGED.items():
        damaged = checkpoint(place / name.replace("/", "-"))
        damage(damaged / file)
        repositories[name] = contents(damaged)
    with serving(repositories) as hub:
        hub.whole.add("someone/whole")
        yield hub, answers(hub.url, place / "home", {key: {} for key in DAMAGED} | OTHERS), place / "home"


@pytest.mark.parametrize("name", DAMAGED)
def test_what_does_not_fit_is_refused_before_it_is_downloaded(strangers, name: str) -> None:
    hub, said, home = strangers
    assert DAMAGED[name][2] in said[name][0]
    if said[name][0].startswith("loaded"):
        return
    sent = {key.removeprefix(f"{name}/"): size for key, size in hub.sent.items() if key.startswith(name)}
    length = int.from_bytes(hub.repositories[name].get(WEIGHTS, b"")[:8], "little")
    assert sent.keys() <= {CONFIG, WEIGHTS}
    if name not in hub.whole:
        assert sent.get(WEIGHTS, 0) in (0, 2 * (8 + length))  # its header, by either door
    assert not [path for path in home.rglob(WEIGHTS) if name.split("/")[1] in str(path)]


def test_files_larger_than_any_should_be_are_left_where_they_are(strangers) -> None:
    hub, _, _ = strangers
    sent = {key.split("/")[-1] for key in hub.sent if key.startswith("someone/heavy/")}
    assert sent == {CONFIG, WEIGHTS, "training.json", "maps.npz"}


def test_an_unknown_repository_is_named_after_one_request(strangers) -> None:
    hub, said, _ = strangers
    assert said["someone/else"][0] == "There is no folder someone/else, and no such repository on the Hub."
    asked = [line for line in hub.asked if "someone/else" in line]
    assert asked == ["GET /api/models/someone/else"] * 2  # once by either door


def test_a_revision_that_is_not_there_is_named(strangers) -> None:
    _, said, _ = strangers
    assert said["someone/small"][0] == "The repository someone/small on the Hub has no revision v9."


@pytest.mark.parametrize("name", ["checkpoints/vae", "runs/vae-9"])
def test_a_folder_of_the_project_is_never_asked_from_the_hub(strangers, name: str) -> None:
    hub, said, _ = strangers
    assert said[name][0] == f"There is no checkpoint folder {name}."
    assert not [line for line in hub.asked if name in line]


# Pushed

TRAINING = {
    "source": "mnist",
    "data": "All of MNIST: 60,000 training and 10,000 test images.",
    "chosen": "the epoch with the highest test ELBO of 200",
    "test": {
        "images": 10_000,
        "elbo": 1826.94,
        "terms": {"reconstruction": 1852.5, "minus_kl_z": -25.56},
        "bound": {"10": 1834.06},
        "scores": {"accuracy": 0.93},
    },
}

PUSHING = """
import aevb
found = aevb.load({folder!r})
print(found.push_to_hub("someone/pushed", private=True))
print(found.model.push_to_hub("someone/bare", license="cc-by-4.0"))
"""


def test_a_model_is_pushed_with_its_card_and_loaded_again(hub: Hub, folder: Path, tmp_path: Path) -> None:
    checkpoints.write_json(folder / "training.json", TRAINING)
    said = run(hub.url, tmp_path / "home", PUSHING.format(folder=str(folder)))
    assert said == [
        f"{hub.url}/someone/{name}/commit/{hub.sha(f'someone/{name}')}" for name in ("pushed", "bare")
    ]
    pushed, bare = hub.repositories["someone/pushed"], hub.repositories["someone/bare"]
    assert pushed.keys() == {*checkpoints.FILES, "README.md"}
    assert bare.keys() == {CONFIG, WEIGHTS, "README.md"}
    for file in checkpoints.FILES:
        assert pushed[file] == (folder / file).read_bytes()
    assert "license: cc-by-4.0" in bare["README.md"].decode()
    # Its snippet runs, as it stands there, and the other door finds it too.
    (snippet,) = re.findall(r"```python\n(.*?)```", pushed["README.md"].decode(), re.DOTALL)
    snippet += "import aevb\nprint(aevb.load('someone/pushed').training['test']['elbo'])"
    assert run(hub.url, tmp_path / "home", snippet) == ["torch.Size([3, 12])", "1826.94"]


AGAIN = """
import aevb
found = aevb.load({folder!r})
found.push_to_hub("someone/again")
found.model.push_to_hub("someone/again")
print(aevb.load("someone/again").training)
"""


def test_a_push_takes_what_was_known_of_the_weights_before(hub: Hub, folder: Path, tmp_path: Path) -> None:
    hub.repositories["someone/again"] = {"notes.md": b"Whoever's."}
    assert run(hub.url, tmp_path / "home", AGAIN.format(folder=str(folder))) == ["{}"]
    assert hub.repositories["someone/again"].keys() == {CONFIG, WEIGHTS, "README.md", "notes.md"}


def test_a_checkpoint_is_pushed_as_its_files_are(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is drawn from its model: a stranger's may take as long as it likes for that."""
    pushed = dict[str, bytes]()
    monkeypatch.setattr(stored.hub, "upload", lambda made, *_, **__: pushed.update(contents(made)) or "there")
    monkeypatch.setattr(stored.models, "precision", None)
    assert checkpoints.load(folder).push_to_hub("someone/pushed") == "there"
    assert pushed.pop("README.md").startswith(b"---\n")
    assert pushed == {file: (folder / file).read_bytes() for file in checkpoints.FILES}


def test_a_push_that_fails_is_told_in_a_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing:
        def __init__(self, token: str | None):
            assert token == "a-token"

        def create_repo(self, *_: object, **__: object) -> None:
            raise OSError("Not\nallowed.")

    monkeypatch.setattr(stored.hub, "HfApi", Refusing)
    with pytest.raises(CheckpointError) as raised:
        checkpoints.load(folder).push_to_hub("someone/pushed", token="a-token")
    assert str(raised.value) == "someone/pushed could not be pushed to the Hugging Face Hub: Not allowed."


def test_what_cannot_be_kept_leaves_no_repository_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored.hub, "HfApi", None)
    model = make("vae")
    nn.init.constant_(model.q_z_given_x.loc.bias, float("nan"))
    with pytest.raises(ValueError, match="are finite"):
        model.push_to_hub("someone/pushed")


def metadata(text: str) -> dict[str, object]:
    return ModelCard(text).data.to_dict()


def test_a_card_tells_what_the_model_is(tmp_path: Path) -> None:
    text = card(make("vae"), "someone/pushed", TRAINING, "mit")
    assert metadata(text) == {
        "library_name": "aevb",
        "license": "mit",
        "pipeline_tag": "unconditional-image-generation",
        "tags": ["variational-inference", "latent-variable-models", "vae"],
        "datasets": ["ylecun/mnist"],
    }
    for expected in (
        "# pushed\n",
        "https://arxiv.org/abs/1312.6114",
        "https://arxiv.org/abs/2208.07818",
        "https://github.com/zhihanyang2022/aevb-tutorial",
        "All of MNIST: 60,000 training and 10,000 test images.",
        "from aevb import VAE\n",
        "shape (N, 12) whose numbers are\nin [0, 1].",
        "| mean over 10,000 test examples | |",
        "| ELBO | +1,826.94 nats |",
        "| importance bound, K = 10 | +1,834.06 nats |",
        "| accuracy | 0.930 |",
        "## Limits",
        "What was kept is the epoch with the highest test ELBO of 200.",
    ):
        assert expected in text


@pytest.mark.parametrize("training", [{}, {"test": None}, {"test": {"elbo": "high"}}, {"test": [1]}])
def test_a_card_without_figures_says_so(training: dict) -> None:
    text = card(make("fa"), "someone/fa", training, "mit")
    assert "It has not been measured on test images." in text and "Data: not recorded." in text
    assert "datasets" not in metadata(text) and "pipeline_tag" not in metadata(text)


def test_a_card_of_a_model_of_ones_own_imports_it_from_where_it_is() -> None:
    text = card(Own(12, 3, [4]), "someone/own", {}, "mit")
    assert "from tests.test_checkpoints import Own\n" in text and 'Own.from_pretrained("someone/own")' in text


def test_a_card_names_nets_of_ones_own() -> None:
    text = card(with_encoder(), "someone/own", {}, "mit")
    assert 'VAE.from_pretrained("someone/own", q_z_given_x=q_z_given_x)' in text
    assert "saved with nets of one's own, q_z_given_x: make them as they were." in text


def test_a_card_says_what_labels_and_rows_are() -> None:
    assert "0 or 1." in card(make("gmvae"), "a/b", {}, "mit")
    labelled = card(make("cvae"), "a/b", {}, "mit")
    assert "in [0, 1], and with them labels in 0…4." in labelled
    assert "pipeline_tag" not in metadata(labelled)  # the Hub has no word for images of a given class
    assert "shape (N, 7, 8)" in card(make("vrnn"), "a/b", {}, "mit")
