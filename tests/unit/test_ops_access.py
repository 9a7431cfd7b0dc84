"""Who may come in: links for one use, sessions, tokens and a password, kept as digests alone."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from tagd.errors import TagdError, WebError
from tagd.ops.access import LINK_SECONDS, SESSION_SECONDS, Access, Caller


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def access(tmp_path: Path, clock: Clock) -> Access:
    return Access(tmp_path / "catalogue.db.access", clock=clock)


def test_a_token_opens_until_it_is_removed(access: Access) -> None:
    secret = access.add_token("script", read_only=True)
    assert access.program(secret) == Caller("script", may_write=False)
    assert access.program(access.add_token("other", read_only=False)) == Caller("other")
    assert [token.name for token in access.tokens] == ["script", "other"]
    with pytest.raises(TagdError, match="already"):
        access.add_token("script", read_only=False)
    access.remove_token("script")
    assert access.program(secret) is None
    with pytest.raises(TagdError, match="no token"):
        access.remove_token("script")


def test_nothing_that_opens_is_kept(access: Access) -> None:
    secrets = [access.add_token("a", read_only=False), access.add_link(), access.add_session()]
    access.set_password("correct horse")
    secrets += [access.add_link(), "correct horse"]
    kept = access.path.read_text()
    assert not any(secret in kept for secret in secrets)
    assert "$argon2id$" in kept
    assert stat.S_IMODE(access.path.stat().st_mode) == 0o600


def test_a_link_is_for_one_browser_within_the_hour(access: Access, clock: Clock) -> None:
    link, late = access.add_link(), access.add_link()
    session = access.redeem(link)
    assert session is not None
    assert access.redeem(link) is None
    assert access.redeem("nonsense") is None
    clock.now += LINK_SECONDS
    assert access.redeem(late) is None
    assert access.browser(session) is not None
    access.end_session(session)
    assert access.browser(session) is None


def test_a_session_ends_in_time(access: Access, clock: Clock) -> None:
    session = access.add_session()
    clock.now += SESSION_SECONDS - 1
    assert access.browser(session) is not None
    clock.now += 1
    assert access.browser(session) is None


def test_a_new_password_lets_nobody_stay(access: Access) -> None:
    assert (access.has_password, access.is_password("")) == (False, False)
    session = access.add_session()
    with pytest.raises(TagdError, match="8 characters"):
        access.set_password("short")
    access.set_password("correct horse")
    assert access.browser(session) is None
    assert access.is_password("correct horse")
    assert not access.is_password("correct horsf")
    assert access.has_password


def test_a_password_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    access = Access(tmp_path / "access", password_file=file)
    with pytest.raises(WebError, match="cannot read"):
        access.is_password("correct horse")
    file.write_text("\n")
    with pytest.raises(WebError, match="no password"):
        access.is_password("")
    file.write_text("correct horse\nand more")
    assert access.is_password("correct horse")
    assert not access.is_password("correct horse\nand more")


def test_processes_take_turns(access: Access) -> None:
    others = [Access(access.path) for _ in range(8)]
    threads = [
        threading.Thread(target=other.add_token, args=(f"t{number}",), kwargs={"read_only": False})
        for number, other in enumerate(others)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {token.name for token in access.tokens} == {f"t{number}" for number in range(8)}


def test_a_broken_file_lets_nobody_in(access: Access) -> None:
    secret = access.add_token("a", read_only=False)
    access.path.write_text('{"tokens": 3}')
    with pytest.raises(WebError, match="cannot be read"):
        access.program(secret)
