"""The quick part of `python -m benchmarks.hostile`: what needs neither a server nor a browser."""

from pathlib import Path

import pytest
import torch
from starlette.applications import Starlette
from starlette.testclient import TestClient

from aevb.ui.frame import catalogue, headers, health, kept, modules
from aevb.ui.jobs import server
from aevb.ui.jobs.queue import Queue
from aevb.ui.shared import contents, served
from aevb.ui.train import bring, hub
from aevb.ui.train import routes as training
from benchmarks.hostile import checkpoints, requests
from benchmarks.hostile.requests import Answer, Request
from benchmarks.hostile.table import Row
from tests.train_worker import Here


def test_checkpoints_with_damage_in_any_of_their_files() -> None:
    row = Row("checkpoints")
    checkpoints.tried(row, [torch.float16])
    assert row.tried > 60 and not row.faults, str(row)


def test_requests_that_no_page_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Queue(tmp_path, workers=1, hire=Here)
    monkeypatch.setattr(server, "queue", lambda: runs)
    told = [served.route(one) for one in (*contents.CONTENTS, *catalogue.CONTENTS)]
    told += [health.route(), kept.route(), *training.routes(), *bring.routes(), *hub.routes()]
    client = TestClient(Starlette(routes=[modules.route(), *headers.add_to(told)]))

    def ask(asked: Request) -> Answer:
        answer = client.request(asked.method, asked.path, content=asked.body, headers=dict(asked.headers))
        return Answer(answer.status_code, answer.headers, answer.content)

    row = Row("requests")
    requests.tried(row, ask, requests.requests())
    runs.close()
    assert row.tried > 300 and not row.faults, str(row)
