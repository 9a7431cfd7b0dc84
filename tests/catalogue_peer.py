"""A process that opens a catalogue and does what it is told, line by line (JSON): run by `Peer`."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from pathlib import Path

from tagd.catalogue.db import engine, settings
from tagd.errors import TagdError

OPEN = {"owner": engine.open_owner, "writer": engine.open_writer, "reader": engine.open_reader}


def main(role: str, path: str, user: str, groups: str) -> None:
    """Become the user, then answer."""
    uid = json.loads(user)
    if uid is not None:
        with tempfile.TemporaryDirectory() as folder:
            # Loads what is loaded late while we still may: another Unix user may not read the code.
            engine.open_owner(Path(folder) / "catalogue.db").close()
        os.setgroups(json.loads(groups))
        os.setgid(uid)
        os.setuid(uid)
    peer = Answering(role, Path(path))
    for line in sys.stdin:
        word, *rest = json.loads(line)
        try:
            answer = getattr(peer, word)(*rest)
        except TagdError as error:
            answer = f"{type(error).__name__}: {error}"
        print(json.dumps(answer), flush=True)


class Answering:
    """What can be asked."""

    def __init__(self, role: str, path: Path) -> None:
        self.role = role
        self.path = path
        self.catalogue: engine.Catalogue

    def open(self) -> str:
        self.catalogue = OPEN[self.role](self.path)
        return "open"

    def close(self) -> str:
        self.catalogue.close()
        return "closed"

    def put(self, key: str, value: str) -> str:
        with self.catalogue.write() as tx:
            settings.put(tx, key, value)
        return "put"

    def put_and_die(self, key: str, value: str) -> None:
        """Die between the statement and the commit."""
        with self.catalogue.write() as tx:
            settings.put(tx, key, value)
            os.kill(os.getpid(), signal.SIGKILL)

    def get(self, key: str) -> str | None:
        with self.catalogue.read() as tx:
            return settings.get(tx, key)


if __name__ == "__main__":
    main(*sys.argv[1:])
