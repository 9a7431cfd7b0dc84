"""A Hugging Face hub in small, on this machine: repositories of files, and what can go wrong."""

from __future__ import annotations

import contextlib
import hashlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "1234567890abcdef1234567890abcdef12345678"
_RESOLVE = re.compile(r"^/(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>.+)$")


@dataclass
class Hub:
    """`files[repo][name]` is content. `asked` holds each GET's name and Range."""

    url: str = ""
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    private: set[str] = field(default_factory=set)  # answered with 401
    cut_after: int | None = None  # bytes of a large answer, after which the connection ends
    stays_down: bool = False  # answers no GET any more once it has cut one off
    lies: bool = False  # says another hash than the content's
    asked: list[tuple[str, str | None]] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def do_HEAD(self) -> None:
        found = self._found()
        if found is not None:
            self._describe(found[1], 0)

    def do_GET(self) -> None:
        found = self._found()
        if found is None:
            return
        name, content = found
        wanted = self.headers.get("Range")
        self.hub.asked.append((name, wanted))
        if self.hub.stays_down and self.hub.cut_after == 0:
            self.close_connection = True
            return
        start = int(wanted[len("bytes=") :].partition("-")[0]) if wanted else 0
        self._describe(content, start)
        self._send(content, start)

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002
        del format

    def _found(self) -> tuple[str, bytes] | None:
        """The name and the content of what is asked for; None once it has been refused."""
        hub = self.hub
        found = _RESOLVE.match(self.path)
        repo, file = (found["repo"], found["file"]) if found else ("", "")
        if repo in hub.private:
            self._refuse(401, "RepoNotFound")
            return None
        if found is None or repo not in hub.files:
            self._refuse(404, "RepoNotFound")
            return None
        if found["revision"] not in {"main", COMMIT}:
            self._refuse(404, "RevisionNotFound")
            return None
        if file not in hub.files[repo]:
            self._refuse(404, "EntryNotFound")
            return None
        return file, hub.files[repo][file]

    def _refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("X-Error-Message", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _describe(self, content: bytes, start: int) -> None:
        digest = hashlib.sha256(content).hexdigest()
        self.send_response(206 if start else 200)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{digest[::-1] if self.hub.lies else digest}"')
        self.send_header("Content-Length", str(len(content) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()

    def _send(self, content: bytes, start: int) -> None:
        end = len(content)
        if self.hub.cut_after is not None and end - start > self.hub.cut_after:
            end = start + self.hub.cut_after
        self.wfile.write(content[start:end])
        if end < len(content):
            self.close_connection = True
            if self.hub.stays_down:
                self.hub.cut_after = 0


@contextlib.contextmanager
def serving() -> Iterator[Hub]:
    """A hub that answers until the end."""
    hub = Hub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
