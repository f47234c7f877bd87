"""A Space made to hold certain files and no others, in one commit: all of them are there, or none.

What the Space holds already is compared by its hashes, so that only what has changed is sent. A Space that
something else has made is left alone.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, SpaceInfo
from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    LocalTokenNotFoundError,
    RepositoryNotFoundError,
)
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import validate_repo_id

from aevb.deploy.card import MARK, Kind
from aevb.deploy.contents import Contents
from aevb.stored.files import short

HUB_S_OWN = ".gitattributes"
"""What the Hub puts into every repository, to say which files are kept apart as large."""

TEMPLATE = {HUB_S_OWN, "README.md", "index.html", "style.css"}
"""All that it may put into a new Space."""

NO_TOKEN = (
    "The Hub does not know you: run `hf auth login`, or set HF_TOKEN to a token with the right to write."
)
PAID = "A Docker Space needs a paid plan on the Hub (PRO, Team or Enterprise); a static Space is free."


class DeployError(RuntimeError):
    """Nothing was published; the message says why, in a sentence or two."""


@dataclass(frozen=True)
class Published:
    """What came of it.

    Attributes:
        url: where the Space is.
        created: whether it is new.
        uploaded, deleted: the names of the files.
    """

    url: str
    created: bool
    uploaded: list[str]
    deleted: list[str]


def publish(
    contents: Contents, name: str, kind: Kind, *, private: bool | None = None, api: HfApi | None = None
) -> Published:
    """Makes the Space `name` hold these files and no others. It is created where there is none.

    Args:
        name: "owner/name".
        private: whether only its owner sees it. None: a new one is public, another stays as it is.
        api: the Hub, where it is not the usual one under the token of `hf auth login`.
    Raises:
        DeployError: where the Hub refuses or cannot be reached; the Space is then as it was before.
    """
    check_name(name)
    api = api or HfApi()
    with _refusals(name, kind):
        _require_writer(api, name)
        there, created = _find(api, name), False
        if there is None:
            api.create_repo(name, repo_type="space", space_sdk=kind, private=private or False)
            there, created = api.space_info(name), True
        elif not _ours(api, there):
            raise DeployError(
                f"The name is taken: {name} is a Space that `aevb deploy` has not made. Choose another name."
            )
        elif private and not there.private:
            api.update_repo_settings(name, repo_type="space", private=True)
        uploaded, deleted = _changes(api, there, contents)
        if uploaded or deleted:
            additions = [CommitOperationAdd(file, contents[file]) for file in uploaded]
            api.create_commit(
                name,
                [*additions, *(CommitOperationDelete(file, is_folder=False) for file in deleted)],
                commit_message=f"{len(uploaded)} files of AEVB Explorer, {len(deleted)} deleted",
                repo_type="space",
                parent_commit=there.sha,  # whatever has happened there since is not overwritten
            )
        if private is False and there.private:  # not before: what was there may be for its owner alone
            api.update_repo_settings(name, repo_type="space", private=False)
    return Published(f"{api.endpoint}/spaces/{name}", created, uploaded, deleted)


def check_name(name: str) -> None:
    """Raises DeployError for what can be no Space's name, which no network is needed for."""
    owner, slash, rest = name.partition("/")
    if not (owner and slash and rest) or "/" in rest:
        raise DeployError(f"{short(name, 100)} names no Space: give it as OWNER/NAME.")
    try:
        validate_repo_id(name)
    except HFValidationError as error:
        raise DeployError(f"{short(name, 100)} is no name for a Space: {short(error)}.") from error


def _require_writer(api: HfApi, name: str) -> None:
    """That the token may write to this owner's Spaces, as far as it tells of itself."""
    owner = name.partition("/")[0]
    known = api.whoami()
    owners = [known["name"], *(organization["name"] for organization in known.get("orgs", []))]
    if owner not in owners:
        raise DeployError(f"Your token may not publish under {owner}, only under {' or '.join(owners)}.")
    if known.get("auth", {}).get("accessToken", {}).get("role") == "read":
        raise DeployError("Your token may only read: make one with the right to write, and log in with that.")


def _find(api: HfApi, name: str) -> SpaceInfo | None:
    try:
        return api.space_info(name)
    except RepositoryNotFoundError:
        return None


def _ours(api: HfApi, there: SpaceInfo) -> bool:
    """Whether a Space was made by this, or is as the Hub makes it: then a first try got no further.

    One that was duplicated, or whose history was squashed, has one commit too, but more in it.
    """
    tags = there.card_data.get("tags") if there.card_data else None
    if MARK in (tags or []):
        return True
    files = {file.rfilename for file in there.siblings or []}
    return files <= TEMPLATE and len(api.list_repo_commits(there.id, repo_type="space")) == 1


def _changes(api: HfApi, there: SpaceInfo, contents: Contents) -> tuple[list[str], list[str]]:
    """The names of what has to be uploaded and of what has to go."""
    tree = api.list_repo_tree(there.id, recursive=True, revision=there.sha, repo_type="space")
    held = {entry.path: entry for entry in tree if isinstance(entry, RepoFile)}
    uploaded = [file for file in contents if file not in held or not _same(contents[file], held[file])]
    return sorted(uploaded), sorted(held.keys() - contents.keys() - {HUB_S_OWN})


def _same(content: Path | bytes, held: RepoFile) -> bool:
    """Whether the Hub holds this content. It names large files by their SHA-256, others as git does."""
    held_size = held.lfs.size if held.lfs else held.size
    content = content if isinstance(content, bytes) else content.read_bytes()
    if len(content) != held_size:
        return False
    if held.lfs:
        return hashlib.sha256(content).hexdigest() == held.lfs.sha256
    blob = b"blob %d\0" % len(content) + content
    return hashlib.sha1(blob, usedforsecurity=False).hexdigest() == held.blob_id


@contextmanager
def _refusals(name: str, kind: Kind) -> Iterator[None]:
    """Whatever goes wrong between here and the Hub becomes a sentence."""
    try:
        yield
    except DeployError:
        raise
    except LocalTokenNotFoundError as error:
        raise DeployError(NO_TOKEN) from error
    except HfHubHTTPError as error:
        raise DeployError(_said(error, name, kind)) from error
    except Exception as error:  # the client has a family of its own, and others below it
        cause = short(error.__cause__ or error) or type(error).__name__
        raise DeployError(
            f"{name} could not be published: {cause}. No Space is ever half published: it shows all of the "
            "old files, or all of the new. Run the command again."
        ) from error


def _said(error: HfHubHTTPError, name: str, kind: Kind) -> str:
    reason = short(error.server_message or error)
    match error.response.status_code:
        case 401:
            return f"The Hub does not take your token ({reason}): run `hf auth login` with another."
        case 402:
            return f"The Hub wants a paid plan for this ({reason})." + f" {PAID}" * (kind == "docker")
        case 403:
            return f"Your token may not publish {name}: the Hub says {reason!r}. Log in with one that may."
        case 409:
            return f"The name {name} is taken: choose another."
        case 412:
            return f"Someone else has changed {name} in this moment: run the command again."
        case status:
            return f"The Hub refuses to publish {name}, with status {status}: {reason}."
