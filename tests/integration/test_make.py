"""What a newcomer's first `make run` says and does, with a Python and a disk that only pretend."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
# A Python of some version, whose environments hold programs that only say what they were given.
PYTHON = """#!/bin/sh
case "$1 $2" in
  "-m venv") mkdir -p "$3/bin"
    for name in pip python tagd; do
      printf '#!/bin/sh\\necho "%s is given $*"\\n' $name > "$3/bin/$name"; chmod +x "$3/bin/$name"
    done;;
  "--version ") echo "Python $VERSION";;
  -c*) [ "$VERSION" != 3.9 ];;
esac
"""
DF = """#!/bin/sh
echo "Filesystem 1048576-blocks Used Available Capacity Mounted on"
echo "disk 99999 0 $FREE 1% /"
"""
UNAME = '#!/bin/sh\necho "$MACHINE"\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy2(PROJECT / name, tmp_path / name)
    for name, program in (("python3", PYTHON), ("df", DF), ("uname", UNAME)):
        file = tmp_path / "bin" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(program)
        file.chmod(0o755)
    return tmp_path


def make(
    checkout: Path, *words: str, version: str = "3.12", free: int = 9000, machine: str = "x86_64"
) -> subprocess.CompletedProcess[str]:
    pretended = {"VERSION": version, "FREE": str(free), "MACHINE": machine}
    return subprocess.run(
        ["make", *words],
        cwd=checkout,
        env={**pretended, "HOME": str(checkout), "PATH": f"{checkout}/bin:{os.defpath}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_comes_is_said_before_it_comes_and_never_asked(checkout: Path) -> None:
    told = make(checkout, "run", "PHOTOS=My Pictures")
    assert (told.returncode, told.stderr) == (0, "")
    said, _, rest = told.stdout.partition("pip is given")
    assert "Downloading about 2.5 GB" in said
    assert "https://download.pytorch.org/whl/cpu" in said
    assert "install --editable .[raw]\n" in rest, "with its progress, and with RAW"
    assert "tagd is given run My Pictures\n" in rest
    assert make(checkout, "run").stdout == "tagd is given run ./photos\n", "once is enough"


def test_where_no_gpu_libraries_come_less_is_said(checkout: Path) -> None:
    told = make(checkout, "run", machine="aarch64", free=3000)
    assert "Downloading about 0.5 GB" in told.stdout
    assert "download.pytorch.org" not in told.stdout
    (checkout / ".venv/.installed").unlink()
    (checkout / ".venv/lib/python3.12/site-packages/torch").mkdir(parents=True)  # the CPU build
    told = make(checkout, "run", free=3000)
    assert "Downloading about 0.5 GB" in told.stdout


def test_a_disk_that_is_too_small_is_left_alone(checkout: Path) -> None:
    told = make(checkout, "run", "PHOTOS=~/x", free=3000)
    assert told.returncode != 0
    assert "3000 MB free" in told.stdout
    assert "make run PHOTOS=~/x\n" in told.stdout
    assert not (checkout / ".venv").exists()


def test_a_python_that_is_too_old_is_named(checkout: Path) -> None:
    told = make(checkout, "run", version="3.9")
    assert told.returncode != 0
    assert "needs Python 3.11 or newer, and this is Python 3.9" in told.stdout
    assert not (checkout / ".venv").exists()


def test_the_tests_bring_what_they_need(checkout: Path) -> None:
    assert "install --editable .[test]\n" in make(checkout, "lint").stdout
