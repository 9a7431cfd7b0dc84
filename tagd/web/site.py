"""What every answer is made from: the configuration, the catalogue, small pictures, who may ask."""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tagd.app import catalogues, pictures, search
from tagd.ops.access import Access
from tagd.web.throttle import Throttle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import Request

    from tagd.app.search import Moment
    from tagd.catalogue.db.engine import Catalogue
    from tagd.config import Config
    from tagd.previews.maker import Previews


@dataclass(frozen=True, slots=True)
class Site:
    """One catalogue as it is served. `uploads`: where pictures lie that are only looked at."""

    config: Config
    access: Access
    previews: Previews
    uploads: Path
    throttle: Throttle = field(default_factory=Throttle)

    @classmethod
    def of(cls, config: Config) -> Site:
        """That of a configuration."""
        access = Access.of(config.catalogue.path, config.web.password_file)
        return cls(config, access, pictures.previews_of(config), pictures.uploads_of(config))

    @contextmanager
    def moment(self) -> Iterator[Moment]:
        """Hold the catalogue as it is now, for searches."""
        with search.moment(self.config) as moment:
            yield moment

    @contextmanager
    def reading(self) -> Iterator[Catalogue]:
        """Have the catalogue for use cases that read."""
        with closing(catalogues.reader(self.config)) as catalogue:
            yield catalogue

    @contextmanager
    def writing(self) -> Iterator[Catalogue]:
        """Have the catalogue for use cases that make short writes."""
        with closing(catalogues.writer(self.config)) as catalogue:
            yield catalogue

    def close(self) -> None:
        """End the decoders, and forget what was only looked at."""
        self.previews.close()
        for left in self.uploads.glob("*"):
            os.unlink(left)  # noqa: PTH108


def site_of(request: Request) -> Site:
    """Return the site that is asked."""
    site = request.app.state.site
    assert isinstance(site, Site)
    return site
