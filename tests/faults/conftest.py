from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Mount = Callable[..., None]


@pytest.fixture
def mount() -> Iterator[Mount]:
    """Mounts something at a place, with mount's own arguments before it; all are gone after the
    test."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    places: list[Path] = []

    def mounted(*arguments: str | Path) -> None:
        place = Path(arguments[-1])
        command = ["mount", *map(str, arguments)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("mounting is not allowed here")
        places.append(place)

    yield mounted
    for place in reversed(places):
        # One that the test has unmounted itself says so, and that is fine.
        subprocess.run(["umount", "--lazy", place], capture_output=True, check=False)
