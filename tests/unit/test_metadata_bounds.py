"""No metadata, whatever they hold, cost more than a few seconds: hostile ones took hours."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from tagd.containers.splice import jpeg
from tagd.decoding.decode import DecodeLimits, decode
from tagd.metadata import reader, xmp
from tagd.metadata.edit import edit_packet
from tagd.metadata.keywords import Field, folded
from tests.corpus import EXIF, LIGHTROOM, SPLICED, XMP, app, chunk, directory, with_segments
from tests.metadata import TAGS
from tests.photos import coffee

BARE = LIGHTROOM[LIGHTROOM.index(b"<x:xmpmeta") : LIGHTROOM.index(b"</x:xmpmeta>") + 12]
HEAD, TAIL = BARE[: BARE.index(b"<dc:subject>")], BARE[BARE.index(b"</rdf:Description>") :]
GENEROUS = pytest.mark.timeout(60)  # each takes a second or two, and took minutes to days
MILLION = 1_000_000


def lists(name: str, inside: str) -> bytes:
    spaces = f'xmlns:digiKam="{xmp.NAMESPACES["digiKam"]}" xmlns:tagd="{xmp.NAMESPACES["tagd"]}"'
    return HEAD + f"<{name} {spaces}><rdf:Bag>{inside}</rdf:Bag></{name}>".encode() + TAIL


NESTED = "<rdf:li>" * 200 + "<rdf:li/>" * 100_000 + "</rdf:li>" * 200
CLAIMS = "".join(f'<rdf:li tagd:tag="k{each}" tagd:model="m"/>' for each in range(50_000))
ACCENTS = "a" + "\N{COMBINING COMMA ABOVE RIGHT}" * MILLION + "\N{COMBINING GRAVE ACCENT}" * MILLION

PACKETS = {
    "declarations": b"<?xml" * 3 * MILLION + BARE,
    "openings": b"<x:xmpmeta " * MILLION,
    "openings before": b"<x:xmpmeta " * MILLION + BARE,
    "names": b"<" + b"x" * 10 * MILLION,
    "closings": b"<rdf:RDF " + b"</rdf:RDF " * MILLION,
    "closings of white space": b"<rdf:RDF " + (b"</rdf:RDF" + b" " * 2000) * 5000,
    "nested keywords": lists("dc:subject", NESTED),
    "nested claims": lists("tagd:Provenance", NESTED),
    "many claims": lists("tagd:Provenance", CLAIMS),
    "many keywords": lists("dc:subject", "<rdf:li>a</rdf:li>" * 500_000),
    "accents": lists("dc:subject", f"<rdf:li>{ACCENTS}</rdf:li>"),
    "long path": lists("digiKam:TagsList", "<rdf:li>" + "a/" * 4 * MILLION + "</rdf:li>"),
    "digits": HEAD.replace(b'"4"', b'"' + b"4" * 9 * MILLION + b'"') + TAIL,
    "descriptions": HEAD + TAIL[:18] + b"<rdf:Description/>" * 300_000 + TAIL[18:],
    "stray ends": HEAD + b"</a>" * 200_000 + TAIL,
    "unclosed": HEAD + b"<a>" * 300_000 + TAIL,
    "doubled attributes": HEAD + b"<a b='' b=''/>" * 70_000 + TAIL,
    "larger than honest": BARE + b" " * (xmp.MOST_BYTES + 1),
}


@GENEROUS
@pytest.mark.parametrize("name", PACKETS)
def test_a_hostile_packet_costs_little(name: str) -> None:
    reader.of_packets([PACKETS[name]])
    reader.of_photo(b"GIF89a" + PACKETS[name])


@GENEROUS
@pytest.mark.parametrize("claims", [0, 30_000])
def test_keywords_without_number_are_joined_in_seconds(claims: int) -> None:
    words = "".join(f"<rdf:li>k{each}</rdf:li>" for each in range(30_000))
    ours = "".join(
        f'<rdf:li tagd:tag="k{each}" tagd:path="k{each}" tagd:fields="dc:subject" tagd:model="m"/>'
        for each in range(claims)
    )
    said = lists("tagd:Provenance", ours).replace(TAIL, lists("dc:subject", words)[len(HEAD) :])
    joined = edit_packet(said, TAGS, None, {}, padded=False).joined[Field.SUBJECT]
    assert joined.added == ("cat", "コーヒー ☕")
    assert len(joined.removed) == claims


@GENEROUS
def test_a_hostile_text_in_a_png_costs_little() -> None:
    plain = SPLICED["plain.png"]
    bomb = zlib.compress(bytes(200 * MILLION))
    chunks = [chunk(b"iTXt", b"XML:com.adobe.xmp\0" + bytes(4) + PACKETS["declarations"])]
    chunks += [chunk(b"zTXt", b"Raw profile type iptc\0\0" + bomb)] * 200
    assert reader.of_photo(plain[:33] + b"".join(chunks) + plain[33:]).rating == 4


@GENEROUS
@pytest.mark.parametrize("press", [b"\x1c\x02\x19\0\0" * MILLION, b"8BIM\x04\x04" * MILLION])
def test_hostile_iptc_costs_little(press: bytes) -> None:
    tiff = b"II*\0\x08\0\0\0" + directory("<", 8, [(0x83BB, 7, press)], 0)
    assert len(reader.of_photo(tiff).of(Field.IPTC)) <= 10_000


@GENEROUS
def test_tags_that_all_say_they_are_the_whole_file_cost_little() -> None:
    size = 40 * MILLION
    rows = b"".join(struct.pack("<HHII", tag, 7, size, 0) for tag in range(0xFFFF))
    tiff = b"II*\0\x08\0\0\0\xff\xff" + rows
    assert reader.of_photo(tiff.ljust(size, b"a")).camera is not None


@GENEROUS
def test_segments_without_number_cost_little() -> None:
    plain = SPLICED["plain.jpg"]
    tiny = app(1, b"http://ns.adobe.com/xmp/extension/\0" + b"a" * 40) * 100_000
    assert reader.of_photo(with_segments(plain, app(1, XMP + BARE), tiny)).rating == 4
    assert reader.of_photo(with_segments(plain, app(1, XMP + BARE) * 300)).rating == 4
    assert reader.of_photo(with_segments(plain, app(1, EXIF + b"II*\0" + bytes(60_000)) * 300))


@GENEROUS
def test_a_packet_of_blanks_is_fitted_in_no_time() -> None:
    said = BARE + b" " * 20 * MILLION + b"<?xpacket en"
    with pytest.raises(ValueError, match="cannot keep its size"):
        jpeg.with_packet(SPLICED["mpf-roomy.jpg"], said)


@GENEROUS
def test_a_hostile_sidecar_costs_the_photo_nothing(tmp_path: Path) -> None:
    photo = tmp_path / "a.png"
    coffee().resize((60, 40)).save(photo)
    photo.with_name("a.png.xmp").write_bytes(PACKETS["declarations"])
    said = decode(photo, [], DecodeLimits())
    assert said.readings.rating == 4
    photo.with_name("a.png.xmp").write_bytes(PACKETS["larger than honest"])
    assert decode(photo, [], DecodeLimits()).readings.rating is None


def test_what_is_larger_than_any_honest_sidecar_is_refused() -> None:
    with pytest.raises(xmp.MalformedPacket, match="larger than any honest one"):
        xmp.parse(PACKETS["larger than honest"])


@GENEROUS
def test_accents_without_number_are_folded_in_no_time() -> None:
    assert folded(ACCENTS) == folded(ACCENTS)
    assert folded("CAFE\N{COMBINING ACUTE ACCENT}") == folded("café")
