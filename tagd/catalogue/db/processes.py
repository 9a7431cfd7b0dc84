"""Processes as others know them: the kernel gives a number anew once its process has ended."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Process:
    """A process on a machine. `began`: see below; None where the system does not tell."""

    host: str
    pid: int
    began: int | None

    @classmethod
    def this(cls) -> Process:
        """Return the one that calls."""
        return cls(socket.gethostname(), os.getpid(), began(os.getpid()))

    @classmethod
    def read(cls, text: str) -> Process | None:
        """Return the one that this text names; None where it names none."""
        match text.split(":"):
            case [host, pid, began]:
                try:
                    return cls(host, int(pid), int(began) if began else None)
                except ValueError:
                    return None
        return None

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}:{'' if self.began is None else self.began}"

    def has_ended(self) -> bool:
        """Return whether it is known to have ended. Of another machine's that cannot be told."""
        return self.host == socket.gethostname() and not is_alive(self.pid, self.began)


def is_alive(pid: int, started: object) -> bool:
    """Return whether there is this very process, which began then, and not another one with its
    number."""
    now = began(pid)
    if now is not None:
        return now == started
    try:  # where the system hides other users' processes, or has no /proc
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def began(pid: int) -> int | None:
    """Return when a process began, in the kernel's ticks since the machine did. Source: proc(5),
    stat."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[19])
