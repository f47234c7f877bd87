"""A checkpoint by its name: a folder, one that comes with the library, or one on the Hugging Face Hub."""

import json
import math
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Literal

from huggingface_hub import HfApi, constants, get_session, hf_hub_url, snapshot_download
from huggingface_hub.errors import (
    HFValidationError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

from aevb import places
from aevb.stored.files import CONFIG, FILES, MAX_BYTES, WEIGHTS, CheckpointError, Files, Folder, short

ROOT = places.ROOT / "checkpoints"
"""The checkpoints that come with the library."""

SECONDS = 4.0  # for the Hub to answer

REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+", re.ASCII)
FOLDERS = ("checkpoints", "runs")
"""A name that begins so means a folder of this project that is not there, not somebody's repository."""


def folder(name: str | os.PathLike[str]) -> Path | None:
    """The folder of that name, or of such a checkpoint that comes with the library; None where it is none."""
    text = os.fspath(name)
    for path in (os.path.expanduser(text), ROOT / text):  # noqa: PTH111  # Path's raises for ~nobody
        if text and os.path.isdir(path):  # noqa: PTH112  # and for a name that is too long
            return Path(path)
    return None


def find(name: str | os.PathLike[str], *, revision: str | None = None, token: str | None = None) -> Files:
    """Where the checkpoint of a name lies.

    A folder of that name is taken, or else one of the checkpoints that come with the library, or else, of a
    name that looks like "owner/name", a repository on the Hugging Face Hub, which is asked once and has
    `SECONDS` to answer. A `Path` is never asked from the Hub.

    Args:
        revision: a branch, tag or commit of the repository.
        token: what the Hub knows you by, where it is not what `hf auth login` has kept.
    Raises:
        CheckpointError: where there is none, or the Hub cannot be reached and has not been before.
    """
    if path := folder(name):
        return Folder(path)
    text = os.fspath(name)
    if not isinstance(name, str) or not REPOSITORY.fullmatch(text) or text.split("/")[0] in FOLDERS:
        shipped = sorted(path.parent.name for path in ROOT.glob(f"*/{CONFIG}"))
        known = "" if "/" in text or os.sep in text else f": {', '.join(shipped)} come with the library"
        raise CheckpointError(f"There is no checkpoint folder {short(text, 100)}{known}.")
    try:
        with reached(f"There is no folder {short(text, 100)}, and the Hugging Face Hub could not be reached"):
            return Repository(text, revision, token)
    except Absent:
        raise Absent(f"There is no folder {short(text, 100)}, and no such repository on the Hub.") from None
    except Unreached:
        with suppress(OSError):  # downloaded before, it can do without the Hub
            needed = [WEIGHTS, CONFIG]
            found = snapshot_download(text, revision=revision, local_files_only=True, allow_patterns=needed)
            return Folder(Path(found))
        raise


class Unreached(CheckpointError):
    """The Hub did not answer, or not as it should."""


@contextmanager
def reached(otherwise: str) -> Iterator[None]:
    """What goes wrong between here and the Hub becomes a sentence that begins with `otherwise`.

    Raises:
        Unreached: with that sentence.
    """
    try:
        yield
    except CheckpointError:
        raise
    except Exception as error:  # the Hub's client has a family of its own
        raise Unreached(f"{otherwise}: {short(error) or type(error).__name__}.") from error


class Absent(CheckpointError):
    """There is no such repository on the Hub, or none that may be seen."""


class Repository:
    """Files in a repository on the Hub, at the commit that its revision stands for now.

    Args:
        token: what the Hub knows you by; None: what `hf auth login` has kept; False: nothing.
    Raises:
        Absent: where there is none.
    """

    def __init__(self, name: str, revision: str | None, token: str | Literal[False] | None):
        self.name, self.revision, self.token = name, revision, token
        try:
            about = HfApi(token=token).model_info(
                name, revision=revision, timeout=SECONDS, files_metadata=True
            )
        except RevisionNotFoundError:
            raise CheckpointError(f"The repository {name} on the Hub has no revision {revision}.") from None
        except (RepositoryNotFoundError, HFValidationError):
            raise Absent(
                f"There is no repository {short(name, 100)} on the Hugging Face Hub, or it is private."
            ) from None
        self._commit = about.sha
        self._sizes = {file.rfilename: file.size for file in about.siblings or []}

    def where(self, file: str) -> str:
        """As `Files.where`."""
        return f"{self.name}/{file}"

    def size(self, file: str) -> int | None:
        """As `Files.size`."""
        return self._sizes.get(file)

    def read(self, file: str, start: int, stop: int) -> bytes:
        """As `Files.read`."""
        url = hf_hub_url(self.name, file, revision=self._commit)
        asked = {"range": f"bytes={start}-{stop - 1}", "accept-encoding": "identity"}
        headers, taken = build_hf_headers(token=self.token) | asked, bytearray()
        with (
            reached(f"{self.where(file)} could not be read"),
            get_session().stream("GET", url, headers=headers, timeout=SECONDS) as response,
        ):
            hf_raise_for_status(response)
            skipped = 0 if response.status_code == 206 else start  # else all of the file is sent
            for part in response.iter_raw():
                taken += part
                if len(taken) >= skipped + stop - start:
                    break
        return bytes(taken[skipped : skipped + stop - start])

    @cached_property
    def folder(self) -> Path:
        """As `Files.folder`."""
        wanted = [file for file in FILES if (self.size(file) or 0) <= MAX_BYTES.get(file, math.inf)]
        with reached(f"{self.name} could not be downloaded"):
            # By its branch, not by its commit, so that it is found by that name without the Hub as well.
            found = snapshot_download(
                self.name,
                revision=self.revision,
                token=self.token,
                etag_timeout=SECONDS,
                allow_patterns=wanted,
            )
        return Path(found)


def require_writer(token: str) -> None:
    """Asks the Hub whom it knows by a token, and gives it `SECONDS` to answer.

    Raises:
        CheckpointError: where it knows nobody, who may not write, or cannot be reached.
    """
    with (
        reached("The Hugging Face Hub could not be reached"),
        get_session().stream(
            "GET",
            f"{constants.ENDPOINT}/api/whoami-v2",
            headers=build_hf_headers(token=token),
            timeout=SECONDS,
        ) as response,
    ):
        if response.status_code in (401, 403):
            raise CheckpointError("The Hugging Face Hub does not know this token: look whether it is whole.")
        hf_raise_for_status(response)
        told = json.loads(response.read())
    if told.get("auth", {}).get("accessToken", {}).get("role") == "read":
        raise CheckpointError("This token may only read: make one that may write.")


def upload(folder: Path, name: str, *, private: bool | None, token: str | None) -> str:
    """Puts a checkpoint's files and its card into a repository on the Hub, which is made where there is none.

    Those of a checkpoint that was there go, since what they tell is of other weights.

    Args:
        private: whether only its owner is to see it; None leaves that as it is.
    Returns:
        The commit's address.
    Raises:
        CheckpointError: where the Hub refuses or cannot be reached, or it is there already and seen by others
            than was asked for.
    """
    with reached(f"{short(name, 100)} could not be pushed to the Hugging Face Hub"):
        api = HfApi(token=token)
        name = api.create_repo(name, private=private, exist_ok=True).repo_id
        if private is not None and private != bool(api.model_info(name, timeout=SECONDS).private):
            was, wanted = ("public", "private") if private else ("private", "public")
            raise CheckpointError(
                f"{short(name, 100)} is there already and is {was}: make it {wanted} on the Hub first, or "
                "choose another name."
            )
        told = api.upload_folder(
            repo_id=name,
            folder_path=folder,
            commit_message="A model of aevb",
            delete_patterns=list(FILES),  # where they are not among these
        )
        return str(told.commit_url)
