"""A person's machine in small: a home with photos, a configuration and the real command."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support import PATIENCE_SECONDS, wait_until

START_SECONDS = TAG_SECONDS = PATIENCE_SECONDS

EMBEDDED = ("efficientnet-lite0", "efficientnet-lite2")
# What the command gets of the environment that the tests run in: no proxy, locale or terminal.
INHERITED = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "TMPDIR", "TZ")


def export_graphs(cache: Path) -> Path:
    """Fill a cache folder with the embedded models' graphs, as the first run on a machine does, so
    that the runs that follow are warm ones. Returns the folder."""
    graphs = cache / "tagd" / "graphs"
    exports = [
        subprocess.Popen([sys.executable, "-m", "tagd.models.graph_export", model, graphs])
        for model in EMBEDDED
    ]
    assert [export.wait() for export in exports] == [0] * len(EMBEDDED)
    return cache


def thread_states(pid: int) -> list[str]:
    """The kernel's letter for what each thread of a process does."""
    return [
        (thread / "stat").read_text().rpartition(") ")[2][0]
        for thread in Path(f"/proc/{pid}/task").iterdir()
    ]


class Home:
    """A place of its own for the real command; nothing of the machine's user is touched.

    `cache` may be shared with other homes; what lies there is made again where it is not. Most
    tests are about the classifier's tags, so everyday words are off here: those that are about
    these, or about what a person gets by default, say `everyday=True`.
    """

    def __init__(
        self,
        root: Path,
        settings: str = "",
        *,
        cache: Path | None = None,
        everyday: bool = False,
    ) -> None:
        self.root = root
        self.photos = root / "photos"
        self.photos.mkdir(parents=True)
        self.database = root / "data" / "catalogue.db"
        self.config = root / "config.toml"
        self.log = root / "log"
        self.running: subprocess.Popen[bytes] | None = None
        self.prefix: list[str] = []  # what the daemon is started with
        self._started: list[subprocess.Popen[bytes]] = []
        self.everyday = everyday
        self.configure(settings)
        self.environment = {
            **{name: os.environ[name] for name in INHERITED if name in os.environ},
            "LC_ALL": "C.UTF-8",
            "HOME": str(root),
            "HF_HUB_OFFLINE": "1",
            "XDG_DATA_HOME": str(root / "data"),
            "XDG_CONFIG_HOME": str(root / "config"),
            "XDG_CACHE_HOME": str(cache or root / "cache"),
            "XDG_RUNTIME_DIR": str(root),
            "TAGD_WEB__LISTEN": "off",  # but where a test asks for pages
        }

    def configure(self, settings: str) -> None:
        """Write the configuration: this home's places, whether there are everyday words, and
        `settings`."""
        everyday = "" if self.everyday else "[taggers]\neveryday = false\n"
        self.config.write_text(
            f'[watch]\nfolders = ["{self.photos}"]\n'
            f'[catalogue]\npath = "{self.database}"\n{everyday}{settings}',
            encoding="utf-8",
        )

    def command(self, *arguments: str | Path) -> list[str]:
        return [sys.executable, "-m", "tagd", *map(str, arguments), "--config", str(self.config)]

    def run(
        self, *arguments: str | Path, timeout: float = PATIENCE_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        """The command, to its end."""
        return subprocess.run(
            self.command(*arguments),
            capture_output=True,
            text=True,
            timeout=timeout,
            env=self.environment,
            cwd=self.root,
            check=False,
        )

    def json(self, *arguments: str | Path) -> Any:
        """What the command, which must succeed, prints with --json."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def start(self) -> subprocess.Popen[bytes]:
        """`tagd run`, in a process group of its own."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [*self.prefix, *self.command("run")],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment,
                cwd=self.root,
                start_new_session=True,
            )
        self._started.append(process)
        return process

    def end(self) -> None:
        """Kill what still runs, so that a test that fails is no load for those that follow."""
        for process in self._started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    @contextlib.contextmanager
    def daemon(self) -> Iterator[subprocess.Popen[bytes]]:
        """A running daemon that is ready to tag; it must stop cleanly at the end."""
        process = self.start()
        try:
            self.wait_ready(process)
            self.running = process
            yield process
            self.running = None
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_SECONDS) == 0, self.log.read_text()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    @contextlib.contextmanager
    def stopped(self, daemon: subprocess.Popen[bytes]) -> Iterator[None]:
        """The daemon with its decoders stands still, never in the middle of a transaction: it is
        stopped while the right to write is held here."""
        holding = sqlite3.connect(self.database, timeout=PATIENCE_SECONDS)
        with contextlib.closing(holding) as connection:
            connection.execute("BEGIN IMMEDIATE")
            os.killpg(daemon.pid, signal.SIGSTOP)
            # A thread may run on for a moment, long enough to begin once we let go.
            wait_until(lambda: set(thread_states(daemon.pid)) == {"T"}, what="all threads stand")
        try:
            yield
        finally:
            os.killpg(daemon.pid, signal.SIGCONT)

    def wait_ready(self, process: subprocess.Popen[bytes]) -> None:
        def ready() -> bool:
            assert process.poll() is None, self.log.read_text()
            return "then try:" in self.log.read_text()

        wait_until(ready, START_SECONDS, "the daemon says that it is ready")

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """What anyone may ask of the catalogue, as any program would."""
        if not self.database.exists():
            return []
        asking = sqlite3.connect(
            f"file:{self.database}?mode=ro", uri=True, timeout=PATIENCE_SECONDS
        )
        with contextlib.closing(asking) as connection:
            return connection.execute(sql, values).fetchall()

    def states(self) -> dict[str, str]:
        """The state of every file by its path below the photos."""
        prefix = f"{self.photos}/"
        return {
            path.removeprefix(prefix): state
            for path, state in self.rows("SELECT path, state FROM v_files")
        }

    def tags(self, name: str) -> list[str]:
        """The tags in force of the file at this path below the photos, most confident first."""
        return [
            tag
            for (tag,) in self.rows(
                "SELECT tag FROM v_photo_tags WHERE path = ? ORDER BY confidence DESC",
                str(self.photos / name),
            )
        ]

    def inferences(self) -> int:
        """How often the classifier looked at a photo."""
        return int(self.rows("SELECT count(*) FROM tagging WHERE tagger_id = 1")[0][0])

    def wait_state(self, name: str, state: str, seconds: float = TAG_SECONDS) -> None:
        def there() -> bool:
            ended = self.running and self.running.poll()
            assert ended is None, self.log.read_text()
            return self.states().get(name) == state

        wait_until(there, seconds, f"{name} is {state}")
