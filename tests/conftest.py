from __future__ import annotations

import fcntl
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.acceptance.home import Home, export_graphs

# What a person or a service may have set for other programs, and what would change ours.
FOREIGN = re.compile(
    r"TAGD_|XDG_|HF_|LC_|LANG|NOTIFY_SOCKET|WATCHDOG_|JOURNAL_STREAM|INVOCATION_ID|NO_COLOR"
    r"|FORCE_COLOR|TTY_|COLUMNS|LINES|TERM|PYTHON(UTF8|IOENCODING|WARNINGS|HASHSEED)"
    r"|(http|https|all|no)_proxy",
    re.IGNORECASE,
)
for name in filter(FOREIGN.match, list(os.environ)):
    del os.environ[name]

# A shell that starts the tests in the background has them, and what they start, ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says how busy the machine is; and the tree may be there to be read only.
settings.register_profile(
    "patient",
    settings.default,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def warm_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the first run on a machine leaves for the next ones: made by the first of the workers
    that needs it, for all. Who changes anything in there takes a copy."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    cache = shared / "cache"
    with (shared / "cache.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not cache.exists():
            export_graphs(shared / "cache.part").rename(cache)
    return cache


@pytest.fixture
def home(tmp_path: Path, warm_cache: Path) -> Iterator[Home]:
    """A home of the test's own."""
    own = Home(tmp_path / "home", cache=warm_cache)
    yield own
    own.end()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, warm_cache: Path) -> Iterator[Home]:
    """A home whose daemon runs, shared by a module's tests, each of which has its own folder."""
    shared = Home(tmp_path_factory.mktemp("running") / "home", cache=warm_cache)
    with shared.daemon():
        yield shared
