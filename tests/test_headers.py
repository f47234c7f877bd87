"""What the app's own routes tell browsers, whatever they answer."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from aevb.ui.frame import headers, modules


def fine(_: Request) -> Response:
    return PlainTextResponse("fine", 404, headers={"Cache-Control": "no-store"})


@pytest.fixture
def client() -> TestClient:
    routes = headers.add_to([Route("/ours", fine), modules.route()])
    return TestClient(Starlette(routes=[*routes, Route("/other", fine)]))


@pytest.mark.parametrize("path", ["/ours", "/web/0123456789abcdef/none.js", f"/{modules.url()}kit/format.js"])
def test_each_answer_of_ours_tells_them(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert {name: answer.headers.get(name) for name in headers.HEADERS} == headers.HEADERS


def test_other_routes_and_other_headers_are_left_alone(client: TestClient) -> None:
    assert not headers.HEADERS.keys() & {name.title() for name in client.get("/other").headers}
    assert client.get("/ours").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("accepted", "encoding"), [("gzip", "gzip"), ("gzip;q=0, br", None), ("GZIP;q=0.5", "gzip"), ("br", None)]
)
def test_gzip_goes_to_those_who_take_it(client: TestClient, accepted: str, encoding: str | None) -> None:
    answer = client.get(f"/{modules.url()}kit/format.js", headers={"Accept-Encoding": accepted})
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["vary"] == "Accept-Encoding"
