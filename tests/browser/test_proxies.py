"""Every live part behind a proxy that strips a prefix, under a base path, and in a frame of another page."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

OPEN = Callable[..., Page]


class Proxy:
    """Forwards connections to a server, a prefix of their paths taken away, as nginx's `proxy_pass …/;` does.

    One request for each connection, so that only its first line need be read; websockets pass through. At
    /frame it answers itself, with a page that holds the app in a frame.
    """

    def __init__(self, url: str, prefix: str):
        self.target, self.prefix = urlsplit(url), prefix
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self.listener.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            data = b""
            while b"\r\n\r\n" not in data:
                if not (more := client.recv(65536)):
                    return
                data += more
            head, _, body = data.partition(b"\r\n\r\n")
            first, *rest = head.split(b"\r\n")
            method, path, version = first.decode().split(" ", 2)
            if path == "/frame":
                shown = f"{self.prefix}/vae?scene=flow&ask=false"
                page = f'<iframe src="{shown}" width="1200" height="700"></iframe>'.encode()
                answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n"
                client.sendall(answer + page)
                return
            if not path.startswith(self.prefix):
                client.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            if not any(line.lower().startswith(b"upgrade:") for line in rest):
                rest = [line for line in rest if not line.lower().startswith(b"connection:")]
                rest.append(b"Connection: close")
            stripped = path[len(self.prefix) :] or "/"
            request = b"\r\n".join([f"{method} {stripped} {version}".encode(), *rest])
            with socket.create_connection((self.target.hostname, self.target.port)) as upstream:
                upstream.sendall(request + b"\r\n\r\n" + body)
                threading.Thread(target=_pour, args=(client, upstream), daemon=True).start()
                _pour(upstream, client)


def _pour(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def stripping(server) -> Iterator[Proxy]:
    proxy = Proxy(server.url, "/user/someone/proxy/8501")
    yield proxy
    proxy.close()


def every_part_answers(page: Page, prefix: str) -> None:
    """A deep link opens, its parts load, the menu and links within the app stay under the prefix."""
    missing: list[str] = []
    page.on("response", lambda response: missing.append(response.url) if response.status >= 400 else None)
    page.locator(".explorer[data-shown=flow] .picture canvas[data-painted]").first.wait_for()
    page.get_by_role("button", name="Another 3").click()
    page.wait_for_function("location.search.includes('digit=')")
    page.locator(".tab[data-scene='map']").click()
    page.locator(".explorer[data-shown=map] canvas[data-painted]").first.wait_for()
    page.keyboard.press("m") if page.locator(".tool[title^=Mathematics]").is_visible() else None
    page.get_by_test_id("stSidebarNav").get_by_text("Overview", exact=True).click()
    page.locator(".explorer[data-page=''][data-shown]").wait_for()
    page.locator(".tab[data-scene='models']").click()
    page.locator(".explorer[data-shown=models] a[data-page]").first.wait_for()
    page.locator(".explorer a[data-page][href*='cvae']").first.click()
    page.locator(".explorer[data-page=cvae] canvas[data-painted]").first.wait_for()
    assert urlsplit(page.url).path == f"{prefix}/cvae"
    own = re.compile(r"/_stcore/")  # Streamlit asks for these in several places
    assert [url for url in missing if not own.search(url)] == []
    assert page.faults == []


def test_behind_a_proxy_that_strips_a_prefix(open_page: OPEN, server, stripping: Proxy) -> None:
    behind = replace(server, url=stripping.url + stripping.prefix)
    page = open_page("vae", on=behind, width=1280, height=720, scene="flow", wait=False)
    every_part_answers(page, stripping.prefix)


def test_under_a_base_path_of_the_server_s_own_and_what_is_switched_off_is_not_offered(
    open_page: OPEN, own_server: Callable
) -> None:
    running = own_server(STREAMLIT_SERVER_BASE_URL_PATH="lab", AEVB_UPLOADS="off", AEVB_HUB="off")
    page = open_page("vae", on=running, width=1280, height=720, scene="flow", wait=False)
    every_part_answers(page, "/lab")
    page = open_page("train", data="digits", on=running, again=True)
    page.locator(".start:enabled").wait_for()
    expect(page.locator(".bring")).to_be_hidden()
    assert page.faults == []


def test_in_a_frame_of_another_page(browser: Browser, stripping: Proxy) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{stripping.url}/frame")
    frame = page.frame_locator("iframe")
    frame.locator(".explorer[data-shown=flow] .picture canvas[data-painted]").first.wait_for()
    frame.get_by_role("button", name="Another 5").click()
    expect(frame.get_by_role("button", name="Another 5")).to_have_attribute("aria-pressed", "true")
    page.close()
    assert faults == []
