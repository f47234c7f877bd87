"""What the sidebar says of the data, and the download that it offers."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from aevb import checkpoints, data
from aevb.data import mnist
from aevb.ui.frame import data_panel
from aevb.ui.shared import loading
from aevb.ui.shared.sentences import sentence

OFFLINE = (
    "MNIST could not be downloaded. Error downloading train-images-idx3-ubyte.gz: "
    "Tried https://one.example/mnist/, got: <urlopen error timed out> "
    "Tried http://two.example/mnist/, got: <urlopen error [Errno -2] Name or service not known>"
)


def offline() -> Iterator[float]:
    yield 0.0
    raise data.DataError(OFFLINE)


def arrives() -> Iterator[float]:
    yield 1.0


@pytest.fixture
def panel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The panel alone, where there is only the sample."""
    monkeypatch.setenv("AEVB_DATA", str(tmp_path))
    loading.digits.cache_clear()
    yield AppTest.from_string("from aevb.ui.frame import data_panel\ndata_panel.show()", default_timeout=60)
    loading.digits.cache_clear()


def finish(app: AppTest) -> AppTest:
    """Presses the button and follows the download to its end."""
    app.button[0].click().run()
    deadline = time.monotonic() + 60
    while app.get("progress"):
        assert time.monotonic() < deadline, "the download did not end"
        time.sleep(0.1)
        app.run()
    return app


def test_a_failed_download_is_said_in_a_sentence_until_the_next_page(panel, monkeypatch):
    monkeypatch.setattr(data, "download", offline)
    page = "/vae"
    monkeypatch.setattr(data_panel, "_page", lambda: page)
    app = finish(panel.run())
    said = "MNIST could not be downloaded: this server has no way to the internet. The sample stays in use."
    assert [warning.value for warning in app.warning] == [said]
    assert [warning.value for warning in app.run().warning] == [said], "it does not vanish while it is read"
    page = "/cvae"
    assert not app.run().warning
    page = "/vae"
    assert not app.run().warning
    assert app.button[0].label == "Download all of MNIST"


def test_where_there_are_no_data_at_all_that_is_said_and_the_page_goes_on(panel, tmp_path, monkeypatch):
    monkeypatch.setattr(mnist, "SAMPLE", tmp_path / "sample.npz")
    app = panel.run()
    assert not app.exception and not app.button
    (warning,) = app.warning
    assert warning.value.endswith("is missing or damaged: reinstall aevb.")


def test_another_attempt_takes_the_message_away(panel, monkeypatch):
    monkeypatch.setattr(data, "download", offline)
    app = finish(panel.run())
    assert app.warning
    monkeypatch.setattr(data, "download", arrives)
    assert not finish(app).warning


def test_the_download_is_begun_again_where_the_files_have_vanished(panel, monkeypatch):
    monkeypatch.setattr(data, "download", arrives)
    before = data_panel.DOWNLOAD.attempts
    app = finish(panel.run())
    finish(app)
    assert data_panel.DOWNLOAD.attempts == before + 2


def test_a_deployment_may_offer_no_download(panel, monkeypatch):
    monkeypatch.setenv("AEVB_DOWNLOAD", "off")
    app = panel.run()
    assert app.caption[0].value.startswith("The bundled sample of MNIST") and not app.button


def test_a_damaged_file_is_named_but_not_where_the_server_keeps_it(panel, tmp_path):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in mnist.FILES:
        (raw / name).write_bytes(b"damaged")
    caption = panel.run().caption[0].value
    assert str(tmp_path) not in caption
    assert f"The file {Path('MNIST') / 'raw'}" in caption


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OFFLINE, "MNIST could not be downloaded: this server has no way to the internet."),
        (
            "MNIST could not be downloaded. Error: Tried https://x/, got: HTTP Error 404: Not Found",
            "MNIST could not be downloaded: HTTP Error 404: Not Found.",
        ),
        (
            "Tried https://x/, got: <urlopen error [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify "
            "failed: unable to get local issuer certificate (_ssl.c:1000)>",
            "MNIST could not be downloaded: certificate verify failed: "
            "unable to get local issuer certificate.",
        ),
        ("MNIST's servers sent nothing for 8 seconds.", "MNIST's servers sent nothing for 8 seconds."),
    ],
)
def test_the_reason_is_one_sentence(error, reason):
    assert data_panel._reason(error) == reason


def test_messages_do_not_say_where_the_server_keeps_its_files(tmp_path, monkeypatch):
    monkeypatch.setenv("AEVB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(checkpoints, "ROOT", tmp_path / "app" / "checkpoints")
    for message, said in [
        (
            f"{tmp_path}/app/checkpoints/vae/config.json is missing.",
            "checkpoints/vae/config.json is missing.",
        ),
        (f"The file {tmp_path}/data/MNIST/raw/a is damaged.", "The file MNIST/raw/a is damaged."),
        (
            f"MNIST cannot be kept in {tmp_path}/data: full.",
            "MNIST cannot be kept in a folder of the server: full.",
        ),
        (f"{tmp_path}/else/b is damaged.", "else/b is damaged."),
        (f"See {tmp_path}.", "See a folder of the server."),
        (f"{tmp_path}-other and 1/2", f"{tmp_path}-other and 1/2"),
    ]:
        assert sentence(message) == said
    monkeypatch.setenv("HOME", "/")
    monkeypatch.setenv("AEVB_DATA", ".")
    assert sentence("E/M, see /etc. Or not.") == "E/M, see /etc. Or not."


def test_a_relative_data_folder_is_not_named_either(monkeypatch):
    monkeypatch.setenv("AEVB_DATA", "../shared/data")
    for folder in ("../shared/data", Path("../shared/data").resolve()):
        assert sentence(f"The file {folder}/MNIST/a is damaged.") == "The file MNIST/a is damaged."
