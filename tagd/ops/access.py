"""Who may look at the pages and use the HTTP API: links for one use, sessions of browsers, tokens
of programs, and a password.

All are random and kept as digests alone, in a file beside the catalogue that only its user may
read; nobody who reads a backup or the catalogue gets in. Processes take turns in changing it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import tempfile
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tagd.errors import TagdError, WebError
from tagd.fs import display

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LINK_SECONDS: Final = 3600.0  # how long a link can be used, once
SESSION_SECONDS: Final = 90 * 86400.0
LEAST_PASSWORD: Final = 8  # characters
_MOST_PASSES: Final = 200  # browsers, of which the latest stay
# What OWASP advises for Argon2id where memory is scarce: twice over 19 MiB, in one thread. Source:
# its Password Storage Cheat Sheet.
_ARGON2: Final = (2, 19 * 1024, 1)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a browser, or a program by the name of its token."""

    name: str
    may_write: bool = True


@dataclass(frozen=True, slots=True)
class Token:
    """A program's, by the name that a person gave it. `made_at` is in seconds since 1970."""

    name: str
    digest: str
    read_only: bool
    made_at: float


@dataclass(frozen=True, slots=True)
class _Pass:
    """A link or a session: valid until then, in seconds since 1970."""

    digest: str
    until: float


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the file holds."""

    tokens: tuple[Token, ...] = ()
    links: tuple[_Pass, ...] = ()
    sessions: tuple[_Pass, ...] = ()
    password: str | None = None  # its Argon2 hash
    address: str | None = None  # at which the pages were served last


@dataclass(slots=True)
class Access:
    """The file of one catalogue. Thread-safe: what is read is one whole state of it."""

    path: Path
    password_file: Path | None = None
    clock: Callable[[], float] = time.time
    _seen: tuple[tuple[int, ...], _Kept] = field(default=((), _Kept()))

    @classmethod
    def of(cls, catalogue: Path, password_file: Path | None = None) -> Access:
        """Return the one beside the catalogue at this path."""
        return cls(catalogue.with_name(f"{catalogue.name}.access"), password_file)

    # Programs

    @property
    def tokens(self) -> tuple[Token, ...]:
        """Return every token, in the order in which they were made."""
        return self._kept().tokens

    def add_token(self, name: str, *, read_only: bool) -> str:
        """Make a token, and return it: nobody can tell it again. Raises `TagdError` where there is
        one of this name."""
        secret = secrets.token_urlsafe(32)
        with self._changing() as kept:
            if any(token.name == name for token in kept.tokens):
                raise TagdError(
                    f"there is a token {name!r} already", hint=f"`tagd web token remove {name}`"
                )
            token = Token(name, _digest(secret), read_only, self.clock())
            self._write(replace(kept, tokens=(*kept.tokens, token)))
        return secret

    def remove_token(self, name: str) -> None:
        """Have it open nothing any more. Raises `TagdError` where there is none of this name."""
        with self._changing() as kept:
            left = tuple(token for token in kept.tokens if token.name != name)
            if left == kept.tokens:
                raise TagdError(f"there is no token {name!r}", hint="`tagd web token list`")
            self._write(replace(kept, tokens=left))

    def program(self, secret: str) -> Caller | None:
        """Return whose token this is; None for nobody's."""
        digest = _digest(secret)
        for token in self._kept().tokens:
            if secrets.compare_digest(token.digest, digest):
                return Caller(token.name, may_write=not token.read_only)
        return None

    # Browsers

    def add_link(self) -> str:
        """Make what lets one browser in, once, and return it."""
        secret, link = self._pass(LINK_SECONDS)
        with self._changing() as kept:
            self._write(replace(kept, links=(*self._valid(kept.links), link)))
        return secret

    def redeem(self, link: str) -> str | None:
        """Return a session for a link, which is used up by that; None for what is no link."""
        with self._changing() as kept:
            if not _valid(kept.links, link, self.clock()):
                return None
            digest = _digest(link)
            left = tuple(link for link in kept.links if link.digest != digest)
            self._write(replace(kept, links=left))
        return self.add_session()

    def add_session(self) -> str:
        """Make what a browser keeps, and return it."""
        secret, session = self._pass(SESSION_SECONDS)
        with self._changing() as kept:
            self._write(replace(kept, sessions=(*self._valid(kept.sessions), session)))
        return secret

    def end_session(self, session: str) -> None:
        """Let this browser in no more."""
        digest = _digest(session)
        with self._changing() as kept:
            left = tuple(session for session in kept.sessions if session.digest != digest)
            self._write(replace(kept, sessions=left))

    def browser(self, session: str) -> Caller | None:
        """Return the browser that keeps this; None for nobody."""
        known = _valid(self._kept().sessions, session, self.clock())
        return Caller("a browser") if known else None

    # The password

    @property
    def has_password(self) -> bool:
        """Return whether there is one."""
        return self.password_file is not None or self._kept().password is not None

    def set_password(self, password: str) -> None:
        """Keep its hash, and let no browser in that came in before. Raises `TagdError` for one that
        is too short."""
        if len(password) < LEAST_PASSWORD:
            raise TagdError(f"a password needs {LEAST_PASSWORD} characters or more")
        from argon2 import PasswordHasher  # noqa: PLC0415  lazy: most have no password

        hashed = PasswordHasher(*_ARGON2).hash(password)
        with self._changing() as kept:
            self._write(replace(kept, password=hashed, sessions=(), links=()))

    def is_password(self, given: str) -> bool:
        """Return whether it is this one. Takes some 50 ms and 20 MB, so that guessing does too."""
        if self.password_file is not None:
            return secrets.compare_digest(_first_line(self.password_file), given.encode())
        hashed = self._kept().password
        if hashed is None:
            return False
        from argon2 import PasswordHasher  # noqa: PLC0415  lazy, as above
        from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415

        try:
            return PasswordHasher().verify(hashed, given)
        except (VerificationError, InvalidHashError):
            return False

    # Where

    @property
    def address(self) -> str | None:
        """Return at which host and port the pages were served last; None for never."""
        return self._kept().address

    def note_address(self, address: str) -> None:
        """Keep it for `tagd web open`."""
        if address != self.address:
            with self._changing() as kept:
                self._write(replace(kept, address=address))

    # The file

    def _pass(self, seconds: float) -> tuple[str, _Pass]:
        secret = secrets.token_urlsafe(24)
        return secret, _Pass(_digest(secret), self.clock() + seconds)

    def _valid(self, passes: tuple[_Pass, ...]) -> tuple[_Pass, ...]:
        """Return those that count still, and leave room for one more."""
        now = self.clock()
        return tuple(known for known in passes if known.until > now)[-_MOST_PASSES + 1 :]

    def _kept(self) -> _Kept:
        """Return what the file holds now, which is read only where it has changed."""
        try:
            status = self.path.stat()
            signature = (status.st_ino, status.st_size, status.st_mtime_ns)
            if self._seen[0] != signature:
                self._seen = signature, _unpacked(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return _Kept()
        except (OSError, ValueError, KeyError, TypeError) as error:
            hint = "remove it to begin anew: tokens and the password go with it"
            raise WebError(f"{display(self.path)} cannot be read: {error}", hint=hint) from error
        return self._seen[1]

    @contextlib.contextmanager
    def _changing(self) -> Iterator[_Kept]:
        """Hold the right to write, with what there is. Raises `WebError`."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(
                self.path.with_name(f"{self.path.name}.lock"), os.O_CREAT | os.O_RDWR, 0o600
            )
        except OSError as error:
            raise self._no_rights(error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self._kept()
        finally:
            os.close(lock)

    def _write(self, kept: _Kept) -> None:
        try:
            with tempfile.NamedTemporaryFile("w", dir=self.path.parent, delete=False) as file:
                json.dump(asdict(kept), file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).replace(self.path)
        except OSError as error:
            raise self._no_rights(error) from error

    def _no_rights(self, error: OSError) -> WebError:
        return WebError(
            f"cannot write {display(self.path)}: {error.strerror or error}",
            hint="become the user that tagd runs as",
        )


def _unpacked(text: str) -> _Kept:
    said = json.loads(text)
    return _Kept(
        tokens=tuple(Token(**token) for token in said["tokens"]),
        links=tuple(_Pass(**link) for link in said["links"]),
        sessions=tuple(_Pass(**session) for session in said["sessions"]),
        password=said["password"],
        address=said["address"],
    )


def _valid(passes: tuple[_Pass, ...], secret: str, now: float) -> bool:
    digest = _digest(secret)
    return any(
        secrets.compare_digest(known.digest, digest) and known.until > now for known in passes
    )


def _digest(secret: str) -> str:
    """Return what is kept of 192 random bits or more, which nobody can guess from it."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _first_line(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            line = file.readline().rstrip(b"\r\n")
    except OSError as error:
        raise WebError(f"cannot read {display(path)}: {error.strerror}") from error
    if not line:
        raise WebError(f"{display(path)} holds no password in its first line")
    return line
