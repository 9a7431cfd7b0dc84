"""Learning personal tags again when people have said more of them: in a process of its own, once
nobody has said anything for a while."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

from tagd.catalogue.tagging import personal

if TYPE_CHECKING:
    from collections.abc import Callable

    from structlog.typing import FilteringBoundLogger

    from tagd.catalogue.db.engine import Catalogue
    from tagd.config import Config

QUIET_SECONDS: Final = 10.0  # since the last word: a person rarely corrects one photo alone
# Examples may change without a word: photos are deleted, or looked at by another model.
CHECK_SECONDS: Final = 600.0
STOP_SECONDS: Final = 1.0


class Learning:
    """One thread, the supervisor's, calls. `clock` is monotonic, in seconds."""

    def __init__(
        self,
        catalogue: Catalogue,
        log: FilteringBoundLogger,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalogue = catalogue
        self._log = log
        self._clock = clock
        self._process: subprocess.Popen[bytes] | None = None
        self._said = 0  # the last word that was heard
        self._due_at: float | None = None
        self._next_check = clock()
        self._trouble = ""

    @property
    def troubles(self) -> tuple[str, ...]:
        """What kept personal tags from being learnt when that was last tried."""
        return (f"personal tags are not learnt: {self._trouble}",) if self._trouble else ()

    @property
    def is_learning(self) -> bool:
        """Whether the process is at work."""
        return self._process is not None

    def check(self, config: Config, *, work: bool) -> None:
        """Called about every second: start or follow the process. Raises `CatalogueError`."""
        if self._process is not None:
            self._follow(self._process)
            return
        with self._catalogue.read() as tx:
            said = personal.last_said(tx)
        now = self._clock()
        if said != self._said:
            self._said, self._due_at = said, now + QUIET_SECONDS
        if said and now >= self._next_check:
            self._due_at = self._due_at or now
        if work and self._due_at is not None and now >= self._due_at:
            self._due_at, self._next_check = None, now + CHECK_SECONDS
            if said:
                self._process = _started(config)

    def stop(self) -> None:
        """End the process; what it was about is begun again at the next start."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _follow(self, process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            return
        output, errors = process.communicate()
        self._process = None
        self._trouble = ""
        if process.returncode:
            words = errors.decode(errors="replace").strip().splitlines()
            self._trouble = words[-1] if words else f"it ended with {process.returncode}"
            self._log.error("could not learn personal tags", reason=self._trouble)
        for line in output.decode(errors="replace").splitlines():
            self._log.info("learned", what=line)


def _started(config: Config) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tagd.assembly.learning"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    process.stdin.write(config.model_dump_json().encode())
    process.stdin.close()
    process.stdin = None  # for `communicate`, which would flush it again
    return process
