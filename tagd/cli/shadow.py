"""`tagd retag --shadow`: what another model would change, as a table, JSON and a page."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tagd.cli import output
from tagd.errors import ConfigError, TagdError
from tagd.fs import display

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tagd.config import Config
    from tagd.lab.shadow import Shadowed, TagChange

Models = tuple[str, str]


def show(settings: Config, number: int, models: str, html: Path | None, *, json: bool) -> None:
    """Ask both models about so many photos of the catalogue, and print the difference."""
    chosen = _two(models)
    # Lazy: these bring in the models.
    from tagd.lab.shadow import changes  # noqa: PLC0415
    from tagd.lab.shadow_page import page  # noqa: PLC0415

    found = _shadowed(settings, chosen, number, pictures=html is not None)
    by_tag, language = changes(found), settings.tags.language
    if html is not None:
        try:
            html.write_text(
                page(chosen, found, by_tag, language), encoding="utf-8", errors="replace"
            )
        except OSError as error:
            raise ConfigError(f"cannot write {display(html)}: {error.strerror}") from error
        output.note(f"wrote {display(html)}")
    if json:
        output.as_json(
            {
                "models": list(chosen),
                "tags": [asdict(each) for each in by_tag],
                "photos": [_fields(each) for each in found],
            }
        )
    else:
        _print(chosen, found, by_tag)


def _two(models: str) -> Models:
    named = [name.strip() for name in models.split(",") if name.strip()]
    if len(named) != 2 or named[0] == named[1]:
        raise ConfigError("--shadow needs --models OLD,NEW: two models, as `tagd models list` has")
    return named[0], named[1]


def _shadowed(settings: Config, models: Models, number: int, *, pictures: bool) -> list[Shadowed]:
    from tagd.assembly.build import limits_of, models_of  # noqa: PLC0415
    from tagd.assembly.derivation import derivation_of  # noqa: PLC0415
    from tagd.catalogue.db.engine import open_reader  # noqa: PLC0415  lazy, as above
    from tagd.catalogue.plans.stale import sample  # noqa: PLC0415
    from tagd.cli.progress import counting  # noqa: PLC0415
    from tagd.lab.shadow import shadow  # noqa: PLC0415

    with open_reader(settings.catalogue.path) as catalogue, catalogue.read() as tx:
        paths = sample(tx, number)
    if not paths:
        raise TagdError("no photo has tags yet", hint="`tagd tag PATH`")
    with (
        closing(models_of(settings, say=output.note)) as pool,
        counting(output.console(stderr=True), " and ".join(models)) as progress,
    ):
        return shadow(
            pool,
            models,
            paths,
            derivation_of(settings),
            batch_size=pool.device().batch(settings.worker.batch_size),
            decoders=settings.worker.decoders,
            limits=limits_of(settings),
            pictures=pictures,
            progress=progress,
        )


def _print(models: Models, found: Sequence[Shadowed], by_tag: Sequence[TagChange]) -> None:
    rows = [(each.tag, each.gained, each.lost, each.kept) for each in by_tag]
    output.table(["tag", "gained", "lost", "kept"], rows, "gained lost kept")
    read = [each for each in found if not each.error]
    changed = sum(bool(each.gained or each.lost) for each in read)
    output.line(
        f"{models[1]} in place of {models[0]} would change {changed:,} of "
        f"{output.count(len(read), 'photo')}; nothing was changed"
    )
    for each in found:
        if each.error:
            output.note(f"{display(each.path)}: {each.error}")


def _fields(one: Shadowed) -> dict[str, Any]:
    return {
        "path": display(one.path),
        "error": one.error or None,
        "gained": list(one.gained),
        "lost": list(one.lost),
        "kept": list(one.kept),
    }
