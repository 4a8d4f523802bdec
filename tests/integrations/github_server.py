"""A fake of GitHub's comments on loopback: it keeps them in a list, and answers with pages."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class GitHub:
    """The comments of pull request 7 of someone/project, and what was asked.

    Attributes
    ----------
    url : str
        Address of the interface.
    comments : list of dict
        As GitHub has them.
    calls : list of str
        Method and path of each call.
    status : int
        Of each answer.
    """

    url: str = ""
    comments: list[dict[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    status: int = 200
    answer: bytes | None = None

    def add(self, body: str, kind: str = "User") -> None:
        """Add a comment of a person or a program."""
        self.comments.append({"id": 1000 + len(self.comments), "body": body, "user": {"type": kind}})

    def serve(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        """Do what a call asks, and return the answer."""
        parts = urlsplit(path)
        if method == "GET":
            query = {name: int(values[0]) for name, values in parse_qs(parts.query).items()}
            start = (query["page"] - 1) * query["per_page"]
            return self.comments[start : start + query["per_page"]]
        assert body is not None
        if method == "POST":
            assert parts.path == "/repos/someone/project/issues/7/comments"
            self.add(body["body"], "Bot")
            return self.comments[-1]
        (comment,) = [each for each in self.comments if parts.path.endswith(f"/issues/comments/{each['id']}")]
        comment["body"] = body["body"]
        return comment


@contextmanager
def serve_github() -> Iterator[GitHub]:
    """Serve the fake until the block ends."""
    github = GitHub()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def answer(self) -> None:
            github.calls.append(f"{self.command} {self.path}")
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            allowed = self.headers["Authorization"] == "Bearer secret"
            status = github.status if allowed else 401
            found = github.serve(self.command, self.path, body) if status == 200 else {"message": "no"}
            data = github.answer or json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = answer  # noqa: N815  # the names that http.server calls

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    github.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield github
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
