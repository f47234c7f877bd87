"""The process that runs a job: `python -m aevb.ui.worker`, started by jobs.py and spoken to over pipes.

For each pickled (function, arguments) on its standard input it runs the generator function, writes
("result", value) for each yield, waits for True (go on) or False (stop), and closes with ("end", error).
"""

import os
import pickle
import sys


def main() -> None:
    # Whatever prints must not get between the results, so standard output becomes standard error.
    inbox, outbox = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    if hasattr(os, "nice"):
        os.nice(10)

    import torch  # the slowest import, made while nobody waits

    torch.set_num_threads(1)

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


if __name__ == "__main__":
    main()
