"""What people did to keywords in photos and sidecars becomes tags.

What they added is a tag that was found there; what tagd wrote and they took away is rejected, and
never comes back; what they added and took away again goes. A file that is as tagd left it says
nothing new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tagd.catalogue import corrections, inscriptions, tags
from tagd.catalogue import readings as earlier
from tagd.catalogue.corrections import Action, Correction
from tagd.domain import Readings, TagSource
from tagd.labels.naming import may_mean, meant_of
from tagd.labels.vocabulary import own_label
from tagd.labels.wording import NoSuchTag
from tagd.metadata.keywords import Field, cut_to_iptc, folded, said_by_person, unique

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Connection

    from tagd.catalogue.inscriptions import Inscription
    from tagd.catalogue.readings import FoundBefore
    from tagd.catalogue.runs import Run
    from tagd.pipeline.derivation import Derivation

    ByField = Mapping[str, tuple[str, ...]]

SILENT: Final = Readings()


def take_in(
    tx: Connection,
    readings: Mapping[int, Readings],
    derivation: Derivation,
    run: Run,
    now: float,
    *,
    keywords: bool = True,
) -> set[int]:
    """Take in what was read of these files, by their row ids; the photos whose tags have changed,
    by theirs. Without `keywords` only stars and places are."""
    # Most photos say nothing, and of them nothing more is asked.
    speak = {file_id for file_id, each in readings.items() if each != SILENT}
    known = earlier.before(tx, speak | earlier.with_tags(tx, readings.keys() - speak))
    earlier.put_said(tx, readings)
    earlier.fill_gaps(tx, {each.photo_id: readings[file_id] for file_id, each in known.items()})
    changed: set[int] = set()
    for file_id, each in known.items():
        said = readings[file_id]
        if keywords and (said.keywords or each.labels):
            written = inscriptions.written(tx, file_id)
            for correction in _corrections(tx, said, each, written, derivation):
                changed.update(
                    change.photo_id
                    for change in corrections.correct(tx, correction, [each.photo_id], run, now)
                )
    return changed


def names_in(keywords: ByField) -> tuple[str, ...]:
    """The tags that fields name: of `A|B|C` the last, which is what was meant. Pure."""
    names: list[str] = []
    for name, values in keywords.items():
        names += (_leaf(Field(name), value) for value in values)
    # IPTC has room for 64 bytes only: what it holds of a longer keyword is none of its own.
    cut = {cut_to_iptc(name) for name in names if cut_to_iptc(name) != name}
    return unique(name for name in names if name and name not in cut)


def taken_away(written: ByField, there: ByField) -> tuple[str, ...]:
    """The tags that tagd wrote and that are not there any more, by the first field, in the order in
    which programs go by them, that is still there; where none is all were taken. Pure."""
    fields = [name for name in Field if written.get(name)]
    judged = next((name for name in fields if name in there), next(iter(fields), None))
    if judged is None:
        return ()
    gone = said_by_person(written[judged], there.get(judged, ())).removed
    return unique(_leaf(judged, value) for value in gone)


def _corrections(
    tx: Connection,
    said: Readings,
    before: FoundBefore,
    written: Sequence[Inscription],
    derivation: Derivation,
) -> list[Correction]:
    named = {name for fields in said.keywords.values() for name in names_in(fields)}
    ours = {folded(name) for each in written for name in names_in(each.ours)}
    by_tagd, by_person = set(map(folded, said.by_tagd)), set(map(folded, said.by_person))
    theirs = {name for name in named if folded(name) not in ours | (by_tagd - by_person)}
    # Who edits keywords leaves it standing which are tagd's, or strips off all of that. Another
    # tagd, which takes away what it does not want, says which are its own.
    gone = {
        name
        for each in written
        if each.place not in said.damaged
        if (there := said.keywords.get(each.place)) is not None
        for name in taken_away(each.ours, there)
        if not by_tagd or folded(name) in by_tagd
    }
    # What all of WordNet is called, in any language, is known without a look through the catalogue.
    known = derivation.hierarchy.parents
    called = {label: name for label, name in tags.label_names(tx).items() if label not in known}
    present = tags.labels_on(tx, [before.photo_id])
    labels = {name: _label(name, derivation, called, present) for name in sorted(named)}
    # What a person gave by tagd is told by copies too, and news only to a new catalogue.
    known_by = tags.said_by_person(tx, before.photo_id) if by_person else set[str]()
    told = {labels[name] for name in theirs if folded(name) in by_person} & known_by
    given = {labels[name] for name in theirs} - told
    rejected = {
        label for name in sorted(gone) for label in may_mean(name, derivation.rules, called)
    } & present
    ids = tags.label_ids(tx, {each: derivation.name_of(each) for each in given | rejected})
    is_all_told = before.files == 1 and not said.damaged
    withdrawn = before.labels.keys() - set(labels.values()) if is_all_told else set[str]()
    by = TagSource.METADATA
    return [
        *(
            Correction(Action.ADD, ids[each], by=by)
            for each in sorted(given - before.labels.keys())
        ),
        *(Correction(Action.REMOVE, before.labels[each], by=by) for each in sorted(withdrawn)),
        *(
            Correction(Action.REJECT, ids[each], _below(tx, each, derivation), by)
            for each in sorted(rejected)
        ),
    ]


def _below(tx: Connection, label: str, derivation: Derivation) -> frozenset[int]:
    kinds = derivation.kinds_of(label, tags.label_names(tx))
    return frozenset(tags.labels_present(tx, kinds).values())


def _label(
    name: str, derivation: Derivation, called: Mapping[str, str], present: Collection[str]
) -> str:
    """The label that a keyword means; where there is none, or one of several, one of its own."""
    if not may_mean(name, derivation.rules, called):
        return own_label(name)  # at once: what may have been meant is looked for at length
    try:
        return meant_of(name, derivation.rules, called, present)
    except NoSuchTag:
        return own_label(name)


def _leaf(which: Field, value: str) -> str:
    if which is Field.HIERARCHY:
        value = value.rpartition("|")[2]
    elif which is Field.TAGS_LIST:
        value = value.rpartition("/")[2].replace("\\", "/")  # as digiKam spells a slash
    return " ".join(value.split())
