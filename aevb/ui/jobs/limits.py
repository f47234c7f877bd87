"""Every limit of what visitors can make this server do, and why it is what it is.

Times are in seconds, sizes in bytes. The table in docs/deployment.md has them all.
"""

import os
from contextlib import suppress
from pathlib import Path

# Who computes

MAX_WORKERS = 64


def cores(quota: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """How many of the machine's cores this process may use: those that it is bound to, and no more than a
    container is granted time of (Linux).

    Args:
        quota: where that is told: so much time, or "max", in each period.
    """
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):  # nobody limits it
        time, period = quota.read_text().split()
        return max(1, min(bound, int(time) // int(period)))
    return bound


def workers(told: str | None) -> int:
    """How many processes train, of one thread each: as many as a deployment says, else one for each core but
    one, which is left for whoever looks at the other pages.

    Raises:
        ValueError: where it says no such number.
    """
    if not told:
        return min(MAX_WORKERS, max(1, cores() - 1))
    if not (told.isdecimal() and 1 <= int(told) <= MAX_WORKERS):
        raise ValueError(f"AEVB_WORKERS must be a whole number from 1 to {MAX_WORKERS}, not {told!r}.")
    return int(told)


NICE = 15
"""By how much they give way to the server itself, which has to answer while others train."""

# How the line moves

ROUND = 20.0
"""In which everyone who waits is served once, whether three wait or thirty."""

SHORTEST_TURN, LONGEST_TURN = 0.3, 2.0
"""A turn pays some 0.1 s for reading and writing the run's state; and one that is longer keeps a visitor who
has just pressed Start from seeing that something moves."""

FIRST_TURN = 0.5
"""Of a new run, which goes before all others: thirty that start together see a curve within half a minute."""

SILENCE = 60.0
"""After a turn should have ended: a process that has said nothing by then hangs. The longest single thing
that a turn does is to measure test images at the end, in some 7 s for the slowest model: as many of them as
that allows (`aevb.explore.measures.affordable`). The machine may be busy with other things."""

STARTING = 300.0
"""Until a new process can answer: it reads for some 5 s of a core, which on a busy machine take minutes."""

HIRING, ATTEMPTS = 5.0, 4
"""Until it is tried again where a process could not be started, and how often before whoever waits is told:
what a machine is short of for a moment costs nobody a run."""

ENDING = 10.0
"""From a visitor's ending a run to its worker's being there for the next: a worker looks after each gradient
step whether it should end, and the slowest step takes some 2 s. One that has not come back by then hangs."""

UNFINISHED = 60
"""Runs at once on a server: two classes of thirty. The next visitor is told to come back."""

ERRANDS = 20
"""Estimates, and files to be read, that wait at once."""

ESTIMATING = 25.0
"""Until a page is told that there is no estimate: with thirty in training it waits for `ROUND`. One that was
not begun by then is not made."""

ESTIMATES = 500
"""That are kept: they are of settings, not of visitors."""

# Visitors

DESCRIPTORS = 2**13
"""File descriptors that the server asks for: a hundred visitors have ten each. macOS grants 10,240."""

DISCONNECTED = 16
"""Sessions that outlive their connections, three descriptors each: who has left does not come back to them,
and who has lost the connection for a moment loses nothing without."""

CONTENTS = 2**28
"""Of what browsers fetch and is kept, plain and compressed: the shipped checkpoints' take 80 MB."""

CHECKPOINTS = 16
"""Visitors' checkpoints that stay in memory, of 10 MB each; the shipped ones always do."""

# Who leaves

LEFT = 60.0
"""Without anyone's looking at an unfinished run: it pauses, so that those who are there share its time."""

ABANDONED = 600.0
"""Until such a run is ended: time enough for a lost connection, or a question to the teacher."""

# What is kept of finished runs

KEPT = 200
KEPT_BYTES = 2**31
KEPT_SECONDS = 24 * 3600.0
"""A lesson's runs until the next day, in 2 GiB of disk: at 3 MB for the tutorial's VAE, hundreds. Beyond that
the oldest of who has most go."""

# What one visitor may ask

STARTS = (6, 60.0)
"""Runs that a visitor may start within so many seconds: faster than that nobody looks at any of them."""

TRIALS = (30, 60.0)
"""Estimates that a visitor may ask for within so many seconds, but for those that are known: the presets of
all models, and a few settings more."""

ACTS = (40, 10.0)
"""Presses at the wheel within so many seconds: a held key repeats 30 times a second."""

MAX_REQUEST = 2**14
"""Of what a browser posts; the longest specification takes 1 kB."""

# What may be brought along

MAX_UPLOAD = 2**26
"""Of one file: MNIST takes 47 MB as arrays, the largest model that trains here 32 MB."""

MAX_UNPACKED = 2**28
"""Of all that is packed in it: 40,000 images of MNIST's size in float64, which is how numpy saves them."""

MAX_ENTRIES = 80_000
"""Of a zip: MNIST as images has 70,000."""

MAX_DECODED = 2**29
"""Pixels of a zip's images as they come, which are decoded in some ten seconds: forty photos of a telephone,
or a million thumbnails."""

MAX_GREY = 2**26
"""Pixels of all images as they are kept, a byte each: 80,000 of MNIST's size; 0.3 GB as a worker's floats."""

MIN_SIDE, MAX_SIDE, SIDE = 4, 64, 32
"""Square images of a side in between are taken as they are; what is not square or is larger is scaled to
`SIDE`, which small models learn in a minute."""

MIN_IMAGES = 200
"""A tenth is kept for tests, of the rest a tenth for validation; of those 16 are shown in every frame."""

MAX_CLASSES = 100
"""Beyond it labels are names of images rather than of classes."""

READING = 30.0
"""Until a worker that reads such a file is given up."""

RECEIVING = 300.0
"""Until an upload is given up, and its place under way is another's: the largest at 0.2 MB a second."""

STALLED, SLOWEST = 20.0, 2**14
"""Of an upload that brings less than so many bytes a second, until it is given up."""

UNDER_WAY = 8
"""Files that are received or fetched at once, of one visitor one: half a GiB of disk."""

UPLOADS = (12, 600.0)
"""Files that a visitor may bring within so many seconds: a few attempts at getting one right."""

FORGOTTEN = 600.0
"""After which nobody remembers how often a visitor did anything: the longest of these times."""

REMEMBERED = 10_000
"""Of such things, each of one visitor: names can be made up without end."""

UPLOADED_BY_ONE, UPLOADED = 2**28, 2**31
"""Of disk for the images that one visitor has brought, and all have: a class of thirty with one set each. The
oldest of who has most go for newer ones; while runs refer to twice as much, no more are taken."""

LOST = 600.0
"""After which what is left of a file that was being read goes: a server that has ended in the midst of it."""

FETCHING = 40.0
"""Until a download from the Hub is given up: the largest model at 1 MB a second. And until a push is."""

# What one run may take

MAX_PARAMETERS = 8_000_000
"""Of a model: three times the tutorial's largest. With its gradient, Adam's moments and averaged weights
160 MB, which a turn reads and writes in 0.2 s."""

MAX_STEPS = 120_000
"""Twice the tutorial's 100 epochs of MNIST."""

MAX_SECONDS = 3600.0
"""Of computing: a run that has had an hour of a core ends with what it has learnt."""

MAX_MEMORY = 2**30
"""Of one step, estimated from the widths of the layers: small servers, too, have a GiB for each worker."""

WORKER_MEMORY = 3 * 2**30
"""Of a worker's data: 1 GiB at rest, much of it never touched; a step as above; a visitor's images as floats;
and some in reserve. What asks for more fails, and costs its run alone. On Linux, which counts it so."""

MAX_WIDTH, MAX_LAYERS, MAX_LATENT, MAX_CLUSTERS, MAX_BATCH = 2048, 6, 256, 50, 1000
"""Beyond these nothing that the page shows becomes clearer."""

MAX_HAND = 500
"""Gradient steps by one press of a button: some seconds of the VAE's."""

# What is recorded of one run

POINTS = 480
FRAMES = 120
"""Of a run that nobody steers: curves as fine as a screen is wide, a film of a few seconds, 3 MB."""

MAX_POINTS, MAX_FRAMES = 1200, 240
"""With those of steps taken by hand: after them such steps still count, but are not recorded singly."""
