"""deploy: the explorer as a Space on the Hugging Face Hub."""

import argparse
import tempfile
from pathlib import Path

from aevb import checkpoints, deploy, stored
from aevb.commands import options
from aevb.commands.options import Commands


def add(commands: Commands) -> None:
    """Adds `deploy`."""
    added = options.add(commands, "deploy", run)
    added.add_argument("space", metavar="OWNER/NAME", help="of the Space, which is made where there is none")
    added.add_argument(
        "--docker",
        action="store_true",
        help="the app instead of the static edition; a Docker Space needs a paid plan on the Hub",
    )
    added.add_argument(
        "--private",
        action=argparse.BooleanOptionalAction,
        help="only its owner sees it (a new Space is public, another stays as it is)",
    )
    added.add_argument(
        "--checkpoint",
        action="append",
        default=[],
        metavar="CHECKPOINT",
        help="a folder, or a Hugging Face repository, that the static edition shows in the place of the "
        "checkpoint of its model that comes with the library; may be given for each model",
    )
    added.add_argument(
        "--dry-run", action="store_true", help="list what would be there, and touch no network"
    )


def run(given: argparse.Namespace) -> None:
    """Publishes the explorer on the Hugging Face Hub: the static edition, which is free, or the app."""
    if given.docker and given.checkpoint:
        raise ValueError("--checkpoint is of the static edition; the app shows what lies in checkpoints/.")
    deploy.check_name(given.space)  # before anything is made for it, or listed
    if given.docker:
        print(deploy.PAID)  # before anything is created
        _publish(deploy.of_app(given.space), given)
        return
    from aevb import site  # imported late: it needs an extra

    repositories = [name for name in given.checkpoint if stored.folder(name) is None]
    if repositories and given.dry_run:
        raise ValueError(f"--dry-run touches no network, where {repositories[0]} would have to come from.")
    own = site.kinds([checkpoints.load(name).path for name in given.checkpoint])
    with tempfile.TemporaryDirectory(prefix="aevb-site-") as folder:
        site.write(Path(folder), own)
        _publish(deploy.of_site(given.space, Path(folder), repositories), given)


def _publish(contents: deploy.Contents, given: argparse.Namespace) -> None:
    kind: deploy.Kind = "docker" if given.docker else "static"
    sizes = {file: deploy.size(content) for file, content in sorted(contents.items())}
    summary = f"{len(sizes)} files, {sum(sizes.values()) / 1e6:.1f} MB"
    if given.dry_run:
        for file, size in sizes.items():
            print(f"{size:>11,}  {file}")
        print(f"{summary}. Nothing was sent.")
        return
    done = deploy.publish(contents, given.space, kind, private=given.private)
    print(f"{summary}: {len(done.uploaded)} uploaded, {len(done.deleted)} deleted.")
    print(done.url)
