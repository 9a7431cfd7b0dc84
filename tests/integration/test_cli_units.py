"""The systemd units, as far as they can be tried without systemd as process 1; with it they are in
`acceptance/test_systemd.py`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tagd.errors import ServiceError
from tagd.ops.systemd import UnitPlace, files, install, uninstall

UNITS = Path(__file__).parents[2] / "systemd"
DROP_INS = sorted(file.stem for file in (UNITS / "tagd.service.d").iterdir())

with_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd is not installed"
)


def laid_out(folder: Path, *drop_ins: str, user: bool = False) -> Path:
    """The unit and its drop-ins as they are installed. Verification looks for the program, which
    need not be installed where this runs."""
    for name, text in files(Path("/bin/true"), user=user, drop_ins=drop_ins):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "tagd.service"


def analyze(*arguments: str | Path, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "XDG_RUNTIME_DIR": str(home)},
        check=False,
    )


@with_systemd
@pytest.mark.parametrize(
    ("user", "drop_ins"),
    [(True, ()), (False, ()), (False, ("gpu", "metrics", "photos"))],
)
def test_systemd_finds_nothing_wrong(user: bool, drop_ins: tuple[str, ...], tmp_path: Path) -> None:
    unit = laid_out(tmp_path, *drop_ins, user=user)
    manager = ["--user"] if user else []
    told = analyze(*manager, "verify", unit, home=tmp_path)
    assert (told.returncode, told.stderr) == (0, "")


@with_systemd
@pytest.mark.parametrize(("drop_ins", "most"), [((), 1.0), (("gpu",), 2.5)])
def test_it_is_exposed_as_little_as_was_promised(
    drop_ins: tuple[str, ...], most: float, tmp_path: Path
) -> None:
    unit = laid_out(tmp_path)
    for name in drop_ins:  # the analysis of a file does not look for drop-ins
        [_, (_, text)] = files(Path("/bin/true"), user=False, drop_ins=[name])
        with unit.open("a") as whole:
            whole.write(text)
    told = analyze("security", "--offline=true", "--no-pager", unit, home=tmp_path)
    found = re.search(r"Overall exposure level for tagd.service: ([\d.]+)", told.stdout)
    assert found, told.stderr
    assert float(found[1]) <= most


@with_systemd
def test_a_persons_own_is_exposed_as_little_as_its_manager_allows(tmp_path: Path) -> None:
    unit = laid_out(tmp_path, user=True)
    told = analyze("security", "--offline=true", "--no-pager", unit, home=tmp_path)
    kept = {line.split()[1] for line in told.stdout.splitlines() if line.startswith("✓")}
    assert {
        "NoNewPrivileges=",
        "MemoryDenyWriteExecute=",
        "RestrictSUIDSGID=",
        "SystemCallArchitectures=",
        "SystemCallFilter=~@mount",
        "SystemCallFilter=~@reboot",
        "SystemCallFilter=~@raw-io",
    } <= kept


@pytest.mark.parametrize("user", [False, True])
def test_a_decoder_that_takes_too_much_memory_does_not_end_the_service(user: bool) -> None:
    [(_, text)] = files(Path("/bin/true"), user=user, drop_ins=[])
    settings = dict(re.findall(r"(?m)^(\w+)=(.*)$", text))
    assert settings["OOMPolicy"] == "continue"
    high, most = (int(settings[name].rstrip("%")) for name in ("MemoryHigh", "MemoryMax"))
    assert 0 < high < most < 100
    assert int(settings["TasksMax"]) >= 512


def test_the_command_is_where_it_was_installed() -> None:
    for user in (True, False):
        [(_, text)] = files(Path("/opt/100%/tagd"), user=user, drop_ins=[])
        assert re.findall(r"(?m)^Exec\w+=(.*)$", text) == [
            "/opt/100%%/tagd run",
            "/opt/100%%/tagd reload",
        ]


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program of that name which writes down what it was told; returns where."""
    told = tmp_path / "told"
    program = tmp_path / "bin" / "systemctl"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {told}\n'
        '[ "$1" = --version ] && echo "systemd 255 (255.4)"\nexit 0\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    return told


