"""A person's keywords are seen by programs that read one field, after tagd's have come to it too.

Each program is a small function by its own rule; see `tagd.metadata.begun` for the sources.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.metadata import iptc, reader, xmp
from tagd.metadata.blocks import of_file
from tagd.metadata.edit import Wish, edit_packet, edit_photo
from tagd.metadata.keywords import IN_XMP, Field, Joined, folded
from tagd.metadata.sidecar import SidecarRule
from tests.corpus import SPLICED, XMP, app, encoded, small, with_segments
from tests.corpus import iptc as with_iptc
from tests.metadata import CAT, COFFEE, NOTHING, TAGS, tagging, writer

HEAD = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
)
PREFIXES = ("dc", "lr", "digiKam", "MicrosoftPhoto")
LAST = "MicrosoftPhoto:LastKeywordXMP"


def packet(**fields: tuple[str, ...]) -> bytes:
    """A packet of somebody else's, by names such as dc_subject."""
    spaces = "".join(f' xmlns:{each}="{xmp.NAMESPACES[each]}"' for each in PREFIXES)
    lists = "".join(
        f"<{name}><rdf:Bag>{''.join(f'<rdf:li>{v}</rdf:li>' for v in values)}</rdf:Bag></{name}>"
        for name, values in ((key.replace("_", ":"), values) for key, values in fields.items())
    )
    return f"{HEAD}{spaces}>{lists}</rdf:Description></rdf:RDF></x:xmpmeta>".encode()


def jpeg_with(said: bytes, *words: str) -> bytes:
    """A JPEG with this packet, and IPTC where there are words."""
    data = SPLICED["plain.jpg"]
    block = with_iptc(*(word.encode() for word in words)) if words else b""
    return with_segments(data, app(1, XMP + said) if said else b"", block)


def fields_of(data: bytes) -> dict[str, tuple[str, ...]]:
    """What each field of a photo, or of a sidecar, really holds."""
    packets = of_file(data).packets if data[:1] == b"\xff" else [data]
    parsed = [xmp.parse(each) for each in packets]
    said: dict[str, tuple[str, ...]] = {}
    for each in parsed:
        said |= {str(field): values for field, values in xmp.keywords(each).items()}
        said[LAST] = xmp.microsofts(each)
    inside = reader.of_photo(data)
    older = (Field.IPTC, Field.WINDOWS)
    return said | {str(which): inside.of(which) for which in older if inside.of(which)}


def in_immich(data: bytes) -> set[str]:
    """MetadataService.getTagList: the first of three; in a hierarchy | becomes /. A / within a name
    is | from there and a backslash from digiKam's list: taken for the same here."""
    said = fields_of(data)
    if said.get("digiKam:TagsList"):
        return {value.replace("\\", "|") for value in said["digiKam:TagsList"]}
    if said.get("lr:hierarchicalSubject"):
        return {
            "/".join(name.replace("/", "|") for name in value.split("|"))
            for value in said["lr:hierarchicalSubject"]
        }
    return set(said.get("IPTC:Keywords", ()))


def in_digikam(data: bytes) -> set[str]:
    """DMetadata::getItemTagsPath with its defaults: the first that holds anything; a separator
    other than / becomes one, after / has become a backslash."""
    said = fields_of(data)
    for name, separator in (
        ("digiKam:TagsList", "/"),
        (LAST, "/"),
        ("lr:hierarchicalSubject", "|"),
        ("dc:subject", "/"),
        ("IPTC:Keywords", "/"),
        ("XPKeywords", ";"),
    ):
        if said.get(name):
            if separator == "|":
                return {v.replace("/", "\\").replace("|", "/") for v in said[name]}
            return set(said[name])
    return set()


def in_simple_programs(data: bytes) -> set[str]:
    """Those that know dc:subject, and what came before it where there is none."""
    said = fields_of(data)
    fields = ("dc:subject", "IPTC:Keywords", "XPKeywords")
    return next((set(said[name]) for name in fields if said.get(name)), set())


