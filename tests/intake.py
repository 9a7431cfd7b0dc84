"""What the intake's tests share: real folders, a real catalogue, and a stand-in for the worker."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tagd import fs
from tagd.catalogue.db.engine import Catalogue
from tagd.catalogue.tagging import record
from tagd.domain import Priority, Signature
from tagd.fs import FileSystem, display, signature_of
from tagd.intake import one_time, probe, scan
from tagd.intake.exclude import Excludes
from tagd.intake.intake import Intake
from tagd.intake.mirror import NO_MIRROR, Mirror
from tagd.intake.probe import Devices
from tagd.intake.recognise import Recogniser
from tagd.intake.scan import Scanner
from tagd.intake.scan_parts import ScanReport, ScanRequest
from tagd.intake.submit import Submitter
from tagd.intake.trouble import Trouble, TroubleKind
from tests.catalogue import REPOSITORY, claim, name_of, result, rows
from tests.support import PATIENCE_SECONDS, others_may_enter, wait_until

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000")
NOBODY = 65_534
YEAR_2300 = 10_413_792_000  # seconds since 1970; nanoseconds of it take more than 63 bits


def write(path: Path, content: str = "") -> Path:
    """A file that begins as a JPEG does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(JPEG + content.encode())
    return path


def drop(path: Path, content: str = "") -> Path:
    """The same, renamed into place from the test's own folder, which nobody watches."""
    outside = next(above for above in path.parents if (above / "catalogue.db").exists())
    return write(outside / f"staged-{path.name}", content).rename(path)


def set_date(path: Path, seconds: int) -> None:
    """Date a file, on a file system that can hold such a date."""
    os.utime(path, (seconds, seconds))
    if path.stat().st_mtime_ns != seconds * 1_000_000_000:
        pytest.skip("the file system of the temporary folder holds no such date")


def work_off(catalogue: Catalogue) -> int:
    """Tag every file that waits, as a worker would, with content for identity."""
    with catalogue.write() as tx:
        jobs = claim(tx, limit=1_000_000)
        done = [
            result(
                job,
                hashlib.sha256(job.path.read_bytes()).hexdigest()[:32],
                "n00000000",
                signature=signature_of(job.path.stat()),
            )
            for job in jobs
        ]
        record.record(tx, done, name_of, 1.0)
    return len(jobs)


def states(catalogue: Catalogue) -> dict[str, str]:
    """What the catalogue says of each file, by its name as shown below the test's folder."""
    with catalogue.read() as tx:
        found = rows(tx, "SELECT path, state FROM file")
    above = display(catalogue.path.parent)
    return {path.removeprefix(f"{above}/"): state for path, state in found}


def ids(catalogue: Catalogue) -> dict[str, int]:
    """The row of each file."""
    with catalogue.read() as tx:
        found = rows(tx, "SELECT path, id FROM file")
    above = display(catalogue.path.parent)
    return {path.removeprefix(f"{above}/"): file_id for path, file_id in found}


def jobs(catalogue: Catalogue) -> dict[str, int]:
    """The priority of each file that waits for the worker."""
    with catalogue.read() as tx:
        found = rows(tx, "SELECT path, priority FROM job JOIN file ON file.id = job.file_id")
    above = display(catalogue.path.parent)
    return {path.removeprefix(f"{above}/"): priority for path, priority in found}


@contextmanager
def too_large_to_hold(monkeypatch: pytest.MonkeyPatch, name: str) -> Iterator[None]:
    """One file has a signature that no database holds, as if nobody had thought of it."""
    real = probe.signature_from

    def odd(status: os.stat_result, path: bytes, devices: Devices) -> Signature | None:
        signature = real(status, path, devices)
        is_odd = signature is not None and os.fsdecode(path).endswith(f"/{name}")
        return replace(signature, size=1 << 70) if signature and is_odd else signature

    with monkeypatch.context() as patched:
        for module in (probe, scan, one_time):
            patched.setattr(module, "signature_from", odd)
        yield


@dataclass(slots=True)
class Said:
    """What was said to people."""

    lines: list[tuple[str, str, Mapping[str, object]]] = field(default_factory=list)

    def __call__(self, level: str, message: str, fields: Mapping[str, object]) -> None:
        self.lines.append((level, message, fields))

    def troubles(self, kind: TroubleKind) -> list[str]:
        return [m for level, m, f in self.lines if f.get("trouble") == kind and level != "info"]


@dataclass(slots=True)
class Bench:
    """A scanner over folders, with what it reported."""

    catalogue: Catalogue
    roots: tuple[Path, ...]
    excludes: Excludes = field(default_factory=Excludes)
    settle_seconds: float = 0.05
    wall: Callable[[], float] = lambda: 4_000_000_000.0
    stopping: Callable[[], bool] = lambda: False
    recogniser: Recogniser = field(default_factory=Recogniser)
    young: list[tuple[Path, Signature, Priority]] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    cleared: list[tuple[TroubleKind, Path | None]] = field(default_factory=list)
    leftovers: list[Path] = field(default_factory=list)
    left_out: list[tuple[Path, Exception]] = field(default_factory=list)
    untold: frozenset[bytes] = frozenset()
    mirror: Mirror = NO_MIRROR

    def scan(self, *tops: Path, priority: Priority = Priority.RESCAN) -> ScanReport:
        """All watched folders, or those below them that are named."""
        devices = Devices()
        scanner = Scanner(
            catalogue=self.catalogue,
            roots=self.roots,
            excludes=self.excludes,
            settle_seconds=self.settle_seconds,
            forget_after_days=30.0,
            devices=devices,
            recogniser=self.recogniser,
            submitter=Submitter(self.catalogue, lambda: None, self.wall),
            young=lambda path, signature, priority: self.young.append((path, signature, priority)),
            is_told=lambda folder: folder not in self.untold,
            trouble=self.troubles.append,
            clear=lambda kind, path: self.cleared.append((kind, path)),
            stopping=self.stopping,
            wall=self.wall,
            on_leftover=self.leftovers.append,
            note=lambda path, error: self.left_out.append((path, error)),
            mirror=self.mirror,
        )
        return scanner.scan([self._request(top, priority) for top in tops or self.roots])

    def _request(self, top: Path, priority: Priority) -> ScanRequest:
        return ScanRequest(top, next(r for r in self.roots if top.is_relative_to(r)), priority)


