"""`tagd retag --shadow`: what another model would change, as a table, JSON and a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagd.app.work_schemas import shadow_fields
from tagd.cli import output
from tagd.errors import ConfigError
from tagd.fs import display

if TYPE_CHECKING:
    from pathlib import Path

    from tagd.app.retag import Shadow
    from tagd.config import Config


def show(settings: Config, number: int, models: str, html: Path | None, *, json: bool) -> None:
    """Ask both models about so many photos of the catalogue, and print the difference."""
    chosen = _two(models)
    # Lazy: these bring in the models.
    from tagd.app import catalogues, retag
    from tagd.cli.progress import counting

    request = retag.ShadowRequest(chosen, number, pictures=html is not None)
    with (
        catalogues.reader(settings) as catalogue,
        counting(output.console(stderr=True), " and ".join(chosen)) as progress,
    ):
        found = retag.shadow(catalogue, settings, request, progress, output.note)
    if html is not None:
        try:
            html.write_text(found.page(settings.tags.language), encoding="utf-8", errors="replace")
        except OSError as error:
            raise ConfigError(f"cannot write {display(html)}: {error.strerror}") from error
        output.note(f"wrote {display(html)}")
    if json:
        output.as_json(shadow_fields(found))
    else:
        _print(found)


def _two(models: str) -> tuple[str, str]:
    named = [name.strip() for name in models.split(",") if name.strip()]
    if len(named) != 2 or named[0] == named[1]:
        raise ConfigError("--shadow needs --models OLD,NEW: two models, as `tagd models list` has")
    return named[0], named[1]


def _print(shadow: Shadow) -> None:
    rows = [(change.tag, change.gained, change.lost, change.kept) for change in shadow.tags]
    output.table(["tag", "gained", "lost", "kept"], rows, "gained lost kept")
    read = [photo for photo in shadow.photos if not photo.error]
    changed = sum(bool(photo.gained or photo.lost) for photo in read)
    old, new = shadow.models
    output.line(
        f"{new} in place of {old} would change {changed:,} of "
        f"{output.count(len(read), 'photo')}; nothing was changed"
    )
    for photo in shadow.photos:
        if photo.error:
            output.note(f"{display(photo.path)}: {photo.error}")
