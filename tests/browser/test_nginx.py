"""docs/nginx.conf, run: two replicas under a prefix, and what a visitor loses when one of them dies."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from aevb.ui.jobs import limits
from tests.conftest import BROWSER_REQUIRED

CONFIGURATION = Path(__file__).parents[2] / "docs" / "nginx.conf"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

# Where browsers have to be there, nginx has to be too: the tests then fail without it.
pytestmark = pytest.mark.skipif(NGINX is None and not BROWSER_REQUIRED, reason="nginx is not installed")

# Around the file, what a distribution's own nginx.conf says; who answered stands in the log.
AROUND = """
daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 2048; }}
http {{
    log_format told '$upstream_addr $status $request_uri';
    access_log {folder}/access.log told;
    {temporary}
    include {folder}/aevb.conf;
}}
"""


@dataclass
class Site:
    """The app behind nginx: its address, the replicas by theirs, and nginx's log."""

    url: str
    replicas: dict
    log: Path


@pytest.fixture
def site(tmp_path: Path, own_server: Callable) -> Iterator[Site]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        own = f"127.0.0.1:{probe.getsockname()[1]}"
    replicas = {urlsplit(running.url).netloc: running for running in (own_server(), own_server())}
    text = CONFIGURATION.read_text(encoding="utf-8").replace("listen 80;", f"listen {own};")
    for address, replica in zip(("127.0.0.1:8501", "127.0.0.1:8502"), replicas, strict=True):
        text = re.sub(rf"^(    server ){address}", rf"\g<1>{replica}", text, flags=re.MULTILINE)
    (tmp_path / "aevb.conf").write_text(text)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in kinds)
    (tmp_path / "nginx.conf").write_text(AROUND.format(folder=tmp_path, temporary=temporary))
    command = [str(NGINX), "-p", tmp_path, "-c", tmp_path / "nginx.conf", "-e", tmp_path / "error.log"]
    process = subprocess.Popen(command)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(own.split(":")):  # type: ignore[arg-type]
            break
    yield Site(f"http://{own}/aevb", replicas, tmp_path / "access.log")
    process.terminate()
    process.wait(10)


def status(url: str) -> int:
    try:
        return urllib.request.urlopen(url, timeout=20).status
    except urllib.error.HTTPError as error:
        return error.code


def posted(url: str, size: int) -> int:
    """What is answered to the announcement of so many bytes."""
    where = urlsplit(url)
    connection = HTTPConnection(where.netloc, timeout=20)
    connection.putrequest("POST", where.path)
    connection.putheader("Content-Length", str(size))
    connection.endheaders()
    answer = connection.getresponse().status
    connection.close()
    return answer


def at_once(url: str, count: int) -> list[int]:
    """What is answered to so many posts, of all of which nginx has heard before any answer is read."""
    where = urlsplit(url)
    sockets = [socket.create_connection((where.hostname, where.port)) for _ in range(count)]
    asked = f"POST {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Length: 0\r\n\r\n".encode()
    for one in sockets:
        one.sendall(asked)
    answers = [int(one.recv(12).split()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return answers


def test_two_replicas_under_a_prefix_of_which_one_dies(open_page, site: Site) -> None:
    for path in ("/_stcore/metrics", "/healthz"):  # not a visitor's business
        assert status(site.url + path) == 404
    assert status(site.url) == 200  # /aevb is sent on to /aevb/
    assert posted(f"{site.url}/training/start", 2 * limits.MAX_UPLOAD) == 413

    # Thirty behind one address are not refused, and a flood is.
    assert set(at_once(f"{site.url}/training/estimate", 30 * 5)) == {415}, "the app's own answer"
    assert at_once(f"{site.url}/training/estimate", 400).count(429) > 50

    # A visitor stays with one replica.
    running = next(iter(site.replicas.values()))
    page = open_page("vae", on=replace(running, url=site.url), width=1280, height=720, scene="flow")
    answered = page.locator(".explorer[data-shown=flow] .picture canvas[data-painted]").first
    answered.wait_for()
    page.locator(".tab[data-scene='map']").click()
    page.locator(".explorer[data-shown=map] canvas[data-painted]").first.wait_for()
    visits = [line for line in site.log.read_text().splitlines() if "/aevb/weights/" in line]
    assert visits and len({line.split()[0] for line in visits}) == 1
    mine = visits[0].split()[0]
    other = (site.replicas.keys() - {mine}).pop()

    # The other has other visitors, as it would by then, so that it has started.
    open_page("cvae", on=site.replicas[other]).locator("canvas[data-painted]").first.wait_for()

    # It goes on when the first one dies: what is in the page, and in its address, is not lost.
    before = page.url
    os.kill(site.replicas[mine].pid, signal.SIGKILL)
    page.locator(".tab[data-scene='flow']").click()
    answered.wait_for()
    page.get_by_role("button", name="Another 3").click()
    expect(page.get_by_role("button", name="Another 3")).to_have_attribute("aria-pressed", "true")
    deadline = time.monotonic() + 60
    while f"{other} 200 /aevb/_stcore/health" not in site.log.read_text():  # it looks for another
        assert time.monotonic() < deadline, "the page has not noticed"
        time.sleep(0.1)
    page.wait_for_function(
        "document.querySelector('[data-testid=stApp]').dataset.testConnectionState === 'CONNECTED'",
        timeout=60_000,
    )
    page.get_by_test_id("stSidebarNav").get_by_text("Conditional VAE", exact=True).click()
    page.locator(".explorer[data-page=cvae] canvas[data-painted]").first.wait_for()
    page.goto(before)
    page.locator(".explorer[data-shown=map] canvas[data-painted]").first.wait_for()
    assert site.log.read_text().splitlines()[-1].split()[0] == other
    assert page.faults == []


def test_the_largest_upload_that_the_app_takes_gets_through_to_it() -> None:
    size = re.search(r"client_max_body_size (\d+)m;", CONFIGURATION.read_text(encoding="utf-8"))
    assert size and limits.MAX_UPLOAD < int(size[1]) * 2**20 < 1.1 * limits.MAX_UPLOAD
