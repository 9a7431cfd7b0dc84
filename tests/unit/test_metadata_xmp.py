"""XMP: what others wrote stays, what tagd writes can be read, what is not sound is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tagd.metadata import provenance, xmp
from tagd.metadata.edit import Wish, edit_packet
from tagd.metadata.keywords import (
    IN_XMP,
    Field,
    Joined,
    SaidByPerson,
    TagRecord,
    claimed,
    folded,
    join,
    said_by_person,
    spelled,
)
from tests.corpus import LIGHTROOM
from tests.metadata import CAT, COFFEE, NOTHING, TAGS, tagging

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
WORDS = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=8)
LISTS = st.lists(WORDS, max_size=6, unique=True).map(tuple)
TAGGINGS = st.lists(st.lists(WORDS, min_size=1, max_size=3).map(tuple), max_size=5).map(
    lambda paths: tuple(tagging(*path) for path in paths)
)


# Joining


@given(LISTS, LISTS, st.lists(WORDS, max_size=6))
def test_joining_twice_is_joining_once(
    there: tuple[str, ...], wanted: tuple[str, ...], ours: list[str]
) -> None:
    once = join(there, wanted, ours)
    twice = join(once.values, wanted, once.ours)
    assert (twice.values, twice.ours) == (once.values, once.ours)
    assert not twice.added
    assert not twice.removed


@given(LISTS, LISTS, LISTS)
def test_what_is_not_ours_stays_in_its_order(
    there: tuple[str, ...], wanted: tuple[str, ...], ours: tuple[str, ...]
) -> None:
    foreign = [value for value in there if value not in ours]
    values = join(there, wanted, ours).values
    assert [value for value in values if value in foreign] == foreign
    assert list(values[: len(foreign)]) == foreign or set(values) & set(ours)


@given(LISTS, LISTS)
def test_taking_back_gives_what_was_there(there: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    written = join(there, wanted, ())
    assert join(written.values, (), written.ours).values == there


def test_doubles_are_recognised_without_regard_to_case() -> None:
    assert join(("CAT", "Straße"), ("cat", "STRASSE", "dog"), ()) == Joined(
        values=("CAT", "Straße", "dog"), ours=("dog",), added=("dog",), removed=()
    )


def test_what_a_person_took_away_is_not_written_again() -> None:
    assert join(("mine",), ("cat", "dog"), ("cat",)).values == ("mine", "dog")


def test_what_a_person_said_is_told_from_what_tagd_wrote() -> None:
    assert said_by_person(("cat", "dog"), ("Cat", "garden")) == SaidByPerson(("garden",), ("dog",))


def test_separators_within_names_are_spelled_as_each_program_does() -> None:
    values = spelled([tagging("food|drink", "fish/chips; peas\n")])
    assert values[Field.SUBJECT] == ("fish/chips; peas",)
    assert values[Field.HIERARCHY] == ("food/drink|fish/chips; peas",)
    assert values[Field.TAGS_LIST] == ("food|drink/fish\\chips; peas",)
    assert values[Field.WINDOWS] == ("fish/chips, peas",)


def test_iptc_keywords_are_cut_between_letters() -> None:
    (value,) = spelled([tagging("猫" * 30)])[Field.IPTC]
    assert value == "猫" * 21


def test_without_hierarchy_only_names_are_written() -> None:
    values = spelled([CAT], hierarchical=False)
    assert {field for field, found in values.items() if found} == {
        Field.SUBJECT,
        Field.WINDOWS,
        Field.IPTC,
    }


# Packets


@given(LISTS, LISTS, LISTS)
def test_what_is_written_is_read(
    one: tuple[str, ...], two: tuple[str, ...], three: tuple[str, ...]
) -> None:
    values = dict(zip(IN_XMP, (one, two, three), strict=True))
    packet = xmp.new_packet(padded=False)
    xmp.set_keywords(packet, values)
    assert xmp.keywords(xmp.parse(packet.to_bytes())) == values


@given(st.lists(st.tuples(WORDS, WORDS), max_size=5), LISTS, TAGGINGS)
def test_foreign_nodes_survive(
    foreign: list[tuple[str, str]], there: tuple[str, ...], taggings: object
) -> None:
    assert isinstance(taggings, tuple)
    packet = xmp.parse(LIGHTROOM)
    description = next(packet.root.iter(f"{{{RDF}}}Description"))
    for number, (text, attribute) in enumerate(foreign):
        node = etree.SubElement(
            description, f"{{urn:others}}n{number}", {"{urn:others}a": attribute}
        )
        node.text = text
        node.append(etree.Comment("theirs"))
    xmp.set_keywords(packet, {Field.SUBJECT: there})
    before = packet.to_bytes()
    written = edit_packet(before, Wish(taggings), {}, {}, padded=False)
    assert written.data is not None
    ours = {field: result.ours for field, result in written.joined.items()}
    again = edit_packet(written.data, Wish(taggings), ours, {}, padded=False)
    assert again.data == written.data
    back = edit_packet(written.data, NOTHING, ours, {}, padded=False)
    assert back.data is not None
    assert canonical(back.data) == canonical(before)
    assert foreign_nodes(written.data) == foreign_nodes(before)


def canonical(data: bytes) -> bytes:
    return etree.tostring(xmp.parse(data).root, method="c14n", exclusive=True)


def foreign_nodes(data: bytes) -> list[bytes]:
    root = xmp.parse(data).root
    return [
        etree.tostring(node, method="c14n", exclusive=True, with_tail=False)
        for node in root.iter("{urn:others}*")
    ]


def test_everything_around_the_keywords_is_left_as_it_is() -> None:
    edited = edit_packet(LIGHTROOM, TAGS, {}, {}, padded=False).data
    assert edited is not None
    assert edited.endswith(b" " * 400 + b'<?xpacket end="w"?>')
    for kept in (b'xmp:Rating="4"', b"Lightroom 6.0", b'stEvt:action="saved"', b"Core 7.0-c000"):
        assert kept in edited
    values = xmp.keywords(xmp.parse(edited))[Field.SUBJECT]
    assert values == ("Holiday", "CAT", "コーヒー ☕"), "cat is there, in a person's spelling"


def test_a_list_stays_of_the_kind_that_it_was() -> None:
    ordered = LIGHTROOM.replace(b"rdf:Bag", b"rdf:Seq")
    edited = edit_packet(ordered, TAGS, {}, {}, padded=False).data
    assert edited is not None
    assert edited.count(b"<rdf:Seq>") == 3
    lists = edited[edited.index(b"<lr:hierarchicalSubject") :]
    assert b"<rdf:Bag>" in lists[: lists.index(b"animal|cat")]


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_line_ends_stay(line_end: bytes) -> None:
    edited = edit_packet(LIGHTROOM.replace(b"\n", line_end), TAGS, {}, {}, padded=False).data
    assert edited is not None
    assert edited.count(b"\r\n") == (edited.count(b"\n") if line_end == b"\r\n" else 0)


@pytest.mark.parametrize(
    "simple", [b"<dc:subject>garden</dc:subject>", b"<dc:subject><rdf:Bag/></dc:subject>", b""]
)
def test_unusual_forms_are_read_and_joined(simple: bytes) -> None:
    start, end = LIGHTROOM.index(b"<dc:subject>"), LIGHTROOM.index(b"<xmpMM:History>")
    odd = LIGHTROOM[:start] + simple + LIGHTROOM[end:]
    edited = edit_packet(odd, TAGS, {}, {}, padded=False).data
    assert edited is not None
    before = xmp.keywords(xmp.parse(odd))[Field.SUBJECT]
    assert before == (("garden",) if b"garden" in simple else ())
    assert xmp.keywords(xmp.parse(edited))[Field.SUBJECT] == (*before, "cat", "コーヒー ☕")


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"no XML",
        LIGHTROOM[:700],
        LIGHTROOM.replace(b"</rdf:Bag>", b""),
        LIGHTROOM.replace(b"<rdf:RDF", b"<rdf:RDG").replace(b"</rdf:RDF", b"</rdf:RDG"),
        LIGHTROOM.replace(b"Holiday", b"\xff\xfe"),
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + LIGHTROOM.replace(b"Holiday", b"&a;"),
        LIGHTROOM.replace(b"Holiday", b"&undefined;"),
        b'<?xml version="1.0" encoding="utf-16"?>' + LIGHTROOM,
    ],
)
def test_a_malformed_packet_is_refused(broken: bytes) -> None:
    with pytest.raises(xmp.MalformedPacket):
        edit_packet(broken, TAGS, {}, {}, padded=False)


def test_a_property_that_is_said_twice_is_refused() -> None:
    start, end = LIGHTROOM.index(b"<dc:subject>"), LIGHTROOM.index(b"<xmpMM:History>")
    twice = LIGHTROOM[:end] + LIGHTROOM[start:end] + LIGHTROOM[end:]
    with pytest.raises(xmp.MalformedPacket, match="twice"):
        edit_packet(twice, TAGS, {}, {}, padded=False)


def test_provenance_goes_when_the_tags_do() -> None:
    written = edit_packet(LIGHTROOM, Wish((COFFEE,)), {}, {}, padded=False)
    assert written.data is not None
    assert b"tagd:Provenance" in written.data
    ours = {field: result.ours for field, result in written.joined.items()}
    back = edit_packet(written.data, NOTHING, ours, {}, padded=False)
    assert back.data is not None
    assert canonical(back.data) == canonical(LIGHTROOM)


@given(TAGGINGS, LISTS)
def test_a_packet_tells_which_of_its_keywords_are_tagds(
    taggings: tuple[TagRecord, ...], theirs: tuple[str, ...]
) -> None:
    written = edit_packet(None, Wish(taggings), {}, {Field.SUBJECT: theirs}, padded=False)
    if written.data is None:
        return
    packet = xmp.parse(written.data)
    told = claimed(provenance.claims(packet), xmp.keywords(packet), lambda _: ())
    ours = {field: result.ours for field, result in written.joined.items()}
    assert set(told[Field.SUBJECT]) <= set(ours[Field.SUBJECT])
    assert not set(map(folded, told[Field.SUBJECT])) & set(map(folded, theirs))
    # Such a name is told less exactly than it was written.
    if not any("\\" in name for each in taggings for name in each.path):
        assert {field: set(values) for field, values in told.items()} == {
            field: set(values) for field, values in ours.items()
        }


def test_a_copy_loses_what_tagd_wrote_and_nothing_else() -> None:
    theirs = edit_packet(None, Wish((tagging("cat"),)), {}, {}, padded=False).data
    assert theirs is not None
    packet = xmp.parse(theirs)
    provenance.set_claims(packet, ())  # "cat" is somebody else's
    written = edit_packet(packet.to_bytes(), TAGS, {}, {}, padded=False)
    again = edit_packet(written.data, Wish((tagging("dog"),)), None, {}, padded=False)
    assert again.data is not None
    assert xmp.keywords(xmp.parse(again.data)) == {
        Field.SUBJECT: ("cat", "dog"),
        Field.HIERARCHY: ("cat", "dog"),
        Field.TAGS_LIST: ("cat", "dog"),
    }
