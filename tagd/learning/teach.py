"""The story of a personal tag that is learnt.

    judged photos → a head for each model that has seen them → all photos scored → tags, suggestions

Photos of one library may have been seen by several models: what a cascade's first stage settled has
an embedding of that stage, the rest one of the next. There is a head for each of them. Examples are
few, so that each is looked at by every model whose embeddings are kept (`Means.look`), and every
head learns from all of them.

It reads, computes, and then writes in short transactions. Killed in the middle it is begun again:
which examples the tags follow from is noted last. Where two learn the same label, the one that
began last goes on and the other stops.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import numpy as np

from tagd.catalogue.db.statements import chunks
from tagd.catalogue.tagging import embeddings, examples, learned, personal
from tagd.catalogue.tagging.learned import Outcome, Scored
from tagd.catalogue.tagging.personal import KeptHead
from tagd.catalogue.tagging.tags import nothing_above
from tagd.errors import TagdError
from tagd.installation import as_word
from tagd.learning import head as heads
from tagd.learning.figures import may_give, sure_of
from tagd.learning.head import Examples
from tagd.learning.measure import measured

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from tagd.catalogue.db.engine import Catalogue
    from tagd.catalogue.tagging.examples import Base, Judged
    from tagd.catalogue.tagging.personal import Personal
    from tagd.catalogue.tagging.runs import Run
    from tagd.learning.head import Linear
    from tagd.writeback.queue import Writes

    Look = Callable[[Catalogue, Mapping[Base, Sequence[int]]], None]

FEWEST: Final = 3  # photos with the tag, from which on it can be learnt
ASKED: Final = 20  # photos that a person is asked about, or twice as many as the examples
PAGE: Final = 500  # photos a transaction, so that other writers never wait long


class TooFew(TagdError):
    """There are too few examples to learn a tag from."""


def _looks_at_none(_catalogue: Catalogue, _wanted: Mapping[Base, Sequence[int]]) -> None:
    """What is kept is all there is."""


@dataclass(frozen=True, slots=True)
class Means:
    """What learning works with: `run` is noted with every change, `above` tells what a label is a
    kind of, `writes` queues the writing of what changes into photos, and `look` has models look at
    photos, by row id, of which they have kept no embedding."""

    run: Run
    above: Callable[[str], Collection[str]] = nothing_above
    writes: Writes | None = None
    look: Look = _looks_at_none
    clock: Callable[[], float] = time.time


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learnt of a label: a head for each model, what became of photos, those that probably
    show what is meant (by row id, with how sure that is; the surest first), and how many judged
    photos no model has seen."""

    of: Personal
    heads: tuple[KeptHead, ...]
    outcome: Outcome
    likely: tuple[tuple[int, float], ...]
    unseen: int


@dataclass(frozen=True, slots=True)
class _Taught:
    """A head, and how it scores all photos that nobody has judged."""

    kept: KeptHead
    photos: NDArray[np.int64]
    scores: NDArray[np.float64]

    def scored(self) -> list[Scored]:
        """Return how sure the head is of each photo."""
        sure, is_like = sure_of(self.kept, self.scores), self.scores >= self.kept.threshold
        return [
            Scored(photo_id, self.kept.model_id, confidence, like)
            for photo_id, confidence, like in zip(
                self.photos.tolist(), sure.tolist(), is_like.tolist(), strict=True
            )
        ]


def is_due(tx: Connection, of: Personal) -> bool:
    """Return whether a label has other examples than it was learnt from, and enough of them. One
    that was imported stays until there are as many examples here."""
    judged = examples.judged(tx, of.label_id)
    if of.examples == judged.digest() or len(judged.given) < FEWEST or not judged.seen_by:
        return False
    if of.examples is None:
        kept = personal.heads(tx, of.label_id).get(of.label_id, [])
        return len(judged.given) >= max((head.given for head in kept), default=0)
    return True


