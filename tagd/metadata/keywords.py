"""Keywords as values: how each field spells a tag, and how tagd's join those that are there. Pure.

A photo's keywords belong to people. tagd adds its own at the end, takes away only what it wrote
itself, and does not write again what a person took away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from unicodedata import normalize

from tagd.text import LONGEST_COMPOSED, tag_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence


class Field(StrEnum):
    """Where other programs look for keywords."""

    SUBJECT = "dc:subject"  # everybody: the tags' own names
    HIERARCHY = "lr:hierarchicalSubject"  # Lightroom, darktable: animal|cat
    TAGS_LIST = "digiKam:TagsList"  # digiKam: animal/cat
    WINDOWS = "XPKeywords"  # Windows, in EXIF
    IPTC = "IPTC:Keywords"  # older programs


Keywords = Mapping[Field, tuple[str, ...]]

IN_XMP: Final = (Field.SUBJECT, Field.HIERARCHY, Field.TAGS_LIST)
BY_PERSON: Final = "person"
_LONGEST_IPTC: Final = 64  # bytes; IPTC-IIM 4.2, 2:25
_NOT_IN_XML: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class TagRecord:
    """A tag that the photo is to have, and what said so.

    `path` leads from the most general name to the tag's own, such as ("animal", "cat"). `model` is
    BY_PERSON where a person said or confirmed it. `said_at` is ISO 8601.
    """

    path: tuple[str, ...]
    model: str
    fingerprint: str
    confidence: float
    said_at: str

    @property
    def name(self) -> str:
        """Return the tag's own name, fit to be written."""
        return tag_name(self.path[-1])


@dataclass(frozen=True, slots=True)
class Joined:
    """What one field is to hold. `ours` is what tagd answers for in it from now on: what it added,
    now or before, even where a person has taken that away since."""

    values: tuple[str, ...]
    ours: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """A tag that tagd wrote into a file, and the fields of it in which tagd answers for it."""

    tagging: TagRecord
    fields: frozenset[Field]

    @property
    def by_person(self) -> bool:
        """Return whether a person said so, and no model."""
        return self.tagging.model == BY_PERSON


