"""What one run wrote into a file is taken back: `tagd write --undo`.

    the latest writes are that run's, and nobody has changed the file → the very bytes before them
    others wrote since → the keywords that the run added go, all else stays

Where nothing of tagd's is left then, the file is what it was before the first write, if the ways
back lead there.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from tagd.catalogue.written import inscriptions, revisions
from tagd.catalogue.written.inscriptions import Inscription
from tagd.domain import Place
from tagd.errors import FileVanished
from tagd.metadata import read_back, safe_write
from tagd.metadata.edit import KeptWish
from tagd.metadata.keywords import Field
from tagd.metadata.ledger import digest_of
from tagd.metadata.verify import harm
from tagd.metadata.way_back import NOTHING, NoWayBack, go_back
from tagd.metadata.writer import WriteReport
from tagd.writeback.ledger import CatalogueLedger, ours_of, stored

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from tagd.catalogue.written.inscriptions import Target
    from tagd.catalogue.written.revisions import Revision
    from tagd.domain import Signature
    from tagd.metadata.keywords import Keywords
    from tagd.metadata.ledger import Intent
    from tagd.metadata.safe_write import Original
    from tagd.writeback.tag_writer import TagWriter


@dataclass(frozen=True, slots=True)
class TakingBack:
    """Takes back what the run of this `number` wrote."""

    tag_writer: TagWriter
    number: int

    def take_back(self, target: Target, place: Place, *, dry_run: bool = False) -> WriteReport:
        """Out of one place of a file. Raises a PhotoError; the file is then as it was."""
        if not dry_run:
            target = self.tag_writer.followed(target)
        with self.tag_writer.catalogue.read() as tx:
            known = revisions.of(tx, target.file_id, place)
        mine = [each for each in known if self._is_mine(each)]
        if not mine:  # written before revisions were kept
            return self.tag_writer.take_back(target, place, dry_run=dry_run)
        latest = list(takewhile(self._is_mine, known))
        now = _ours(target, place)
        if len(latest) == len(mine):
            report = self._restored(target, place, latest, now, dry_run=dry_run)
            if report is not None:
                return report
        left = _without(now, _added(known, mine, now))
        if not any(left.values()):
            report = self._restored(target, place, known, now, dry_run=dry_run)
            if report is not None:
                return report
        return self._taken_out(target, place, mine, left, dry_run=dry_run)

    def _is_mine(self, each: Revision) -> bool:
        return each.run == self.number and not each.is_undone

    def _restored(
        self,
        target: Target,
        place: Place,
        undone: Sequence[Revision],
        now: Keywords,
        *,
        dry_run: bool,
    ) -> WriteReport | None:
        """Return the very bytes before these writes, the latest first; None where there is no way
        back to them, or it would cost something of others."""
        path = _path(target, place)
        if path is None:
            return None
        try:
            original = safe_write.take(path, self.tag_writer.settings.options)
        except FileVanished:
            return None
        data = _unwound(original.data, undone)
        if data is None or (place is Place.EMBEDDED and harm(original.data, data)):
            return None
        before = undone[-1].before
        then = ours_of(before.ours) if before is not None else {}
        report = WriteReport(path, then, added=_without(then, now), removed=_without(now, then))
        if not dry_run:
            ledger = _Undoing(
                self.tag_writer.catalogue,
                target.file_id,
                place,
                before.wish if before is not None else "",
                self.tag_writer.run,
                before.run if before is not None else None,
                tuple(each.id for each in undone),
            )
            self._put_back(original, data, then, ledger)
        return report

    def _put_back(
        self, original: Original, data: bytes, ours: Keywords, ledger: CatalogueLedger
    ) -> None:
        options = self.tag_writer.settings.options
        if not data:
            safe_write.remove(original, ledger=ledger, options=options)
            return
        safe_write.replace(
            original, data, ledger=ledger, verify=lambda _: None, ours=ours, options=options
        )

    def _taken_out(
        self,
        target: Target,
        place: Place,
        mine: Sequence[Revision],
        left: Keywords,
        *,
        dry_run: bool,
    ) -> WriteReport:
        """Return the keywords that these writes added, and no others."""
        rule = self.tag_writer.settings.sidecars
        claims = read_back.said_at(target.path, place, rule, target.content).claims
        wish = KeptWish(tuple(each.tagging for each in claims), values=left)
        digest = f"without {self.number}" if any(left.values()) else ""
        report = self.tag_writer.write_wish(target, place, wish, digest, dry_run=dry_run)
        if not dry_run:
            with self.tag_writer.catalogue.write() as tx:
                revisions.mark_undone(tx, [each.id for each in mine])
        return report


@dataclass(frozen=True, slots=True)
class _Undoing(CatalogueLedger):
    """Forgets the writes that are taken back, and knows again what was before them."""

    before: int | None  # the run that had written that
    undone: tuple[int, ...]

    def done(self, intent: Intent, signature: Signature | None) -> None:
        """Do as `CatalogueLedger` does; a file that was removed is known no more."""
        CatalogueLedger.done(self, intent, signature)
        if not intent.digest:
            with self.catalogue.write() as tx:
                revisions.forget(tx, self.undone)
                inscriptions.forget(tx, self.file_id, self.place)

    def keep(self, tx: Connection, intent: Intent) -> None:
        """Keep no write that could be taken back."""
        del intent
        revisions.forget(tx, self.undone)

    def note(self, tx: Connection, path: Path, ours: Keywords, signature: Signature) -> None:
        """Note what was before, or nothing."""
        if self.before is None:
            inscriptions.forget(tx, self.file_id, self.place)
            return
        what = Inscription(self.place, path, stored(ours), self.wish, signature)
        inscriptions.put(tx, self.file_id, what, self.before, time.time())


def _path(target: Target, place: Place) -> Path | None:
    if place is Place.EMBEDDED:
        return target.path
    left = target.written.get(place)
    return None if left is None else left.path


def _ours(target: Target, place: Place) -> Keywords:
    left = target.written.get(place)
    return {} if left is None else ours_of(left.ours)


def _unwound(data: bytes, undone: Sequence[Revision]) -> bytes | None:
    """Return the bytes before these writes, empty for no file; None where these are not what they
    left."""
    for each in undone:
        if each.way is None or digest_of(data) != each.digest:
            return None
        try:
            data = NOTHING if each.way == NOTHING else go_back(data, each.way)
        except NoWayBack:
            return None
    return data


def _added(known: Sequence[Revision], mine: Sequence[Revision], now: Keywords) -> Keywords:
    """Return what these writes added to what tagd answers for."""
    added: dict[Field, tuple[str, ...]] = {}
    after = now
    for each in known:
        before = ours_of(each.before.ours) if each.before is not None else {}
        if each in mine:
            for which, values in _without(after, before).items():
                added[which] = (*added.get(which, ()), *values)
        after = before
    return added


def _without(keywords: Keywords, others: Keywords) -> Keywords:
    found = {
        which: tuple(each for each in values if each not in others.get(which, ()))
        for which, values in keywords.items()
    }
    return {which: values for which, values in found.items() if values}