class Live:
    """A running intake over folders, checked by the test whenever it waits."""

    def __init__(
        self, catalogue: Catalogue, *roots: Path, settle_seconds: float = 0.2, **options: Any
    ) -> None:
        self.catalogue = catalogue
        self.said = Said()
        self.submitted = threading.Event()
        self.intake = Intake(
            catalogue=catalogue,
            folders=roots,
            excludes=options.pop("excludes", Excludes()),
            settle_seconds=settle_seconds,
            rescan_minutes=options.pop("rescan_minutes", 600.0),
            on_submitted=self.submitted.set,
            say=self.said,
            **options,
        )

    def __enter__(self) -> Live:
        self.intake.start()
        assert self.intake.wait_standing(PATIENCE_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self.intake.stop(PATIENCE_SECONDS)

    def first_scan(self) -> Live:
        """Wait for the scan at the start."""
        self.until(lambda: self.intake.state().last_scan is not None, "the first scan")
        return self

    def until(
        self, happened: Callable[[], bool], what: str = "", seconds: float = PATIENCE_SECONDS
    ) -> None:
        """Wait for it, checking as a supervisor would."""

        def checked() -> bool:
            self.intake.check()
            return happened()

        wait_until(checked, seconds, what or f"catalogue holds {states(self.catalogue)}")

    def until_states(self, expected: dict[str, str]) -> None:
        """Wait until the catalogue holds exactly these files in these states."""
        self.until(lambda: states(self.catalogue) == expected, f"states {expected}")

    def until_said(self, kind: TroubleKind) -> str:
        """Wait for a trouble; its words."""
        self.until(lambda: bool(self.said.troubles(kind)), f"trouble {kind}")
        return self.said.troubles(kind)[-1]

    def tagged(self, *expected: str) -> None:
        """Wait until exactly these files wait, and tag them."""
        self.until(lambda: set(expected) <= set(jobs(self.catalogue)), f"jobs for {expected}")
        assert work_off(self.catalogue) == len(expected)


class Stall:
    """Makes of the folder `top` a network file system, which answers nobody until told to."""

    def __init__(self, top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: set[str] = set()  # the calls that were kept waiting
        self._top = os.fspath(top)
        self._answers = threading.Event()
        self._devices, self._real = Devices(), Devices.of
        mounts = top.with_name(f"{top.name}.mounts")
        mounts.write_text(f"1 0 8:1 / / rw - ext4 a rw\n2 1 0:9 / {top} rw - nfs4 nas:/a rw\n")
        monkeypatch.setattr(fs, "_MOUNTINFO", mounts)
        monkeypatch.setattr(Devices, "of", self._file_system)
        for call in ("stat", "lstat", "scandir", "open"):
            monkeypatch.setattr(os, call, self._waiting(call, getattr(os, call)))

    def __enter__(self) -> Stall:
        return self

    def __exit__(self, *_: object) -> None:
        self.answer()

    def answer(self) -> None:
        """From now on it does, also those that wait."""
        self._answers.set()

    def stall(self) -> None:
        """From now on it does not."""
        self._answers.clear()

    def _is_there(self, path: Any) -> bool:
        if isinstance(path, int):
            return False
        text = os.fsdecode(path)
        return text == self._top or text.startswith(f"{self._top}/")

    def _waiting(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any = ".", *args: Any, **options: Any) -> Any:
            if self._is_there(path) and not self._answers.is_set():
                self.asked.add(name)
                assert self._answers.wait(PATIENCE_SECONDS)
            return real(path, *args, **options)

        return call

    def _file_system(self, device: int, path: bytes) -> FileSystem:
        if self._is_there(path):
            return FileSystem(Path(self._top), "nfs4")
        return self._real(self._devices, device, path)


@contextmanager
def somebody_else(home: Path) -> Iterator[None]:
    """As root everything can be read, so that this is nobody for a while, who owns `home`."""
    if os.geteuid() != 0:
        yield
        return
    if not others_may_enter(REPOSITORY):
        pytest.skip("other users may not enter this checkout")
    for path in [home, *home.rglob("*")]:
        os.chown(path, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


_opened: list[str] | None = None


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and _opened is not None and isinstance(arguments[0], str | bytes):
        _opened.append(os.fsdecode(arguments[0]))


sys.addaudithook(_note)


@contextmanager
def opened_files() -> Iterator[list[str]]:
    """Every path that this process opens meanwhile, as the interpreter's audit tells."""
    global _opened  # noqa: PLW0603 - an audit hook cannot be taken back, so it asks
    _opened = []
    try:
        yield _opened
    finally:
        _opened = None