PROGRAMS = (in_immich, in_digikam, in_simple_programs)
PHOTOS = {
    "flat": jpeg_with(packet(dc_subject=("Holiday", "Ada"))),
    "iptc": jpeg_with(b"", "Holiday", "Ada"),
    "both": jpeg_with(packet(dc_subject=("Holiday",)), "Holiday", "Ada"),
    "lightroom": jpeg_with(
        packet(dc_subject=("People", "Ada"), lr_hierarchicalSubject=("People|Ada", "AC/DC"))
    ),
    "digikam": jpeg_with(packet(digiKam_TagsList=("People/Ada", "AC\\DC"))),
    "windows": jpeg_with(
        packet(MicrosoftPhoto_LastKeywordXMP=("People/Ada",), dc_subject=("Ada",))
    ),
    "all": jpeg_with(
        packet(
            dc_subject=("Ada",),
            lr_hierarchicalSubject=("People|Ada",),
            digiKam_TagsList=("People/Ada",),
        ),
        "Ada",
    ),
    "one letter": jpeg_with(packet(dc_subject=("cat", "CAFÉ"))),
}


@pytest.mark.parametrize("name", PHOTOS)
def test_what_a_program_saw_it_sees_still(name: str) -> None:
    before = PHOTOS[name]
    after = edit_photo(before, TAGS, {}).data
    assert after is not None
    for program in PROGRAMS:
        assert program(before) <= program(after), program
        assert program(after) > program(before) or name == "one letter", program
    assert {"animal/cat", "食べ物/コーヒー ☕"} <= in_immich(after)


@pytest.mark.parametrize("name", PHOTOS)
def test_what_was_begun_goes_with_tagds_words(name: str) -> None:
    before = PHOTOS[name]
    first = edit_photo(before, TAGS, {})
    assert first.data is not None
    ours = {which: its.ours for which, its in first.joined.items()}
    for known in (ours, None):  # the catalogue's word, and that of the file alone
        undone = edit_photo(first.data, NOTHING, known)
        assert undone.data is not None
        assert fields_of(undone.data) == fields_of(before)
        assert b"tagd:Copies" not in undone.data


@pytest.mark.parametrize("name", PHOTOS)
def test_copies_are_not_tagds_and_say_nothing_by_themselves(name: str) -> None:
    before = PHOTOS[name]
    after = edit_photo(before, TAGS, {})
    assert after.data is not None
    assert not {"Holiday", "Ada", "People/Ada", "People|Ada"} & {
        value for its in after.joined.values() for value in its.ours
    }
    said, told = reader.of_photo(before), reader.of_photo(after.data)
    for which in IN_XMP:
        assert set(told.of(which)) - set(after.joined[which].ours) == set(said.of(which))
    assert set(told.by_tagd) == {"cat", "コーヒー ☕"} or name == "one letter"


def test_copies_follow_what_they_were_copied_from() -> None:
    first = edit_packet(packet(dc_subject=("Holiday", "Ada")), TAGS, {}, {}, padded=False)
    assert first.data is not None
    ours = {which: its.ours for which, its in first.joined.items()}
    renamed = first.data.replace(b"<rdf:li>Ada</rdf:li>", b"<rdf:li>Ada B.</rdf:li>", 1)
    assert fields_of(renamed)["dc:subject"][1] == "Ada B."
    second = edit_packet(renamed, Wish((CAT,)), ours, {}, padded=False)
    assert second.data is not None
    assert set(fields_of(second.data)["digiKam:TagsList"]) == {"Holiday", "Ada B.", "animal/cat"}


def test_what_a_person_puts_into_a_field_or_takes_away_there_counts() -> None:
    first = edit_packet(packet(dc_subject=("Holiday", "Ada")), TAGS, {}, {}, padded=False)
    assert first.data is not None
    ours = {which: its.ours for which, its in first.joined.items()}
    start = first.data.index(b"<digiKam:TagsList")
    head, lists = first.data[:start], first.data[start:]
    without = head + lists.replace(b"<rdf:li>Ada</rdf:li>", b"", 1)
    second = edit_packet(without, Wish((CAT,)), ours, {}, padded=False)
    assert second.data is not None
    assert fields_of(second.data)["digiKam:TagsList"] == ("Holiday", "animal/cat")
    more = head + lists.replace(b"<rdf:li>Ada</rdf:li>", b"<rdf:li>People/Ada</rdf:li>", 1)
    undone = edit_packet(more, NOTHING, ours, {}, padded=False)
    assert undone.data is not None
    assert fields_of(undone.data)["digiKam:TagsList"] == ("People/Ada",)


