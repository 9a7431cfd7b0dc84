"""Which requests come from where they may, decided without a server."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.app.search import Position, Sort
from tagd.web.guard import Headers, Hosts, name_of, refusal_of_place
from tagd.web.positions import PositionUnknown, packed, unpacked
from tagd.web.throttle import ALL_GUESSES, GUESSES, SECONDS, Throttle
from tagd.web.words import language_of

LOCAL = Hosts.of("127.0.0.1", ["nas.local"], is_local=True)
OPEN = Hosts.of("0.0.0.0", [], is_local=False)


def refused(method: str = "GET", **headers: str) -> int | None:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    found = refusal_of_place(Headers(raw), LOCAL, method)
    return None if found is None else int(found.status)


@pytest.mark.parametrize(
    "host", ["127.0.0.1:9470", "localhost", "LOCALHOST:1", "[::1]:9470", "nas.local.", "127.9.9.9"]
)
def test_names_of_this_machine(host: str) -> None:
    assert LOCAL.know(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "192.168.1.7",
        "",
        "[",
        "::",
    ],
)
def test_names_of_others(host: str) -> None:
    assert not LOCAL.know(host)


def test_any_address_is_its_own_where_others_reach_it_but_no_name() -> None:
    assert OPEN.know("192.168.1.7:9470")
    assert OPEN.know("[fd00::7]:9470")
    assert not OPEN.know("evil.example")


@given(st.text())
def test_any_host_has_a_name(host: str) -> None:
    assert name_of(host) == name_of(host).lower()


def test_origins() -> None:
    host = "localhost:9470"
    assert refused(host=host) is None
    assert refused("POST", host=host, origin="http://localhost:9470") is None
    assert refused("POST", host=host, origin="https://localhost:9470") is None
    for origin in ("null", "http://evil.example", "http://localhost:9471", "http://localhost", ""):
        assert refused("POST", host=host, origin=origin) == 403
    assert refused(host=host, sec_fetch_site="cross-site", sec_fetch_mode="no-cors") == 403
    assert refused(host=host, sec_fetch_site="same-site", sec_fetch_mode="cors") == 403
    assert refused(host=host, sec_fetch_site="cross-site", sec_fetch_mode="navigate") is None
    assert refused("DELETE", host=host) == 405
    assert refused() == 421


def test_a_header_that_is_there_twice_counts_for_nothing() -> None:
    headers = Headers([(b"host", b"localhost"), (b"Host", b"evil.example")])
    found = refusal_of_place(headers, LOCAL, "GET")
    assert found is not None
    assert found.status == 421


@given(st.integers(0, 1 << 62), st.floats(-1, 0), st.text(), st.integers(0, 1 << 62))
def test_a_position_comes_back_as_it_was(time: int, doubt: float, path: str, row: int) -> None:
    keys = {
        Sort.PATH: (path, row),
        Sort.NEWEST: (time, path, row),
        Sort.ADDED: (row,),
        Sort.CONFIDENCE: (doubt, path, row),
    }
    for sort, key in keys.items():
        assert unpacked(packed(Position(key)), sort) == Position(key)


@pytest.mark.parametrize(
    "key", [(), ("x",), ("x", "y", 1), (1, 2, 3), (True, "x", 1), (1e99, "x", 1)]
)
def test_a_position_of_another_order_is_none(key: tuple[str | float, ...]) -> None:
    with pytest.raises(PositionUnknown):
        unpacked(packed(Position(key)), Sort.NEWEST)


@given(st.text(), st.sampled_from(Sort))
def test_nothing_else_is_a_position(text: str, sort: Sort) -> None:
    with contextlib.suppress(PositionUnknown):
        assert packed(unpacked(text, sort))


def test_guesses_are_counted_for_a_minute() -> None:
    now = 0.0
    throttle = Throttle(lambda: now)
    for _ in range(GUESSES):
        assert throttle.wait("a") == 0
        throttle.note_wrong("a")
    assert throttle.wait("a") == SECONDS
    assert throttle.wait("b") == 0
    for number in range(ALL_GUESSES):
        throttle.note_wrong(f"c{number}")
    assert throttle.wait("d") > 0, "nor from many addresses"
    now = SECONDS
    assert throttle.wait("a") == throttle.wait("d") == 0


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("ja", "ja"),
        ("ja-JP,ja;q=0.9,en;q=0.8", "ja"),
        ("de,en;q=0.5,ja;q=0.4", "en"),
        ("en;q=0.1,ja;q=0.2", "ja"),
        ("ja;q=0,en", "en"),
        ("ja;q=nonsense", "en"),
        ("*;;;,,,", "en"),
    ],
)
def test_the_language_of_a_browser(accepted: str, language: str) -> None:
    assert language_of(accepted) == language
