"""The systemd units, as far as they can be tried without systemd as process 1."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "systemd"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
@pytest.mark.parametrize("unit", ["tagd.service", "user/tagd.service"])
def test_systemd_finds_nothing_wrong(unit: str, tmp_path: Path) -> None:
    text = (UNITS / unit).read_text(encoding="utf-8")
    # Verification looks for the program, which need not be installed where this runs.
    text, replaced = re.subn(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", text)
    assert replaced == 1
    copy = tmp_path / "tagd.service"
    copy.write_text(text, encoding="utf-8")
    manager = ["--user"] if unit.startswith("user/") else []
    told = subprocess.run(
        ["systemd-analyze", *manager, "verify", str(copy)],
        capture_output=True,
        text=True,
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        check=False,
    )
    assert (told.returncode, told.stderr) == (0, "")
