"""Pages beside the running daemon: they begin and end with it, and take nothing of it along."""

from __future__ import annotations

import http.client
import io
import os
import re
import signal
import socket
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests import photos
from tests.acceptance.home import Home
from tests.support import wait_until

pytestmark = pytest.mark.slow


def with_pages(home: Home, port: int = 0) -> str:
    """Have the next daemon serve pages; returns a token for them."""
    del home.environment["TAGD_WEB__LISTEN"]
    home.configure(f'[web]\nlisten = "127.0.0.1:{port}"\n')
    return home.run("web", "token", "add", "tests").stdout.splitlines()[-1]


def port_of(home: Home) -> int:
    [*_, port] = re.findall(r"open http://127\.0\.0\.1:(\d+)/open/", home.log.read_text())
    return int(port)


def ask(port: int, token: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as to:
        headers = {"Authorization": f"Bearer {token}"}
        to.request("GET" if body is None else "POST", path, body, headers)
        answer = to.getresponse()
        return answer.status, answer.read()


def servers(daemon: subprocess.Popen[bytes]) -> list[int]:
    """The processes that serve pages, children of the daemon's."""
    found = Path(f"/proc/{daemon.pid}/task").glob("*/children")
    children = [int(pid) for file in found for pid in file.read_text().split()]
    return [pid for pid in children if b"--socket" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_a_picture_is_looked_at_and_not_kept(home: Home) -> None:
    token = with_pages(home)
    picture = io.BytesIO()
    photos.cat().save(picture, "JPEG")
    with home.daemon():
        port = port_of(home)
        status, body = ask(port, token, "/api/v1/tag", picture.getvalue())
        assert (status, b'"tag":"cat"' in body) == (200, True), body
        form = b'--x\r\nContent-Disposition: form-data; name="file"; filename="../../a"\r\n\r\n'
        status, body = ask_form(port, token, form + picture.getvalue() + b"\r\n--x--\r\n")
        assert (status, b'"tag":"cat"' in body) == (200, True), body
        status, body = ask(port, token, "/api/v1/tag", b"not a picture")
        assert (status, b"not-an-image" in body) == (415, True)
        assert ask(port, token, "/api/v1/tag", picture.getvalue()[:9000])[0] == 422
        assert home.rows("SELECT count(*) FROM file") == [(0,)]
        assert list((Path(home.environment["XDG_CACHE_HOME"]) / "tagd/looked-at").iterdir()) == []
        assert ask(port, token, "/api/v1/pause", b"{}")[0] == 200
        assert home.json("status")["mode"] == "paused"
        assert ask(port, token, "/api/v1/resume", b"{}")[0] == 200


def ask_form(port: int, token: str, body: bytes) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as to:
        kind = "multipart/form-data; boundary=x"
        headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
        to.request("POST", "/api/v1/tag", body, headers)
        answer = to.getresponse()
        return answer.status, answer.read()


def test_pages_that_crash_come_back_and_the_daemon_never_notices(home: Home) -> None:
    token = with_pages(home)
    with home.daemon() as daemon:
        port = port_of(home)
        assert ask(port, token, "/api/v1/status")[0] == 200
        [first] = servers(daemon)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: servers(daemon) not in ([first], []), what="another serves")
        assert ask(port, token, "/api/v1/status")[0] == 200, "at the same address"
        photos.coffee().save(home.photos / "coffee.jpg")
        home.wait_state("coffee.jpg", "tagged")
        [second] = servers(daemon)
    wait_until(lambda: not Path(f"/proc/{second}").exists(), what="they end with the daemon")


def test_a_port_that_is_taken_is_a_warning_until_it_is_free(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        token = with_pages(home, port)
        with home.daemon():
            assert f"127.0.0.1:{port}" in home.log.read_text()
            assert "tagd reload" in " ".join(home.json("status")["troubles"])
            taken.close()
            home.configure(f'[web]\nlisten = "127.0.0.1:{port}"\ncache_megabytes = 99\n')
            assert home.run("reload").returncode == 0
            assert ask(port, token, "/api/v1/status")[0] == 200
            assert home.json("status")["troubles"] == []