@pytest.mark.parametrize("name", PHOTOS)
def test_a_new_sidecar_hides_nothing_either(name: str, tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(PHOTOS[name])
    report = writer().write_sidecar(photo, TAGS, {}, rule=SidecarRule())
    beside = report.path.read_bytes()
    # Immich has each field from the sidecar where that has it.
    assert in_immich(PHOTOS[name]) <= in_immich(beside)
    writer().write_sidecar(photo, NOTHING, report.ours, rule=SidecarRule())
    assert list(tmp_path.iterdir()) == [photo]


def test_a_sidecar_of_others_hides_no_word_in_the_photo(tmp_path: Path) -> None:
    photo, place = tmp_path / "a.jpg", tmp_path / "a.jpg.xmp"
    photo.write_bytes(PHOTOS["digikam"])
    place.write_bytes(packet(dc_subject=("Trip",)))
    report = writer().write_sidecar(photo, TAGS, {}, rule=SidecarRule())
    assert {"People/Ada", "Trip", "animal/cat"} <= in_immich(place.read_bytes())
    writer().write_sidecar(photo, NOTHING, report.ours, rule=SidecarRule())
    assert fields_of(place.read_bytes()) == fields_of(packet(dc_subject=("Trip",)))


def test_words_of_a_tiff_count_too(tmp_path: Path) -> None:
    photo = tmp_path / "a.tif"
    block = b"".join(
        bytes([0x1C, *iptc.KEYWORDS]) + len(word).to_bytes(2, "big") + word
        for word in (b"Holiday", b"Ada")
    )
    photo.write_bytes(encoded(small(), "TIFF", tiffinfo={0x83BB: block}))
    writer().embed(photo, TAGS, {})
    [said] = of_file(photo.read_bytes()).packets
    assert {"Holiday", "Ada", "animal/cat"} <= in_immich(said)


def test_words_cut_by_iptc_and_controls_are_not_copied() -> None:
    long = "a word of more than sixty-four bytes, which IPTC has no room for at all"
    photo = jpeg_with(packet(dc_subject=(long,)), long[:64], "Ada\0")
    after = edit_photo(photo, TAGS, {}).data
    assert after is not None
    assert {long, "Ada"} <= in_immich(after)
    assert long[:64] not in in_immich(after)


def test_without_a_field_of_tagds_nothing_is_begun() -> None:
    wish = Wish((CAT,), frozenset({Field.SUBJECT}))
    after = edit_photo(PHOTOS["flat"], wish, {}).data
    assert after is not None
    assert not fields_of(after)["digiKam:TagsList"]
    assert not fields_of(after)["lr:hierarchicalSubject"]


WORDS = st.lists(
    st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters="<&>|/\\"), min_size=1),
    max_size=5,
    unique=True,
).map(tuple)


@given(WORDS, WORDS, st.booleans())
def test_any_words_come_and_go(flat: tuple[str, ...], paths: tuple[str, ...], second: bool) -> None:
    before = packet(dc_subject=flat, lr_hierarchicalSubject=paths)
    first = edit_packet(before, TAGS, {}, {}, padded=False)
    assert first.data is not None
    ours = {which: its.ours for which, its in first.joined.items()}
    if second:
        again = edit_packet(first.data, Wish((COFFEE,)), ours, {}, padded=False)
        assert again.data is not None
        first, ours = again, {which: its.ours for which, its in again.joined.items()}
    told = first.data
    assert told is not None
    assert set(map(folded, in_digikam(before))) <= set(map(folded, in_digikam(told)))
    undone = edit_packet(told, NOTHING, ours, {}, padded=False)
    assert undone.data is not None
    assert fields_of(undone.data) == fields_of(before)


def test_thousands_of_keywords_are_joined_in_a_moment() -> None:
    """What grew with the square of their number took a hundred times as long at this one."""
    names = tuple(f"k{number}" for number in range(8000))
    claims = Wish(tuple(tagging(name) for name in names))

    def seconds() -> float:
        before = time.process_time()
        first = edit_packet(packet(), claims, {}, {}, padded=False)
        assert first.data is not None
        assert edit_packet(first.data, Wish((CAT,)), None, {}, padded=False).data
        return time.process_time() - before

    def loop() -> float:
        before = time.process_time()
        for _ in range(20):
            xmp.parse(packet(dc_subject=names))
        return time.process_time() - before

    assert seconds() < 60 * loop()


def test_a_joined_field_tells_of_copies_as_of_all_that_comes() -> None:
    [result] = {
        edit_photo(PHOTOS["flat"], TAGS, {}).joined[Field.TAGS_LIST],
    }
    assert isinstance(result, Joined)
    assert result.added[-2:] == ("Holiday", "Ada")
    assert result.ours == ("animal/cat", "食べ物/コーヒー ☕")
