"""`tagd service`: tagd as a service of systemd's, of one person's or of the whole machine's."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tagd
from tagd.errors import ServiceError
from tagd.fs import display

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

NAME = "tagd.service"
SYSTEM_UNITS = Path("/etc/systemd/system")
BACK_OFF_SINCE = 254  # the systemd that knows RestartSteps
NO_RIGHTS = "as root: sudo, before this command; for you alone: `tagd service install --user`"
_USER = "tagd"
_COMMAND = re.compile(r"(?m)^(Exec(?:Start|Reload)=)\S*tagd\b")


@dataclass(frozen=True, slots=True)
class UnitPlace:
    """Where a service manager looks for units, and how it is spoken to."""

    units: Path
    manager: tuple[str, ...]  # the arguments of systemctl that name it
    of_user: bool

    @classmethod
    def of(cls, *, user: bool, environ: Mapping[str, str] = os.environ) -> UnitPlace:
        """Return a person's own, or the machine's."""
        if not user:
            return cls(SYSTEM_UNITS, (), of_user=False)
        home = Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
        return cls(home / "systemd" / "user", ("--user",), of_user=True)


def sources() -> Path:
    """Return where the units lie: inside the installed package, or beside it in a checkout."""
    package = Path(tagd.__file__).parent
    inside = package / "systemd"
    return inside if inside.is_dir() else package.parent / "systemd"


def files(command: Path, *, user: bool, drop_ins: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the unit with the command's place in it, and its drop-ins: (name, text)."""
    unit = sources() / ("user" if user else "") / NAME
    # systemd wants it doubled: a single % begins one of its own names.
    here = str(command).replace("%", "%%")
    yield NAME, _COMMAND.sub(lambda found: found[1] + here, unit.read_text(encoding="utf-8"))
    for name in drop_ins:
        text = (sources() / f"{NAME}.d" / f"{name}.conf").read_text(encoding="utf-8")
        yield f"{NAME}.d/{name}.conf", text


def install(place: UnitPlace, command: Path, drop_ins: Sequence[str]) -> list[Path]:
    """Write the unit, enable it and start it; returns what was written. A drop-in that is there is
    a person's by now and stays. Raises `ServiceError`; then all files are as they were before."""
    version = _version()
    if not place.of_user and os.geteuid():
        raise ServiceError("a service for the whole machine takes root's rights", hint=NO_RIGHTS)
    made_user = not place.of_user and _make_user()
    wanted = [*drop_ins, *(["backoff"] if version >= BACK_OFF_SINCE else [])]
    if not place.of_user:
        wanted.insert(0, "photos")
    texts = files(command, user=place.of_user, drop_ins=wanted)
    new = {
        file: text
        for file, text in ((place.units / name, text) for name, text in texts)
        if file.name == NAME or not file.exists()
    }
    before = {file: file.read_bytes() if file.exists() else None for file in new}
    try:
        for file, text in new.items():
            _write(file, text)
        _systemctl(place, "daemon-reload")
        _systemctl(place, "enable", "--now", NAME)
    except ServiceError as error:
        _put_back(place, before)
        if made_user:
            with contextlib.suppress(ServiceError):
                _run(["userdel", _USER])
        raise ServiceError(f"nothing was installed: {error.message}", hint=error.hint) from error
    return [*new]


def uninstall(place: UnitPlace) -> Path:
    """Stop it, disable it, and take the unit away; drop-ins, configuration, catalogue and user
    stay. Returns the unit. Raises `ServiceError`."""
    unit = place.units / NAME
    if not unit.exists():
        raise ServiceError(f"there is no {display(unit)}", hint="`tagd service install` writes it")
    _systemctl(place, "disable", "--now", NAME)
    try:
        unit.unlink()
    except OSError as error:
        raise _no_rights(unit, error) from error
    _systemctl(place, "daemon-reload")
    return unit


def status(place: UnitPlace) -> str:
    """Return what systemd says of it. Raises `ServiceError`."""
    return _run(["systemctl", *place.manager, "--no-pager", "status", NAME], fine=(0, 3))


def _put_back(place: UnitPlace, before: Mapping[Path, bytes | None]) -> None:
    """Files as they were, as far as that can be done: what went wrong first is what is told."""
    if before[place.units / NAME] is None:
        with contextlib.suppress(ServiceError):
            _systemctl(place, "disable", "--now", NAME)
    for file, data in before.items():
        with contextlib.suppress(OSError):
            if data is None:
                file.unlink(missing_ok=True)
            else:
                file.write_bytes(data)
    with contextlib.suppress(OSError):
        (place.units / f"{NAME}.d").rmdir()  # only where it is empty
    with contextlib.suppress(ServiceError):
        _systemctl(place, "daemon-reload")


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _no_rights(file, error) from error


def _make_user() -> bool:
    """Make the service's user; return whether it was not there before."""
    try:
        pwd.getpwnam(_USER)
    except KeyError:
        home = ["--home-dir", "/var/lib/tagd", "--no-create-home", "--shell", "/usr/sbin/nologin"]
        _run(["useradd", "--system", *home, _USER])
        return True
    return False


def _version() -> int:
    found = re.match(r"systemd (\d+)", _run(["systemctl", "--version"]))
    return int(found[1]) if found else 0


def _systemctl(place: UnitPlace, *arguments: str) -> None:
    _run(["systemctl", *place.manager, *arguments], hint=_hint(place))


def _hint(place: UnitPlace) -> str:
    if place.of_user:
        return (
            f"`journalctl --user-unit {NAME}` may say why; without a session of yours, such as"
            " under sudo or su, there is no service manager of yours: log in"
        )
    return NO_RIGHTS if os.geteuid() else f"`journalctl --unit {NAME}` says why"


def _run(command: Sequence[str], fine: Sequence[int] = (0,), hint: str = NO_RIGHTS) -> str:
    program = shutil.which(command[0])
    if program is None:
        raise ServiceError(
            f"there is no {command[0]} here", hint="`tagd run` works without systemd"
        )
    done = subprocess.run(  # noqa: S603 - our own words, and a program from the PATH
        [program, *command[1:]], capture_output=True, text=True, check=False
    )
    if done.returncode not in fine:
        raise ServiceError(
            f"`{' '.join(command)}` failed: {done.stderr.strip() or done.returncode}", hint=hint
        )
    return done.stdout


def _no_rights(file: Path, error: OSError) -> ServiceError:
    return ServiceError(f"cannot change {display(file)}: {error.strerror}", hint=NO_RIGHTS)
