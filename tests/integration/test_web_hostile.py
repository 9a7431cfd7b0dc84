"""Requests that nobody with good intentions makes: each refused, and the pages served on."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tagd.ops.access import Access
from tests.acceptance.home import Home
from tests.photos import cat
from tests.web import CAT, Site, fill, served

HOSTILE_NAME = "<img src=x onerror=alert(1)>'\"&{{7*7}}.jpg"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = Home(tmp_path_factory.mktemp("hostile") / "home")
    fill(home, {"cat.jpg": (cat(), {CAT: 0.9}), HOSTILE_NAME: (cat().rotate(90), {CAT: 0.8})})
    with served(home, 'hosts = ["nas.local"]\n') as site:
        yield site


# Method, path, headers, what may come back. With a token that may do everything.
REFUSED: dict[str, tuple[str, str, dict[str, str], set[int]]] = {
    "a name that leads here": ("GET", "/api/v1/photos", {"Host": "evil.example"}, {421}),
    "a name that begins like ours": ("GET", "/", {"Host": "localhost.evil.example"}, {421}),
    "a number that is not ours": ("GET", "/", {"Host": "192.168.1.1"}, {421}),
    "an empty host": ("GET", "/", {"Host": ""}, {400, 421}),
    "another site's script": ("POST", "/api/v1/undo", {"Origin": "http://evil.example"}, {403}),
    "a page without an origin": ("POST", "/api/v1/undo", {"Origin": "null"}, {403}),
    "another port's script": ("POST", "/api/v1/undo", {"Origin": "http://127.0.0.1:1"}, {403}),
    "a script of another site": ("GET", "/api/v1/photos", {"Sec-Fetch-Site": "cross-site"}, {403}),
    "another site that reads": ("GET", "/api/v1/photos", {"Origin": "http://evil.example"}, {403}),
    "no token": ("GET", "/api/v1/photos", {"Authorization": ""}, {401}),
    "a wrong token": ("GET", "/api/v1/photos", {"Authorization": "Bearer nonsense"}, {401}),
    "a token by another scheme": ("GET", "/api/v1/photos", {"Authorization": "Basic YTpi"}, {401}),
    "a token that is no text": ("GET", "/api/v1/photos", {"Authorization": "Bearer \xff"}, {401}),
    "a long token": ("GET", "/", {"Authorization": f"Bearer {'a' * 20_000}"}, {401, 431}),
    "a way up": ("GET", "/../../../../etc/passwd", {}, {404}),
    "a way up, encoded": ("GET", "/static/..%2f..%2f..%2fpyproject.toml", {}, {404}),
    "a way up, encoded twice": ("GET", "/static/%252e%252e/pages/photos.py", {}, {404}),
    "a way up by backslashes": ("GET", "/static/..\\..\\application.py", {}, {404}),
    "an absolute path": ("GET", "/static//etc/passwd", {}, {404}),
    "a path for a photo": ("GET", "/api/v1/photos/..%2f..%2fetc%2fpasswd", {}, {404, 422}),
    "a picture by its path": ("GET", "/api/v1/photos/%2fetc%2fpasswd/picture", {}, {404, 422}),
    "a picture that is none": ("GET", f"/api/v1/photos/{'0' * 32}/picture", {}, {404}),
    "an id with a line end": ("GET", f"/api/v1/photos/{'0' * 32}%0a/picture", {}, {404, 422}),
    "an id in capitals": ("GET", f"/photo/{'A' * 32}", {}, {422}),
    "a byte of zero": ("GET", "/api/v1/photos?q=%00", {}, {200, 400}),
    "no UTF-8": ("GET", "/api/v1/photos?q=%ff%fe", {}, {200, 400, 422}),
    "a query that is too long": ("GET", f"/api/v1/photos?q={'a' * 5000}", {}, {422}),
    "parentheses without an end": ("GET", f"/api/v1/photos?q={'(' * 1900}", {}, {400}),
    "a position of our own making": ("GET", "/api/v1/photos?after=WyJ4Il0", {}, {400}),
    "a position too deep": ("GET", f"/api/v1/photos?after={'W1tb' * 900}", {}, {400}),
    "no end of photos": ("GET", "/api/v1/photos?limit=100000000", {}, {422}),
    "fewer than none": ("GET", "/api/v1/photos?limit=-1", {}, {422}),
    "a method that changes": ("DELETE", "/api/v1/photos", {}, {405}),
    "a method of proxies": ("CONNECT", "evil.example:443", {}, {400, 405}),
    "a method that echoes": ("TRACE", "/", {}, {405}),
    "a question for another site": ("OPTIONS", "/api/v1/photos", {}, {405}),
    "a huge body by its own word": ("POST", "/api/v1/undo", {"Content-Length": "9" * 12}, {413}),
    "a length that is none": ("POST", "/api/v1/undo", {"Content-Length": "-5"}, {400, 413}),
    "two lengths": ("POST", "/api/v1/undo", {"Content-Length": "5, 6"}, {400, 413}),
    "a form in JSON's place": ("POST", "/api/v1/undo", {"Content-Type": "text/plain"}, {422}),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused(site: Site, what: str) -> None:
    method, path, more, expected = REFUSED[what]
    headers = {"Host": f"127.0.0.1:{site.port}", "Authorization": f"Bearer {site.token}", **more}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    body = b""
    if method == "POST" and "Content-Length" not in more:
        body, lines = b"{}", [*lines, "Content-Length: 2"]
    said = site.raw("\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + body)
    status = int(said.split()[1])
    assert status in expected, said[:300]
    assert b"root:" not in said
    assert b"[project]" not in said
    assert b"Traceback" not in said
    assert site.ask("/api/v1/photos").status == 200


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET\r\n\r\n",
        b"\x00" * 1000,
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000,
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n",
        b"POST /api/v1/tag HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
        b"Content-Length: 4\r\n\r\n0",
    ],
    ids=["TLS", "version", "short", "zeros", "two hosts", "many headers", "long", "smuggled"],
)
def test_what_is_no_request_gets_no_page(site: Site, data: bytes) -> None:
    said = site.raw(data, seconds=15)
    assert not said or int(said.split()[1]) in {400, 413, 414, 421, 431}
    assert site.ask("/api/v1/photos").status == 200


def test_everything_wants_a_key(site: Site) -> None:
    document = site.ask("/api/v1/openapi.json").json
    paths = [path.format(photo_id="0" * 32, label="x") for path in document["paths"]]
    for path in (*paths, "/", "/review", "/tags", "/status", "/static/site.css", "/api/v1/docs"):
        assert site.ask(path, with_token=False).status == 401, path
    page = site.ask("/", with_token=False, headers={"Accept": "text/html"})
    assert page.status == 401
    assert b"tagd web open" in page.body
    assert b"password" not in page.body, "there is none"


def test_a_link_opens_once_and_its_cookie_is_for_this_site_alone(site: Site) -> None:
    link = Access.of(site.home.database).add_link()
    first = site.ask(f"/open/{link}", with_token=False)
    assert first.status == 200
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    value = cookie.partition(";")[0]
    assert site.ask("/", with_token=False, headers={"Cookie": value}).status == 200
    assert site.ask(f"/open/{link}", with_token=False).status == 401
    assert site.ask("/", with_token=False, headers={"Cookie": value + "x"}).status == 401
    without = site.ask("/api/v1/undo", {"run": 1}, with_token=False, headers={"Cookie": value})
    assert without.status == 403, "a browser always says which site asks"
    own = {"Cookie": value, "Origin": site.base}
    assert site.ask("/logout", b"", with_token=False, headers=own).status == 303
    assert site.ask("/", with_token=False, headers={"Cookie": value}).status == 401


def test_a_token_that_only_reads(site: Site) -> None:
    reader = Access.of(site.home.database).add_token("reader", read_only=True)
    headers = {"Authorization": f"Bearer {reader}"}
    assert site.ask("/api/v1/photos", headers=headers).status == 200
    body = {"action": "reject", "tag": "cat", "query": "cat"}
    assert site.ask("/api/v1/corrections", body, headers=headers).status == 403
    assert site.tags("cat.jpg") == {"cat": "active"}


def test_names_and_tags_are_text_on_every_page(site: Site) -> None:
    script = "<script>alert(1)</script>"
    photo = site.photo_id(HOSTILE_NAME)
    body = {"action": "add", "tag": script, "photos": [photo], "own": True}
    assert site.ask("/api/v1/corrections", body).status == 200
    try:
        query = "q=%3Cscript%3E%22onfocus%3D1%20%27"
        for path in (
            "/",
            f"/photo/{photo}",
            "/tags",
            "/review",
            f"/?{query}",
            f"/photo/{photo}?{query}",
        ):
            page = site.ask(path, headers={"Accept": "text/html"})
            assert page.status == 200, path
            assert b"<script>alert" not in page.body
            assert b"<img src=x" not in page.body
            assert b"{{7*7}}.jpg" in page.body or path not in ("/", f"/photo/{photo}")
            assert "script-src 'self'" in page.headers["content-security-policy"]
            assert page.headers["x-content-type-options"] == "nosniff"
    finally:
        site.ask("/api/v1/corrections", {**body, "action": "remove"})


def test_no_page_has_a_script_or_a_style_of_its_own(site: Site) -> None:
    photo = site.photo_id("cat.jpg")
    for path in (
        "/",
        f"/photo/{photo}",
        "/tags",
        "/review",
        f"/review/{CAT}",
        "/status",
        "/api/v1/docs",
    ):
        page = site.ask(path, headers={"Accept": "text/html"}).body.decode()
        assert "<style" not in page
        assert " style=" not in page
        assert " onclick=" not in page
        assert "//cdn" not in page
        assert page.count("<script") == page.count("<script src=") + 1, "but data"


@pytest.mark.slow
def test_slow_clients_hold_nobody_up(site: Site) -> None:
    slow = [socket.create_connection(("127.0.0.1", site.port)) for _ in range(150)]
    for each in slow:
        each.sendall(b"GET / HTTP/1.1\r\nHost: local")
    began = time.monotonic()
    assert site.ask("/api/v1/photos?limit=1").status == 200
    for each in slow:
        each.settimeout(60)
        with contextlib.suppress(ConnectionResetError):
            assert each.recv(1) == b"", "it is hung up on"
        each.close()
    assert time.monotonic() - began < 55


@pytest.mark.slow
def test_five_hundred_connections(site: Site) -> None:
    many = []
    for _ in range(500):
        try:
            many.append(socket.create_connection(("127.0.0.1", site.port), timeout=20))
        except OSError:
            break
    for each in many:
        each.close()
    assert site.ask("/api/v1/photos").status == 200


def test_a_password_is_asked_for_and_guessed_slowly(site: Site, tmp_path: Path) -> None:
    del tmp_path
    access = Access.of(site.home.database)
    access.set_password("correct horse")
    own = {"Origin": site.base, "Content-Type": "application/x-www-form-urlencoded"}

    def guess(password: str) -> int:
        body = f"password={password}".encode()
        return site.ask("/login", body, with_token=False, headers=own).status

    assert guess("correct+horse") == 303
    assert [guess("wrong") for _ in range(6)] == [401] * 5 + [429]
    assert guess("correct+horse") == 429
    assert site.ask("/api/v1/photos").status == 200, "a token is no guess"
