"""How this tagd was installed and started: commands in messages as a person can type them.

Messages name commands as `` `tagd undo --run 5` ``, in backticks, wherever they arise; they may be
stored, or come from another process. Whoever shows one to a person passes it through `as_typed`.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from shlex import join, quote

from tagd.fs import current_folder

_COMMAND = re.compile(r"`tagd(?= [a-z])")
_EXTRA = re.compile(r"""^(?P<requirement>[^;]+);.*\bextra == ['"](?P<extra>[\w-]+)['"]""")


def as_typed(text: str) -> str:
    """Return the text with its commands of tagd as they can be typed here, with the --config that
    this one was given."""
    if not _COMMAND.search(text):
        return text
    typed = "`" + join([*_words(), *_configuration_in(sys.argv[1:])])
    return _COMMAND.sub(lambda _: typed, text)


def as_word(text: str) -> str:
    """Return the text as a shell takes it. What does not print, such as a byte that is not UTF-8,
    is written as bash and zsh read it."""
    if text.isprintable():
        return quote(text)
    signs = (
        sign if sign.isprintable() and sign not in "\\'" else _in_hexadecimal(sign) for sign in text
    )
    return f"$'{''.join(signs)}'"


def _in_hexadecimal(sign: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(sign))


def command() -> str:
    """Return what to type for this very tagd: `tagd` where a shell finds it, else its path, which
    is short in the folder that holds its environment."""
    return join(_words())


def script() -> Path | None:
    """Return the command `tagd` of this installation; None where it can only be started as a
    module."""
    started = Path(sys.argv[0])
    if started.name == "tagd":
        return Path(os.path.abspath(shutil.which(started) or started))  # noqa: PTH100  keeps links
    beside = Path(sys.executable).with_name("tagd")
    return beside if beside.exists() else None


def adding(extra: str) -> str:
    """Return the command that adds an extra, such as `raw`, to this installation."""
    from importlib import metadata  # noqa: PLC0415  lazy: 0.03 s, and said seldom

    found = filter(None, map(_EXTRA.match, metadata.requires("tagd") or ()))
    wanted = [each["requirement"].strip() for each in found if each["extra"] == extra]
    installer = _installer(Path(sys.executable), Path(sys.prefix), Path(sys.base_prefix))
    if installer[0] == "pipx":  # and so kept when pipx installs tagd anew
        installer = ("pipx", "inject", installer[2])
    return join([*installer, *wanted])


def has(module: str) -> bool:
    """Return whether what an extra brings can be imported, such as `rawpy`."""
    try:
        return find_spec(module) is not None
    except ValueError:
        return False  # imported by now, and not what it seems


def reinstalling(requirement: str) -> str:
    """Return the command that puts a package's files into this installation again."""
    installer = _installer(Path(sys.executable), Path(sys.prefix), Path(sys.base_prefix))
    return join([*installer, "--force-reinstall", "--no-deps", requirement])


def _words() -> list[str]:
    its = script()
    if its is None:
        return [sys.executable, "-m", "tagd"]
    found = shutil.which("tagd")
    if found and its.exists() and Path(found).samefile(its):
        return ["tagd"]
    here = current_folder()
    return [str(its.relative_to(here) if here in its.parents[2:3] else its)]


def _configuration_in(arguments: list[str]) -> list[str]:
    for number, word in enumerate(arguments):
        if word == "--":
            break
        option, equals, value = word.partition("=")
        if option == "--config":
            value = value if equals else "".join(arguments[number + 1 : number + 2])
            return ["--config", str(current_folder() / value)]
    return []


def _installer(python: Path, prefix: Path, base: Path) -> tuple[str, ...]:
    """Return the words that have a package installed into the environment `prefix` of `python`,
    whose own packages would be in `base`."""
    if (prefix / "pipx_metadata.json").exists():
        return ("pipx", "runpip", prefix.name, "install")
    if prefix != base:
        pip = prefix / "bin" / "pip"
        if pip.exists():
            return (str(pip), "install")
        return ("uv", "pip", "install", "--python", str(python))
    import sysconfig  # noqa: PLC0415  lazy, as above

    managed = Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED").exists()
    return (str(python), "-m", "pip", "install", *["--break-system-packages"] * managed)
