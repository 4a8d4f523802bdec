"""What stands before the page: nothing is answered without the token, or to another site."""

import http.client
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from ndmem.watching.web.app import make_app
from ndmem.watching.web.feed import Feed
from ndmem.watching.web.port import open_port
from ndmem.watching.web.server import Server

TOKEN = "abc-DEF_123"


@pytest.fixture
def served() -> Iterator[tuple[int, Feed]]:
    """Serve a page without states, and yield its port and its feed."""
    listener, feed = open_port(None), Feed()
    port = listener.getsockname()[1]
    server = Server(make_app(feed, TOKEN, lambda start, end: {"rows": [], "says": f"{start} {end}"}), listener, feed)
    server.start()
    yield port, feed
    server.stop()


def ask(port: int, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
    """Return an answer, read to its end."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=given)
        answer = connection.getresponse()
        answer.text = answer.read().decode()  # type: ignore[attr-defined]  # kept for the test
        return answer
    finally:
        connection.close()


REFUSED = {
    "no token": ("/", {}),
    "another token": ("/abc-DEF_124/", {}),
    "a part of it": ("/abc-DEF_12/", {}),
    "more than it": ("/abc-DEF_1233/", {}),
    "another case": ("/ABC-DEF_123/", {}),
    "as a query": ("/?token=abc-DEF_123", {}),
    "no folder": ("/abc-DEF_123", {}),
    "not ASCII": ("/%C3%A4%FF/", {}),
    "the stream": ("/events", {}),
    "the range": ("/range?from=0&to=1", {}),
    "two slashes": ("//abc-DEF_123/", {}),
    "another host": (f"/{TOKEN}/", {"Host": "evil.example"}),
    "another host with the port": (f"/{TOKEN}/", {"Host": "evil.example:8000"}),
    "a host that begins like ours": (f"/{TOKEN}/", {"Host": "127.0.0.1.evil.example"}),
    "another origin": (f"/{TOKEN}/events", {"Origin": "http://evil.example"}),
    "a page opened from disk": (f"/{TOKEN}/events", {"Origin": "null"}),
    "another port of this machine": (f"/{TOKEN}/events", {"Origin": "http://127.0.0.1:1"}),
    "a script of another site": (f"/{TOKEN}/", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}),
}


def test_what_is_refused(served: tuple[int, Feed]) -> None:
    """Without the exact token, under another host's name, or for another origin, the answer is 403 and has no page."""
    port, _ = served
    for name, (path, headers) in REFUSED.items():
        answer = ask(port, path, **headers)
        assert answer.status == 403, name
        assert answer.text == "refused: open the address that ndmem printed\n", name  # type: ignore[attr-defined]


def test_the_page_may_be_read_by_itself_alone(served: tuple[int, Feed]) -> None:
    """The page has no header that allows another origin, and those that keep its address and its contents inside."""
    port, _ = served
    for path, status in ((f"/{TOKEN}/", 200), ("/", 403), (f"/{TOKEN}/range?from=2&to=1", 200)):
        answer = ask(port, path, Host=f"localhost:{port}")
        assert answer.status == status
        found = {name.lower(): value for name, value in answer.getheaders()}
        assert not any(name.startswith("access-control") for name in found)
        assert "set-cookie" not in found
        assert found["referrer-policy"] == "no-referrer"
        assert found["cache-control"] == "no-store"
        assert found["x-content-type-options"] == "nosniff"
        assert found["cross-origin-resource-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in found["content-security-policy"]
    assert answer.text == '{"rows":[],"says":"1.0 2.0"}'  # type: ignore[attr-defined]


@pytest.mark.parametrize("query", ["", "from=1", "from=x&to=1", "from=nan&to=1", "from=-1&to=1", "from=0&to=inf"])
def test_a_range_that_is_not_one_is_refused(served: tuple[int, Feed], query: str) -> None:
    """Times that are missing, not numbers, negative or endless: 400, in one line."""
    answer = ask(served[0], f"/{TOKEN}/range?{query}")
    assert (answer.status, answer.text.count("\n")) == (400, 1)  # type: ignore[attr-defined]


def test_nothing_but_reading_is_offered(served: tuple[int, Feed]) -> None:
    """Other methods and other paths are refused."""
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert ask(served[0], f"/{TOKEN}/", method).status == 405
    assert ask(served[0], f"/{TOKEN}/etc/passwd").status == 404


def test_a_watcher_that_disconnects_in_mid_message_is_forgotten(
    served: tuple[int, Feed], capfd: pytest.CaptureFixture[str]
) -> None:
    """A connection is reset while 8 MiB are on their way: the next watcher is served, and nothing is printed."""
    port, feed = served
    timeline = {"time": [0], "layers": [], "beside": [], "rss": {"name": "", "time": [], "nbytes": []}}
    feed.publish({"title": "x" * 2**23, "timeline": timeline})
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", port), timeout=60) as watcher:
            watcher.sendall(f"GET /{TOKEN}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            assert b"200 OK" in watcher.recv(1000)
            watcher.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close() resets
    assert ask(port, f"/{TOKEN}/").status == 200
    assert capfd.readouterr() == ("", "")


def test_a_report_replaces_the_page(served: tuple[int, Feed]) -> None:
    """From the end on the address has the report, and each answer is counted."""
    port, feed = served
    assert "Waiting for the program" in ask(port, f"/{TOKEN}/").text  # type: ignore[attr-defined]
    feed.end("<p>the report</p>", "")
    assert ask(port, f"/{TOKEN}/").text == "<p>the report</p>"  # type: ignore[attr-defined]
    assert feed.wait_until_loaded(60)


def test_the_page_itself_allows_its_own_scripts_alone(served: tuple[int, Feed], tmp_path: Path) -> None:
    """The policy of the page allows two scripts by their hashes, and connections to where it came from."""
    text = ask(served[0], f"/{TOKEN}/").text  # type: ignore[attr-defined]
    policy = text.partition('http-equiv="Content-Security-Policy" content="')[2].partition('"')[0]
    assert policy.count("sha256-") == 2
    assert "connect-src &#39;self&#39;" in policy
    assert text.isascii()
