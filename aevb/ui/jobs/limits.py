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
"""The niceness of training processes: the server itself has to answer while they train."""

# How the line moves

ROUND = 20.0
"""Seconds in which every run that waits gets one turn, whether three wait or thirty."""

SHORTEST_TURN, LONGEST_TURN = 0.3, 2.0
"""Seconds of a turn. It spends some 0.1 s on reading and writing the run's state, so it should not be
shorter; were it longer, a visitor who has just pressed Start would see nothing move."""

FIRST_TURN = 0.5
"""Seconds of a new run's first turn, which goes before all others: thirty that start together see a curve
within half a minute."""

SILENCE = 60.0
"""Seconds after the end of its turn by which a process that has said nothing is taken to hang. The longest
single thing that a turn does is to measure test images at the end, in some 7 s for the slowest model: as
many of them as that allows (`aevb.explore.measures.affordable`). The machine may be busy with other
things."""

STARTING = 300.0
"""Seconds that a new process may take to start: its imports take 5 s of a core, minutes on a busy machine."""

HIRING, ATTEMPTS = 5.0, 4
"""Seconds between attempts to start a process, and attempts before those who wait are told that it fails: a
machine that is short of memory for a moment costs nobody a run."""

ENDING = 10.0
"""Seconds that a worker has to stop once a visitor ends its run. It checks after each gradient step, and the
slowest step takes some 2 s; one that has not stopped by then is taken to hang."""

UNFINISHED = 60
"""Unfinished runs on a server: two classes of thirty. The next visitor is told to come back."""

ERRANDS = 20
"""Estimates and uploaded files that may wait for a worker."""

ESTIMATING = 25.0
"""Seconds after which a page is told that there is no estimate: with thirty in training one waits for
`ROUND`. An estimate that was not begun by then is dropped."""

ESTIMATES = 500
"""Estimates that are kept: they depend on the settings alone, so all visitors share them."""

# Visitors

DESCRIPTORS = 2**13
"""File descriptors that the server asks for: a hundred visitors have ten each. macOS grants 10,240."""

DISCONNECTED = 16
"""Disconnected sessions kept, of three descriptors each; a page holds its own state, so dropping one costs a
visitor nothing."""

CONTENTS = 2**28
"""Bytes of contents kept in memory, plain and compressed, for browsers to fetch: the shipped checkpoints'
take 80 MB."""

CHECKPOINTS = 16
"""Visitors' checkpoints that stay in memory, of 10 MB each; the shipped ones always do."""

# Who leaves

LEFT = 60.0
"""Seconds that nobody looks at an unfinished run after which it pauses: others get its time."""

ABANDONED = 600.0
"""Seconds after which such a run is ended: enough for a lost connection, or a question to the teacher."""

# What is kept of finished runs

KEPT = 200
KEPT_BYTES = 2**31
KEPT_SECONDS = 24 * 3600.0
"""How many finished runs are kept, in how many bytes, for how long: a lesson's until the next day. The
tutorial's VAE takes 3 MB. Beyond that the visitor with the most runs loses the oldest one."""

# What one visitor may ask

STARTS = (6, 60.0)
"""Runs that a visitor may start within so many seconds: faster than that nobody looks at any of them."""

TRIALS = (30, 60.0)
"""Estimates that a visitor may ask for within so many seconds, but for those that are known: the presets of
all models, and a few settings more."""

ACTS = (40, 10.0)
"""Changes to a run under way (pause, step, a new rate) that a visitor may make within so many seconds: a held
key would make 30 in each."""

MAX_REQUEST = 2**14
"""Bytes of a request's body; the longest specification takes 1 kB."""

# What may be brought along

MAX_UPLOAD = 2**26
"""Bytes of an uploaded file: MNIST takes 47 MB as arrays, the largest model that trains here 32 MB."""

MAX_UNPACKED = 2**28
"""Bytes of an archive once it is unpacked: 40,000 images of MNIST's size in float64, which is how numpy saves
them."""

MAX_ENTRIES = 80_000
"""Files in a zip: MNIST as images has 70,000."""

MAX_DECODED = 2**29
"""Pixels of a zip's images as they come, which are decoded in some ten seconds: forty photos of a telephone,
or a million thumbnails."""

MAX_GREY = 2**26
"""Pixels of all images as they are kept, a byte each: 80,000 of MNIST's size; 0.3 GB as a worker's floats."""

MIN_SIDE, MAX_SIDE, SIDE = 4, 64, 32
"""Square images of a side in between are taken as they are; what is not square or is larger is scaled to
`SIDE`, which small models learn in a minute."""

MIN_IMAGES = 200
"""Images at least: a tenth for tests, of the rest a tenth for validation, of which every frame shows 16."""

MAX_CLASSES = 100
"""Classes at most: more labels than that are names of images rather than of classes."""

READING = 30.0
"""Seconds that a worker may take to read an uploaded file."""

RECEIVING = 300.0
"""Seconds that an upload may take: those of the largest file at 0.2 MB a second."""

STALLED, SLOWEST = 20.0, 2**14
"""An upload may take so many seconds, and one more for every so many bytes that have come."""

UNDER_WAY = 8
"""Files that are received or fetched at once, of one visitor one: half a GiB of disk."""

UPLOADS = (12, 600.0)
"""Files that a visitor may bring within so many seconds: a few attempts at getting one right."""

FORGOTTEN = 600.0
"""Seconds after which a visitor's counts are dropped: the longest window above."""

REMEMBERED = 10_000
"""Counts that are kept: a client that invents visitors' names cannot fill the memory."""

UPLOADED_BY_ONE, UPLOADED = 2**28, 2**31
"""Bytes of disk for the images of one visitor, and of all: a class of thirty with one set each. The visitor
with the most loses the oldest ones for newer ones; while runs use twice as much, no more are taken."""

LOST = 600.0
"""Seconds after which the remains of an upload are removed: a server that was stopped may leave some."""

FETCHING = 40.0
"""Seconds that a download from the Hub, or a push to it, may take: the largest model at 1 MB a second."""

# What one run may take

MAX_PARAMETERS = 8_000_000
"""Parameters of a model: three times the tutorial's largest. With its gradient, Adam's moments and averaged
weights 160 MB, which a turn reads and writes in 0.2 s."""

MAX_STEPS = 120_000
"""Twice the tutorial's 100 epochs of MNIST."""

MAX_SECONDS = 3600.0
"""Seconds of computing, an hour of a core, after which a run ends with what it has learnt."""

MAX_MEMORY = 2**30
"""Bytes of one step, estimated from the layers' widths: small servers, too, have a GiB for each worker."""

WORKER_MEMORY = 3 * 2**30
"""Bytes of a worker's data: 1 GiB at rest, much of it never touched; a step as above; a visitor's images as
floats; and some in reserve. What asks for more fails, and costs its run alone. On Linux, which counts it
so."""

MAX_WIDTH, MAX_LAYERS, MAX_LATENT, MAX_CLUSTERS, MAX_BATCH = 2048, 6, 256, 50, 1000
"""Beyond these nothing that the page shows becomes clearer."""

MAX_HAND = 500
"""Gradient steps by one press of a button: some seconds of the VAE's."""

# What is recorded of one run

POINTS = 480
FRAMES = 120
"""Recorded points and frames of a run that nobody steers: curves as fine as a screen is wide, a film of a few
seconds, 3 MB."""

MAX_POINTS, MAX_FRAMES = 1200, 240
"""The same with steps taken by hand: beyond these such steps still count, but are not recorded singly."""
