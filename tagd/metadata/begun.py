"""Fields that tagd begins: a person's own keywords go there too.

Many programs read the first field that holds anything, and nothing else: digiKam's tags list,
Microsoft's keywords, Lightroom's hierarchy, dc:subject, IPTC and XPKeywords in digiKam itself, the
tags list, the hierarchy and IPTC in Immich. Where a person's words are in a later one, a field that
held tagd's alone would hide them. What is copied so is noted as copied: it says nothing by itself,
is never taken for tagd's, and goes when tagd's own words go.

Source: digiKam, DMetadataSettingsContainer::defaultTagValues and DMetadata::getItemTagsPath;
Immich, MetadataService.getTagList. Pure.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Final

from tagd.metadata.keywords import (
    Field,
    cut_to_iptc,
    folded,
    in_hierarchy,
    in_tags_list,
    join,
    path_in,
    unique,
    without_controls,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tagd.metadata.keywords import Joined, Keywords

_MOST: Final = 1000  # words; no person gives a photo more
_FLAT: Final = (Field.SUBJECT, Field.IPTC, Field.WINDOWS)
_SPELL: Final = {Field.HIERARCHY: in_hierarchy, Field.TAGS_LIST: in_tags_list}


def with_copies(
    joined: Mapping[Field, Joined], copied: Keywords, elsewhere: Keywords
) -> tuple[dict[Field, Joined], Keywords]:
    """Return the fields of a packet with a person's own keywords in those that tagd begins, and
    what of it is copied from now on. `copied` is what was, `elsewhere` what that person's words are
    in other places of the photo."""
    here = {
        which: without(field.values, (*field.ours, *copied.get(which, ())))
        for which, field in joined.items()
    }
    theirs = {which: _sound(here.get(which, ()), elsewhere.get(which, ())) for which in Field}
    result, copies = {}, {}
    for which, field in joined.items():
        is_begun = not here[which] and not set(field.ours).isdisjoint(field.values)
        wanted = _said_in(which, theirs)[:_MOST] if is_begun else ()
        layer = join(field.values, wanted, copied.get(which, ()))
        result[which] = replace(
            field,
            values=(*layer.added, *without(layer.values, layer.added)),
            added=(*field.added, *layer.added),
            removed=(*field.removed, *layer.removed),
        )
        copies[which] = layer.ours
    return result, copies


def without(values: Iterable[str], others: Iterable[str]) -> tuple[str, ...]:
    """Return the values that are not among the others."""
    known = frozenset(others)
    return tuple(value for value in values if value not in known)


def _sound(*values: Iterable[str]) -> tuple[str, ...]:
    return unique(filter(None, map(without_controls, chain(*values))))


def _said_in(which: Field, theirs: Keywords) -> tuple[str, ...]:
    """Return a person's keywords as this field says them: with their hierarchies, where a field has
    some, and else at the top."""
    words = _words(theirs)
    if which is Field.SUBJECT:
        return words
    fields = (Field.TAGS_LIST, Field.HIERARCHY)
    paths = [path_in(field, value) for field in fields for value in theirs[field]]
    known = {folded(name) for path in paths for name in path}
    paths += [(word,) for word in words if folded(word) not in known]
    return unique(map(_SPELL[which], filter(None, paths)))


def _words(theirs: Keywords) -> tuple[str, ...]:
    """Return the flat keywords, without what IPTC had no room for."""
    words = unique(value for field in _FLAT for value in theirs[field])
    cut = {folded(cut_to_iptc(word)) for word in words if cut_to_iptc(word) != word}
    return tuple(word for word in words if folded(word) not in cut)
