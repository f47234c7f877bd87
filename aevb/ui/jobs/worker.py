"""The process that runs a job: `python -m aevb.ui.jobs.worker`, started by jobs.py and spoken to over pipes.

For each pickled (function, arguments) on its standard input it runs the generator function, writes
("result", value) for each yield, waits for True (go on) or False (stop), and closes with ("end", error).
"""

import os
import pickle
import signal
import sys


def main() -> None:
    """Does one job after another, as they come on standard input, until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server's to answer; then standard input ends
    # Whatever prints must not get between the results, so standard output becomes standard error.
    inbox, outbox = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    if hasattr(os, "nice"):
        os.nice(10)

    _warm_up()

    def send(*message: object) -> None:
        pickle.dump(message, outbox, pickle.HIGHEST_PROTOCOL)
        outbox.flush()

    while True:
        try:
            function, arguments = pickle.load(inbox)  # noqa: S301  (the server's own)
        except EOFError:  # the server has gone
            return
        error = ""
        try:
            for result in function(*arguments):
                send("result", result)
                if not pickle.load(inbox):  # noqa: S301
                    break
        except (EOFError, BrokenPipeError):
            return
        except Exception as failure:  # of any kind: the visitor must hear of it
            error = str(failure) or type(failure).__name__
        send("end", error)


def _warm_up() -> None:
    """The slow imports, and those that torch puts off until the first step of Adam, while nobody waits."""
    import torch

    from aevb.experiments import Experiment, run
    from aevb.training import TrainingConfig

    torch.set_num_threads(1)
    run(Experiment(TrainingConfig(steps=1, batch_size=8, learning_rate=1e-2)))


if __name__ == "__main__":
    main()