def is_short(tx: Connection, of: Personal) -> bool:
    """Return whether too few examples are left to learn a label anew."""
    return of.examples is not None and len(examples.judged(tx, of.label_id).given) < FEWEST


def learn(catalogue: Catalogue, of: Personal, means: Means) -> Learned:
    """Learn a label from its examples as they are now, and have photos get it, lose it, or be
    suggested. Raises `TooFew`, and leaves everything as it is."""
    judged, bases = _examples(catalogue, of, means)
    taught = [_taught(catalogue, of, judged, base, means.clock()) for base in bases]
    outcome = _put(catalogue, of, taught, means, judged.digest())
    unseen = len({*judged.given, *judged.rejected} - judged.seen_by.keys())
    return _learned(of, taught, outcome, unseen)


def take_over(
    catalogue: Catalogue, of: Personal, kept: Sequence[KeptHead], means: Means
) -> Learned:
    """Have photos get a label, or be suggested, by heads that were learnt elsewhere."""
    with catalogue.read() as tx:
        judged = examples.judged(tx, of.label_id)
        bases = {base.model_id: base for base in examples.bases(tx)}
    known = {*judged.given, *judged.rejected}
    taught = [
        _Taught(head, *_scores(catalogue, bases[head.model_id], head, {}, known))
        for head in kept
        if head.model_id in bases
    ]
    unused = tuple(head for head in kept if head.model_id not in bases)
    outcome = _put(catalogue, of, taught, means, None)
    found = _learned(of, taught, outcome, 0)
    return Learned(of, (*found.heads, *unused), found.outcome, found.likely, 0)


def forget(catalogue: Catalogue, of: Personal, means: Means) -> int:
    """Learn a label no longer, and take it off the photos that have it by heads alone; return how
    many those were."""
    with catalogue.write() as tx:
        personal.forget(tx, of.label_id)
        photos = learned.photos_with(tx, of.label_id)
    for some in chunks(photos, PAGE):
        with catalogue.write() as tx:
            learned.take_off(tx, of, some, means.run, means.clock())
            if means.writes is not None:
                means.writes.queue_rows(tx, some)
    return len(photos)


def too_few(name: str, count: int) -> TooFew:
    """Return the error of a tag that so few photos have by a person's word."""
    photos = {0: "no photo has it", 1: "one photo has it"}.get(count, f"{count} photos have it")
    return TooFew(
        f"{name!r} cannot be learnt: {photos} by your word, and {FEWEST} are needed at least",
        hint=f"Give it to more that show it: `tagd add FILE {as_word(name)}`; 10 are much better.",
    )


def _examples(catalogue: Catalogue, of: Personal, means: Means) -> tuple[Judged, list[Base]]:
    """Return how people have judged photos, seen by all models of which embeddings are kept, and
    the models that have seen enough of them."""
    with catalogue.read() as tx:
        judged, bases = examples.judged(tx, of.label_id), examples.bases(tx)
    if len(judged.given) < FEWEST:
        raise too_few(of.name, len(judged.given))
    lacking = {
        base: [
            row
            for row in (*judged.given, *judged.rejected)
            if base.model_id not in judged.seen_by.get(row, ())
        ]
        for base in bases
    }
    if any(lacking.values()):
        means.look(catalogue, lacking)
        with catalogue.read() as tx:
            judged = examples.judged(tx, of.label_id)
    seen = [model for row in judged.given for model in judged.seen_by.get(row, ())]
    able = [base for base in bases if seen.count(base.model_id) >= FEWEST]
    if not able:
        raise TooFew(
            f"{of.name!r} cannot be learnt: of too few of its photos is kept what a model sees",
            hint="`tagd run` keeps it where `keep` in [embeddings] is true; `tagd status` tells"
            " how many photos lack it.",
        )
    return judged, able