def test_installed_and_uninstalled(systemctl: Path, tmp_path: Path) -> None:
    place = UnitPlace.of(user=True, environ={"XDG_CONFIG_HOME": str(tmp_path)})
    units = tmp_path / "systemd" / "user"
    written = install(place, Path("/opt/tagd"), [])
    assert written == [units / "tagd.service", units / "tagd.service.d" / "backoff.conf"]
    (units / "tagd.service.d" / "backoff.conf").write_text("[Service]\nRestartSteps=2\n")
    assert install(place, Path("/opt/tagd"), []) == [units / "tagd.service"]
    assert "=2" in (units / "tagd.service.d" / "backoff.conf").read_text()  # a person's own
    assert uninstall(place) == units / "tagd.service"
    assert not (units / "tagd.service").exists()
    assert systemctl.read_text().splitlines()[-2:] == [
        "--user disable --now tagd.service",
        "--user daemon-reload",
    ]
    assert "--user enable --now tagd.service" in systemctl.read_text()


@pytest.mark.parametrize("fails", ["daemon-reload", "enable"])
@pytest.mark.parametrize("is_new", [True, False])
def test_an_installation_that_fails_leaves_all_as_it_was(
    systemctl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_new: bool, fails: str
) -> None:
    place = UnitPlace.of(user=True, environ={"XDG_CONFIG_HOME": str(tmp_path)})
    if not is_new:
        install(place, Path("/opt/old/tagd"), [])
    before = {path: path.read_text() for path in place.units.rglob("*") if path.is_file()}
    broken = tmp_path / "broken" / "systemctl"
    broken.parent.mkdir()
    broken.write_text(
        f'#!/bin/sh\n[ "$2" = {fails} ] && echo "No medium found" >&2 && exit 1\n'
        f'exec {tmp_path}/bin/systemctl "$@"\n'
    )
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(broken.parent), prepend=os.pathsep)
    with pytest.raises(ServiceError) as told:
        install(place, Path("/opt/tagd"), [])
    assert str(told.value).startswith(f"nothing was installed: `systemctl --user {fails}")
    assert "No medium found" in str(told.value)
    assert "journalctl --user-unit tagd.service" in told.value.hint
    after = {path: path.read_text() for path in place.units.rglob("*") if path.is_file()}
    assert after == before
    disabled = "--user disable --now tagd.service" in systemctl.read_text()
    assert disabled is is_new, "one that was there goes on"


@pytest.fixture
def machine(systemctl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UnitPlace:
    """One on which everything works but starting a unit, as where systemd is not process 1."""
    for name, does in (
        ("useradd", "exit 0"),
        ("userdel", "exit 0"),
        ("systemctl", '[ "$1" = enable ] && exit 1; echo "systemd 255 (255.4)"'),
    ):
        program = systemctl.parent / "bin" / name
        program.write_text(f'#!/bin/sh\necho "{name} $@" >> {systemctl}\n{does}\n')
        program.chmod(0o755)
    monkeypatch.setattr("tagd.ops.systemd._USER", "nobody-of-this-name")
    return UnitPlace(tmp_path / "units", (), of_user=False)


def test_a_user_that_was_made_for_nothing_is_taken_away(
    machine: UnitPlace, systemctl: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(ServiceError, match="nothing was installed"):
        install(machine, Path("/opt/tagd"), [])
    told = systemctl.read_text()
    assert told.index("useradd") < told.index("userdel nobody-of-this-name")
    assert not machine.units.exists() or not list(machine.units.iterdir())


def test_without_roots_rights_nothing_is_begun(
    machine: UnitPlace, systemctl: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ServiceError, match="root's rights") as told:
        install(machine, Path("/opt/tagd"), [])
    assert "service install --user`" in told.value.hint
    assert "useradd" not in systemctl.read_text()


def test_all_drop_ins_are_those_that_the_command_knows() -> None:
    assert DROP_INS == ["backoff", "gpu", "metrics", "photos", "web"]
