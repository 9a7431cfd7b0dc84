"""`tagd web`: pages to look at photos and to correct their tags, and who may open them."""

from __future__ import annotations

import gc
import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagd.cli import output
from tagd.cli.options import ConfigFile, configuration
from tagd.errors import TagdError

if TYPE_CHECKING:
    from tagd.config import Config
    from tagd.ops.access import Access

web_commands = typer.Typer(name="web", invoke_without_command=True)
token_commands = typer.Typer(
    name="token", help="Tokens of programs that use the HTTP API.", no_args_is_help=True
)
web_commands.add_typer(token_commands)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(web_commands)


def serving(config: Path | None) -> list[str]:
    """Return the command line that serves pages beside a daemon."""
    chosen = [] if config is None else ["--config", str(config.absolute())]
    return [sys.executable, "-P", "-m", "tagd", *chosen, "web"]


@web_commands.callback()
def web(
    ctx: typer.Context,
    config: ConfigFile = None,
    socket: Annotated[int | None, typer.Option("--socket", hidden=True)] = None,
) -> None:
    """Serve pages in the browser to look at photos and correct tags.

    `tagd run` does so by itself, at [web] listen.
    """
    if ctx.invoked_subcommand is not None:
        return
    settings = configuration(config)
    gc.enable()  # `main` turned it off
    from tagd.cli import logs
    from tagd.web.server import bound, serve, serve_beside_daemon

    logs.configure(settings.log.level, settings.log.format)
    if socket is not None:
        serve_beside_daemon(settings, socket)
        return
    with bound(settings, _access(settings)) as listening:
        output.line(_link(_access(settings)))
        sys.stdout.flush()  # before the command's end, which may be days away
        serve(settings, listening)


@web_commands.command("open")
def open_link(config: ConfigFile = None) -> None:
    """Print a link that lets one browser in, once, within an hour."""
    output.line(_link(_access(configuration(config))))


@web_commands.command()
def password(config: ConfigFile = None) -> None:
    """Set the password that browsers on other machines are asked for.

    It is read from the terminal, or from standard input. Every browser has to come in anew.
    """
    settings = configuration(config)
    if settings.web.password_file is not None:
        raise TagdError("the password stands in [web] password_file", hint="change it there")
    _access(settings).set_password(_typed_password())
    output.line("the password is set; `tagd reload` has a running tagd serve it")


@token_commands.command("add")
def add_token(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for.")],
    read_only: Annotated[
        bool, typer.Option("--read-only", help="It changes nothing: no tags, no pause.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Make a token, and print it. It is not kept, and never shown again."""
    secret = _access(configuration(config)).add_token(name, read_only=read_only)
    output.note("send it as the header Authorization: Bearer TOKEN")
    output.line(secret)


@token_commands.command("list")
def list_tokens(config: ConfigFile = None) -> None:
    """List the tokens by their names."""
    tokens = _access(configuration(config)).tokens
    if not tokens:
        output.note("there are no tokens; `tagd web token add NAME` makes one")
        return
    rows = [
        (token.name, "read" if token.read_only else "read, write", output.local(token.made_at))
        for token in tokens
    ]
    output.table(["name", "may", "since"], rows)


@token_commands.command("remove")
def remove_token(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As it was added.")],
    config: ConfigFile = None,
) -> None:
    """Have a token open nothing any more."""
    _access(configuration(config)).remove_token(name)
    output.line(f"removed the token {name}")


def _access(settings: Config) -> Access:
    from tagd.ops.access import Access

    return Access.of(settings.catalogue.path, settings.web.password_file)


def _link(access: Access) -> str:
    """Make a link for one browser. Raises `TagdError` where the pages were never served."""
    address = access.address
    if address is None:
        raise TagdError("no pages have been served yet", hint="`tagd run`, or `tagd web`")
    return f"{address}/open/{access.add_link()}"


def _typed_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    typed = getpass.getpass("password: ")
    if getpass.getpass("once more: ") != typed:
        raise TagdError("these were two different passwords")
    return typed