@dataclass(frozen=True, slots=True)
class SaidByPerson:
    """What changed in a field since tagd wrote it."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


def spelled(
    taggings: Sequence[TagRecord], *, hierarchical: bool = True
) -> dict[Field, tuple[str, ...]]:
    r"""Return what each field should hold of these tags, doubles left out.

    A separator within a name is spelled as digiKam does (`\` for `/`); Lightroom allows no `|` in a
    keyword, so that it becomes `/`.
    """
    paths = [tuple(filter(None, map(tag_name, tagging.path))) for tagging in taggings]
    paths = [path for path in paths if path]
    names = [path[-1] for path in paths]
    full = paths if hierarchical else []
    return {
        Field.SUBJECT: unique(names),
        Field.HIERARCHY: unique(map(in_hierarchy, full)),
        Field.TAGS_LIST: unique(map(in_tags_list, full)),
        Field.WINDOWS: unique(name.replace(";", ",") for name in names),
        Field.IPTC: unique(map(cut_to_iptc, names)),
    }


def in_hierarchy(path: Iterable[str]) -> str:
    """Write a keyword as Lightroom does, with those above it: animal|cat."""
    return "|".join(name.replace("|", "/") for name in path)


def in_tags_list(path: Iterable[str]) -> str:
    """Write a keyword as digiKam does: animal/cat."""
    return "/".join(name.replace("/", "\\") for name in path)


def path_in(which: Field, value: str) -> tuple[str, ...]:
    """Return the names that such a keyword is made of, the most general first."""
    names = value.split("|" if which is Field.HIERARCHY else "/")
    if which is Field.TAGS_LIST:
        names = [name.replace("\\", "/") for name in names]
    return tuple(filter(None, map(str.strip, names)))


def join(existing: Sequence[str], wanted: Sequence[str], ours: Collection[str]) -> Joined:
    """Return what is there, less what tagd wrote and is not wanted any more, and then what is
    missing.

    `ours` is what tagd wrote before: what it misses now was taken away by a person, and stays away.
    Doubles are recognised without regard to case.
    """
    before, after = frozenset(ours), frozenset(wanted)
    kept = [value for value in existing if value not in before or value in after]
    known = {folded(value) for value in kept}
    added = tuple(
        value for value in unique(wanted) if folded(value) not in known and value not in before
    )
    return Joined(
        values=(*kept, *added),
        ours=(*(value for value in unique(ours) if value in after), *added),
        added=added,
        removed=tuple(value for value in existing if value in before and value not in after),
    )


def claims_of(taggings: Sequence[TagRecord], joined: Mapping[Field, Joined]) -> tuple[Claim, ...]:
    """Return what of these tags tagd answers for; not for what was there before it."""
    ours = {which: frozenset(result.ours) for which, result in joined.items()}
    spellings = [(tagging, spelled([tagging])) for tagging in taggings]
    claims = (
        Claim(tagging, frozenset(f for f, owned in ours.items() if not owned.isdisjoint(said[f])))
        for tagging, said in spellings
    )
    return tuple(claim for claim in claims if claim.fields)


def claimed(
    claims: Sequence[Claim], there: Keywords, wanted: Callable[[Field], Collection[str]]
) -> Keywords:
    """Return what tagd answers for by these claims, of the keywords that are there still. What a
    person gave is that person's, unless it is wanted as such: the photo may be all that tells of
    it."""
    found = {which: frozenset(values) for which, values in there.items()}
    wishes = {which: frozenset(wanted(which)) for which in there}
    ours: dict[Field, list[str]] = {which: [] for which in there}
    for claim in claims:
        said = spelled([claim.tagging])
        for which in claim.fields & there.keys():
            ours[which] += (
                value
                for value in said[which]
                if value in found[which] and (not claim.by_person or value in wishes[which])
            )
    return {which: tuple(values) for which, values in ours.items()}


def said_by_person(written: Sequence[str], found: Sequence[str]) -> SaidByPerson:
    """Return what a person did to a field that tagd left as `written` and that holds `found` now.

    `written` are tagd's own values alone, `found` is all there is. Another spelling of the same
    word, by case, is neither.
    """
    ours, theirs = set(map(folded, written)), set(map(folded, found))
    return SaidByPerson(
        added=tuple(value for value in unique(found) if folded(value) not in ours),
        removed=tuple(value for value in unique(written) if folded(value) not in theirs),
    )


def folded(value: str) -> str:
    """Return what two spellings of one keyword have in common."""
    name = tag_name(value).casefold()
    return name if len(name) > LONGEST_COMPOSED else normalize("NFC", name)


def levels(which: Field, value: str) -> tuple[str, ...]:
    """Return the names that a value is made of, the most general first: one, but in a hierarchy."""
    match which:
        case Field.HIERARCHY:
            names = value.split("|")
        case Field.TAGS_LIST:
            names = [name.replace("\\", "/") for name in value.split("/")]  # digiKam's slash
        case _:
            names = [value]
    return tuple(map(tag_name, names))


def unique(values: Iterable[str]) -> tuple[str, ...]:
    """Return the values without doubles (case aside), in their order."""
    first: dict[str, str] = {}
    for value in values:
        first.setdefault(folded(value), value)
    return tuple(first.values())


def cut_to_iptc(name: str) -> str:
    """Cut a keyword to as much of it as IPTC has room for."""
    return name.encode()[:_LONGEST_IPTC].decode("utf-8", "ignore").rstrip()


def without_controls(value: str) -> str:
    """Return a keyword of somebody else's without what XML cannot hold, such as the NUL that old
    programs end one with; any other is as it was."""
    return _NOT_IN_XML.sub(" ", value).strip() if _NOT_IN_XML.search(value) else value
