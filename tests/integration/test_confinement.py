"""A decoder that is taken over can change nothing and call nobody."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tagd.decoding.confinement import landlock_version
from tagd.decoding.decode import DecodeLimits
from tagd.decoding.pool import DecodeRequest, DecoderPool
from tagd.domain import Geometry
from tests.photos import cat
from tests.support import PATIENCE_SECONDS

pytestmark = pytest.mark.skipif(not landlock_version(), reason="this kernel has no Landlock")

ATTEMPTS = {
    "write": "open(home / 'new', 'w')",
    "overwrite": "open(home / 'there', 'r+')",
    "remove": "(home / 'there').unlink()",
    "rename": "(home / 'there').rename(home / 'elsewhere')",
    "make a folder": "(home / 'folder').mkdir()",
    "link": "(home / 'link').symlink_to('/etc')",
    "run a program": "os.execv('/bin/true', ['true'])",
}


def attempt(what: str, home: Path, *, confined: bool = True) -> str:
    """What comes of it, in a process that has confined itself as decoders do."""
    code = f"""
import os, socket, sys
from pathlib import Path
from tagd.decoding.confinement import confine
home = Path(sys.argv[1])
kept = open(home / "kept", "wb")
assert not {confined} or confine()
try:
    {what}
except OSError as error:
    print(type(error).__name__)
kept.write(b"x")
assert (home / "there").read_text() == "there"
"""
    run = [sys.executable, "-c", code, str(home)]
    return subprocess.run(run, check=True, capture_output=True, text=True, timeout=60).stdout


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "there").write_text("there")
    return tmp_path


@pytest.mark.parametrize("what", ATTEMPTS.values(), ids=ATTEMPTS)
def test_it_changes_nothing_and_reads_on(what: str, home: Path) -> None:
    before = set(home.iterdir())
    assert attempt(what, home).strip() in {"PermissionError", "OSError"}
    assert set(home.iterdir()) - before <= {home / "kept"}


@pytest.mark.skipif(landlock_version() < 4, reason="this kernel's Landlock knows no TCP")
def test_it_calls_nobody(home: Path) -> None:
    what = "socket.create_connection(('127.0.0.1', 9), 5)"
    assert attempt(what, home, confined=False).strip() == "ConnectionRefusedError"
    assert attempt(what, home).strip() == "PermissionError"


def test_decoders_are_confined_so(tmp_path: Path) -> None:
    photo = tmp_path / "cat.jpg"
    cat().save(photo)
    with DecoderPool(decoders=1, limits=DecodeLimits(), on_event=print) as pool:
        pool.submit(DecodeRequest(1, photo, (Geometry(96, (80, 80)),)))
        assert pool.take(1, PATIENCE_SECONDS)[0].photo is not None
        assert "NoNewPrivs:\t1" in Path(f"/proc/{pool.pids[0]}/status").read_text()
