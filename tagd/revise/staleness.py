"""What is wanted for each photo, found out anew where what decides it has changed.

It is kept with the photo. So which photos are stale is asked of the catalogue alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.catalogue.db import settings
from tagd.catalogue.plans import plans, stale, taggers
from tagd.domain import CLASSIFIER
from tagd.errors import ModelError
from tagd.policy.lasting import settled_on, want_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sqlalchemy import Connection

    from tagd.catalogue.db.engine import Catalogue
    from tagd.catalogue.plans.stale import TaggedPhoto
    from tagd.domain import Choice, Want
    from tagd.policy.context import Machine
    from tagd.policy.lasting import Lasting

PAGE = 500  # photos a transaction where each is looked at, so that other writers never wait long
SPAN = 20_000  # and where one statement is for all
UNFINISHED = "unfinished"  # as that with which it was found out: for some with this, for some that


@dataclass(frozen=True, slots=True)
class Standard:
    """What photos are measured by: the choices that last, and the models as they are here."""

    lasting: Lasting
    machine: Machine

    def want_of(self, choice: Choice) -> Want:
        """Return the choice as it can be compared."""
        return want_of(choice, self._fingerprint)

    def wanted(self, photo: TaggedPhoto) -> Want | None:
        """Return what the photo is to be tagged by. With several files it is content with what any
        of them leads to. None where no file is there. Raises `ModelError` where a model cannot be
        had."""
        content: list[Want] = []
        for path in photo.paths:
            content += map(self.want_of, self.lasting.choices(path, photo.facts))
        return settled_on(content, photo.asked) if content else None

    def _fingerprint(self, model: str) -> str:
        found = self.machine.find(model)
        assert found is not None
        assert found.fingerprint is not None, "it would not have been chosen"
        return found.fingerprint


def refresh(
    catalogue: Catalogue,
    standard: Standard,
    *,
    stopping: Callable[[], bool] = lambda: False,
    beat: Callable[[], None] = lambda: None,
    hear: Callable[[ModelError], None] = lambda _: None,
) -> bool:
    """Find out what is wanted for every photo where that may have changed, else for those of which
    nobody knows. Returns whether it may have changed. Stopped or killed in the middle, it begins
    again next time. `hear` is told why nothing can be wanted for some."""
    digest = standard.lasting.digest()
    with catalogue.read() as tx:
        unknown = settings.get(tx, settings.WANTED_WITH) == digest
        last = stale.last_photo(tx)
    if not unknown:
        with catalogue.write() as tx:
            settings.put(tx, settings.WANTED_WITH, UNFINISHED)
    after = 0
    while after < last and not stopping():
        with catalogue.write() as tx:
            after = _page(tx, standard, hear, after, last, unknown=unknown)
        beat()
    if after >= last and not unknown:
        with catalogue.write() as tx:
            settings.put(tx, settings.WANTED_WITH, digest)
    return not unknown


def refresh_further(
    catalogue: Catalogue,
    plans: Mapping[str, Want],
    *,
    stopping: Callable[[], bool] = lambda: False,
    beat: Callable[[], None] = lambda: None,
) -> bool:
    """Note the plans that taggers beside the classifier are to look at photos by, by their keys,
    where these are news; nothing is stale for taggers that are not here. Return whether any is.
    Stopped or killed in the middle, it begins again next time."""
    noted = json.dumps({key: plan.key for key, plan in sorted(plans.items())})
    with catalogue.read() as tx:
        if settings.get(tx, settings.FURTHER_WITH) == noted:
            return False
    with catalogue.write() as tx:
        settings.put(tx, settings.FURTHER_WITH, UNFINISHED)
        ids = taggers.tagger_ids(tx, plans)
        last = stale.last_photo(tx)
        for tagger_id, key in taggers.known(tx).items():
            if key not in plans and key != CLASSIFIER:
                stale.let_rest(tx, tagger_id)
    changed = 0
    for key, plan in plans.items():
        for after in range(0, last, SPAN):
            if stopping():
                return bool(changed)
            with catalogue.write() as tx:
                rows = range(after + 1, min(last, after + SPAN) + 1)
                changed += stale.desire(tx, plan, ids[key], rows)
            beat()
    with catalogue.write() as tx:
        settings.put(tx, settings.FURTHER_WITH, noted)
    return bool(changed)


def _page(
    tx: Connection,
    standard: Standard,
    hear: Callable[[ModelError], None],
    after: int,
    last: int,
    *,
    unknown: bool,
) -> int:
    """Read the next photos after that row; return up to which row that was."""
    if standard.lasting.is_one_for_all:
        upto = last if unknown else min(last, after + SPAN)
        rows = None if unknown else range(after + 1, upto + 1)
        try:
            wanted = standard.want_of(standard.lasting.choice_for_all())
        except ModelError as error:
            hear(error)
            return last  # nothing can be wanted until it is there
        stale.want_the_same(tx, wanted, rows)
        stale.accept(tx, wanted, rows)
        return upto
    page = stale.page(tx, after=after, limit=PAGE, unknown=unknown)
    if not page:
        return last
    found = {each.row_id: _wanted(standard, each, hear) for each in page}
    plans.note_desired(tx, found)
    rows = range(page[0].row_id, page[-1].row_id + 1)
    for each in {one.key: one for one in found.values() if one}.values():
        stale.accept(tx, each, rows)
    return page[-1].row_id


def _wanted(
    standard: Standard, photo: TaggedPhoto, hear: Callable[[ModelError], None]
) -> Want | None:
    try:
        return standard.wanted(photo)
    except ModelError as error:
        hear(error)
        return None


def photos_of(catalogue: Catalogue, *, unknown: bool = False) -> Iterator[TaggedPhoto]:
    """Yield every photo with current tags, or those alone of which nobody knows what is wanted,
    read a page a transaction."""
    after = 0
    while True:
        with catalogue.read() as tx:
            page = stale.page(tx, after=after, limit=PAGE, unknown=unknown)
        if not page:
            return
        yield from page
        after = page[-1].row_id
