"""What `pip install` gives: the command works from site-packages alone, from anywhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests import photos

PROJECT = Path(__file__).parents[2]
FOLDERS = ("tagd", "migrations", "systemd")
INSTALLED = (*FOLDERS, "pyproject.toml", "README.md", "LICENSE", "config.example.toml")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that nothing is left in the tree."""
    source = tmp_path_factory.mktemp("source")
    for name in INSTALLED:
        there = PROJECT / name
        copy = shutil.copytree if there.is_dir() else shutil.copy2
        copy(there, source / name)
    out = source / "dist"
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, source],
        check=True,
        capture_output=True,
    )
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean environment with the wheel; its dependencies are the ones installed here, through a
    path that carries no editable install along."""
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment, with_pip=False)
    purelib = Path(sysconfig.get_path("purelib", vars={"base": str(environment)}))
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", purelib, wheel],
        check=True,
        capture_output=True,
    )
    (purelib / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return environment / "bin" / "python"


def test_the_wheel_holds_migrations_and_units_and_no_second_package(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {"tagd/systemd/tagd.service", "tagd/systemd/user/tagd.service"} <= set(names)
    assert any(name.startswith("tagd/migrations/versions/0001") for name in names)
    tops = {name.split("/")[0] for name in names}
    assert tops == {"tagd", next(top for top in tops if top.endswith(".dist-info"))}


@pytest.mark.slow
def test_it_tags_from_another_working_directory(
    python: Path, tmp_path: Path, warm_cache: Path
) -> None:
    (tmp_path / "photos").mkdir()
    photos.coffee().save(tmp_path / "photos" / "coffee.jpg")
    # No PYTHONPATH: a checkout named there would outrank what is installed.
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(warm_cache),
    }

    def run(*arguments: str) -> str:
        return subprocess.run(
            [python, *arguments],
            check=True,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
        ).stdout

    where = run("-c", "import tagd; print(tagd.__file__)").strip()
    assert Path(where).is_relative_to(python.parents[1])
    run("-m", "tagd", "tag", "photos")
    assert "coffee.jpg" in run("-m", "tagd", "search", "espresso")
    assert run("-c", "import importlib.util; print(importlib.util.find_spec('migrations'))") == (
        "None\n"
    )
