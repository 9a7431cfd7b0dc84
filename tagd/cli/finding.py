"""What commands that take a query share: the catalogue, and what names of tags mean in it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tagd.cli.options import configuration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from tagd.labels.meaning import Meaning


@contextmanager
def searching(file: Path | None) -> Iterator[tuple[Connection, Meaning]]:
    """One moment of the catalogue, and what names mean in it under the rules that are configured.
    Raises `ConfigError` and `CatalogueError`."""
    # Lazy: SQLAlchemy takes 0.15 s.
    from tagd.catalogue import tags  # noqa: PLC0415
    from tagd.catalogue.engine import open_reader  # noqa: PLC0415
    from tagd.config import tag_rules  # noqa: PLC0415
    from tagd.labels.meaning import Meaning  # noqa: PLC0415

    settings = configuration(file)
    with open_reader(settings.catalogue.path) as catalogue, catalogue.read() as tx:
        yield tx, Meaning.by(tag_rules(settings), tags.label_names(tx))
