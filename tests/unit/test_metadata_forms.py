"""XMP and its words are read in every form and encoding, sound or not."""

from __future__ import annotations

import pytest

from tagd.metadata import reader
from tagd.metadata.keywords import Field
from tests.corpus import LIGHTROOM, SPLICED, XMP, app, iptc, with_segments

TAKEN = "2024-05-06T07:08:09"
PLACE = pytest.approx((37.5, -122.25))


def described(said: str, inside: str = "") -> bytes:
    """A packet that says this."""
    spaces = "".join(
        f' xmlns:{name}="http://ns.adobe.com/{uri}/1.0/"'
        for name, uri in (("exif", "exif"), ("photoshop", "photoshop"), ("xmp", "xap"))
    )
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about=""{spaces} {said}>{inside}</rdf:Description>'
        "</rdf:RDF></x:xmpmeta>"
    ).encode()


def test_windows_stars_are_read() -> None:
    said = described('xmlns:m="http://ns.microsoft.com/photo/1.0" m:Rating="50"')
    assert reader.of_packets([said]).rating == 3


def test_apples_places_are_read() -> None:
    said = reader.of_packets(
        [
            described(
                "",
                "<exif:GPSLongitudeRef>W</exif:GPSLongitudeRef>"
                "<exif:GPSLongitude>122.25</exif:GPSLongitude>"
                "<exif:GPSLatitude>37.5</exif:GPSLatitude>"
                "<exif:GPSLatitudeRef>N</exif:GPSLatitudeRef>",
            )
        ]
    )
    assert said.place == PLACE


def test_a_scans_own_date_counts_and_the_fullest_spelling_of_it() -> None:
    scan = described('photoshop:DateCreated="1978-07" xmp:CreateDate="2020-01-01T10:00:00"')
    assert reader.of_packets([scan]).taken_at == "1978-07"
    both = described(
        'photoshop:DateCreated="2024-05-06" exif:DateTimeOriginal="2024-05-06T07:08:09"'
    )
    assert reader.of_packets([both]).taken_at == TAKEN


BARE = LIGHTROOM[LIGHTROOM.index(b"<x:xmpmeta") : LIGHTROOM.index(b"</x:xmpmeta>") + 12]
WRAPPED = LIGHTROOM.decode()


@pytest.mark.parametrize(
    "packet",
    [
        pytest.param(BARE, id="no wrapper"),
        pytest.param(b"\xef\xbb\xbf" + BARE, id="UTF-8 with a mark"),
        pytest.param(BARE.replace(b"xmpmeta", b"xapmeta"), id="xapmeta"),
        pytest.param(
            BARE.replace(b"x:xmpmeta", b"xmpmeta").replace(b"xmlns:x=", b"xmlns="), id="no prefix"
        ),
        pytest.param(BARE[BARE.index(b"<rdf:RDF") : -len(b"</x:xmpmeta>")], id="no xmpmeta"),
        pytest.param(WRAPPED.encode("utf-16"), id="UTF-16 with a mark"),
        pytest.param(WRAPPED.encode("utf-16-le"), id="UTF-16-LE"),
        pytest.param(WRAPPED.encode("utf-16-be"), id="UTF-16-BE"),
        pytest.param(b"\xfe\xff" + WRAPPED.encode("utf-16-be"), id="UTF-16-BE with a mark"),
        pytest.param(WRAPPED.encode("utf-32"), id="UTF-32 with a mark"),
        pytest.param(WRAPPED.encode("utf-32-le"), id="UTF-32-LE"),
        pytest.param(WRAPPED.encode("utf-32-be"), id="UTF-32-BE"),
        pytest.param(BARE.replace(b"</rdf:Bag>", b"</rdf:Bag></rdf:Seq>"), id="stray end"),
        pytest.param(
            BARE.replace(b"</rdf:Bag>\n   </dc:subject>", b"</dc:subject></rdf:Bag>"),
            id="misplaced end",
        ),
        pytest.param(BARE[: -len(b"</x:xmpmeta>")], id="no end"),
        pytest.param(BARE.replace(b'"+0.35"', b'"+0.35 & more"'), id="bare ampersand"),
        pytest.param(BARE.replace(b"+0.35", b"\x01\xff"), id="no characters"),
        pytest.param(b'<?xml version="1.0" encoding="UTF-16"?>' + BARE, id="wrong encoding"),
        pytest.param(BARE.replace(b"<rdf:Desc", b"<rdf:Li/><rdf:Desc"), id="unknown element"),
    ],
)
def test_xmp_is_read_in_any_form(packet: bytes) -> None:
    said = reader.of_packets([packet])
    assert said.of(Field.SUBJECT) == ("Holiday", "CAT")
    assert said.rating == 4
    embedded = reader.of_photo(with_segments(SPLICED["plain.jpg"], app(1, XMP + packet)))
    assert embedded.of(Field.SUBJECT) == ("Holiday", "CAT")


def test_an_entity_is_never_resolved() -> None:
    told = b'<!DOCTYPE x [<!ENTITY e "boom">]>' + BARE.replace(b"CAT", b"CAT&e;")
    assert "boom" not in str(reader.of_packets([told]))


def test_windows_letters_without_a_mark_are_read() -> None:
    word = "Café – “Œuvre”"
    old = with_segments(SPLICED["plain.jpg"], iptc(word.encode("cp1252"), utf8=False))
    assert reader.of_photo(old).of(Field.IPTC) == (word,)
    latin = BARE.replace(b"CAT", "Zoë".encode("latin-1"))
    assert reader.of_packets([latin]).of(Field.SUBJECT) == ("Holiday", "Zoë")
