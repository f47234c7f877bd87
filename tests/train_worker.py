"""A worker that needs no process of its own."""

import json
from typing import Any

from aevb.ui.jobs.worker import answer


class Here:
    """A worker in this process: a turn is a function's call."""

    alive = True

    def ready(self) -> None:
        pass

    def ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        return json.loads(json.dumps(answer(json.loads(json.dumps(request)))))

    def stop(self) -> None:
        pass

    def give_up(self) -> None:
        pass