def _taught(catalogue: Catalogue, of: Personal, judged: Judged, base: Base, now: float) -> _Taught:
    with catalogue.read() as tx:
        parts = Examples(
            examples.rows_of(tx, base, list(judged.given)),
            examples.rows_of(tx, base, list(judged.rejected)),
            examples.background(tx, base, of.label_id, heads.BACKGROUND),
        )
    try:
        fitted = heads.fit(parts)
    except ValueError:
        raise TooFew(
            f"{of.name!r} cannot be learnt: there is no other photo to tell it from",
            hint="Tag photos of other things too: `tagd tag FOLDER`.",
        ) from None
    known = {*judged.given, *judged.rejected}
    photos, scores = _scores(catalogue, base, fitted.head, fitted.background, known)
    figures = measured(fitted.given, fitted.rejected, scores, max(ASKED, 2 * len(parts.given)))
    kept = KeptHead(
        model_id=base.model_id,
        model=base.name,
        fingerprint=base.fingerprint,
        given=len(parts.given),
        rejected=len(parts.rejected),
        background=len(scores),
        threshold=figures.threshold,
        precision=figures.precision,
        recall=figures.recall,
        slope=figures.slope,
        middle=figures.middle,
        bias=fitted.head.bias,
        learned_at=now,
        weights=fitted.head.weights,
    )
    return _Taught(kept, photos, scores)


def _scores(
    catalogue: Catalogue,
    base: Base,
    head: Linear,
    left_out: Mapping[int, float],
    known: Collection[int],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the photos that nobody has judged, and how the head scores them: those that it was
    fitted on by leave-one-out."""
    photos, scores = [np.empty(0, np.int64)], [np.empty(0)]
    after = 0
    while True:
        with catalogue.read() as tx:
            page = embeddings.page(tx, base.fingerprint, after=after)
        if not len(page.photos):
            break
        photos.append(page.photos)
        scores.append(heads.scores(page.rows, [head])[:, 0])
        after = page.upto
    every, found = np.concatenate(photos), np.concatenate(scores)
    place = {photo_id: number for number, photo_id in enumerate(every.tolist())}
    for photo_id, score in left_out.items():
        if photo_id in place:
            found[place[photo_id]] = score
    others = ~np.isin(every, np.array(sorted(known), dtype=np.int64))
    return every[others], found[others]


def _put(
    catalogue: Catalogue, of: Personal, taught: Sequence[_Taught], means: Means, digest: str | None
) -> Outcome:
    """Keep the heads, and have photos get the tag, lose it, or be suggested: those that are like
    it, and those that were. What the tags follow from is noted last."""
    token = f"unfinished {uuid4().hex}"
    with catalogue.write() as tx:
        personal.note_examples(tx, of.label_id, token)
        personal.put_heads(tx, of.label_id, [each.kept for each in taught])
        were = {*learned.photos_with(tx, of.label_id), *personal.suggestions(tx, of.label_id)}
    gives = {each.kept.model_id for each in taught if may_give(each.kept)}
    scored = {each.photo_id: each for one in taught for each in one.scored()}
    due = [each for each in scored.values() if each.is_like or each.photo_id in were]
    outcome = Outcome()
    for some in chunks(sorted(due, key=lambda each: each.photo_id), PAGE):
        with catalogue.write() as tx:
            if personal.examples_of(tx, of.label_id) != token:
                return outcome  # somebody else has begun to learn it since, or forgot it
            found = learned.put(
                tx, of, some, gives, run=means.run, now=means.clock(), above=means.above
            )
            if means.writes is not None:
                means.writes.queue_rows(tx, found.changed)
        outcome |= found
    with catalogue.write() as tx:
        if personal.examples_of(tx, of.label_id) == token:
            personal.note_examples(tx, of.label_id, digest)
    return outcome


def _learned(of: Personal, taught: Sequence[_Taught], outcome: Outcome, unseen: int) -> Learned:
    likely = [
        (each.photo_id, each.confidence) for one in taught for each in one.scored() if each.is_like
    ]
    likely.sort(key=lambda each: (-each[1], each[0]))
    return Learned(of, tuple(each.kept for each in taught), outcome, tuple(likely), unseen)
