"""A packet among the items of a HEIF: it comes and goes, and each other item stays what it is."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.containers.boxes import boxes
from tagd.containers.splice import CannotSplice, foreign, packet, with_packet
from tagd.metadata.verify import harm
from tests.corpus import LIGHTROOM, SPLICED
from tests.metadata import edited_by_exiftool, needs_exiftool

NAMES = sorted(name for name in SPLICED if name.endswith(("heic", "avif")))
PICTURE, CAMERA = b"the picture", b"what the camera says"
UUID = bytes(range(16))


def box(kind: bytes, body: bytes, *, full: int | None = None) -> bytes:
    head = b"" if full is None else bytes([full, 0, 0, 0])
    return struct.pack(">I", 8 + len(head) + len(body)) + kind + head + body


def entry(item: int, kind: bytes, rest: bytes = b"\0") -> bytes:
    return box(b"infe", struct.pack(">HH", item, 0) + kind + rest, full=2)


def reference(kind: bytes, source: int, target: int) -> bytes:
    return box(kind, struct.pack(">HHH", source, 1, target))


def place(
    widths: tuple[int, int], item: int, at: int, size: int, *, version: int, in_idat: bool = False
) -> bytes:
    """An entry of iloc, in one piece; as much of the offset in the base as there is room for."""
    offset, base = widths
    wide = 4 if version == 2 else 2
    start = max(0, at - 2) if base and offset else at * bool(base)
    method = int(in_idat).to_bytes(2, "big") if version else b""
    said = item.to_bytes(wide, "big") + method + bytes(2) + start.to_bytes(base, "big")
    return said + b"\0\1" + (at - start).to_bytes(offset, "big") + size.to_bytes(4, "big")


@st.composite
def heifs(draw: st.DrawFn) -> bytes:
    """A picture and what the camera says, laid out in every way that the standard has."""
    version = draw(st.sampled_from([0, 1, 2]))
    widths = draw(st.sampled_from([(4, 0), (8, 0), (0, 4), (0, 8), (4, 4), (8, 8)]))
    in_idat = version > 0 and draw(st.booleans())
    media = [box(b"mdat", PICTURE), box(b"mdat", CAMERA), box(b"uuid", UUID), box(b"free", b"")]
    media = draw(st.permutations(media))
    before = draw(st.integers(0, len(media)))
    has_references = draw(st.booleans())

    def laid_out(first: int, second: int) -> bytes:
        entries = place(widths, 1, first, len(PICTURE), version=version)
        entries += place(widths, 2, second, len(CAMERA), version=version, in_idat=in_idat)
        count = struct.pack(">I" if version == 2 else ">H", 2)
        sizes = bytes([widths[0] << 4 | 4, widths[1] << 4])
        children = [
            box(b"pitm", b"\0\1", full=0),
            box(b"iinf", b"\0\2" + entry(1, b"hvc1") + entry(2, b"Exif"), full=0),
            box(b"iref", reference(b"cdsc", 2, 1), full=0) if has_references else b"",
            box(b"iprp", box(b"ipco", b"")),
            box(b"idat", CAMERA) if in_idat else b"",
            box(b"iloc", sizes + count + entries, full=version),
        ]
        meta = box(b"meta", b"".join(children), full=0)
        return b"".join([HEAD, *media[:before], meta, *media[before:]])

    draft = laid_out(2, 2)
    return laid_out(draft.index(PICTURE), 0 if in_idat else draft.index(CAMERA))


HEAD = box(b"ftyp", b"heic\0\0\0\0mif1heic")


@given(heifs(), st.lists(st.binary(min_size=1, max_size=50), min_size=1, max_size=3))
def test_any_layout_takes_packets_and_gives_its_own_bytes_back(
    data: bytes, packets: list[bytes]
) -> None:
    assert PICTURE in foreign(data)[-2]
    written = data
    for each in packets:
        written = with_packet(written, each)
        assert packet(written) == each
        assert foreign(written) == foreign(data)
        assert len(written) < len(data) + len(each) + 150, "what was written before is gone"
    assert with_packet(written, None) == data


@pytest.mark.parametrize("name", NAMES)
def test_the_box_with_the_picture_stays_as_it_is(name: str) -> None:
    data = SPLICED[name]
    written = with_packet(data, LIGHTROOM * 3)
    bodies = [written[each.start : each.end] for each in boxes(written) if each.kind == "mdat"]
    theirs = [data[each.start : each.end] for each in boxes(data) if each.kind == "mdat"]
    if packet(data) is None:
        assert bodies[1:] == theirs
    assert [len(each) for each in bodies[1:]] == [len(each) for each in theirs]


def with_items(*more: tuple[int, bytes, bytes], refs: bytes = b"") -> bytes:
    """A picture (item 1) and more items, each of its kind and what follows that in its entry."""
    kinds = [(1, b"hvc1", b"\0"), *more]

    def laid_out(at: int) -> bytes:
        places = b"".join(place((4, 0), each[0], at, 11, version=0) for each in kinds)
        children = [
            box(b"pitm", b"\0\1", full=0),
            box(
                b"iinf", struct.pack(">H", len(kinds)) + b"".join(entry(*k) for k in kinds), full=0
            ),
            box(b"iloc", b"\x44\0" + struct.pack(">H", len(kinds)) + places, full=0),
            box(b"iref", refs, full=0) if refs else b"",
        ]
        return HEAD + box(b"meta", b"".join(children), full=0) + box(b"mdat", PICTURE)

    return laid_out(laid_out(0).index(PICTURE))


XMP = (b"mime", b"\0application/rdf+xml\0")


def test_the_packet_of_another_picture_is_left_alone() -> None:
    # As in photos with a gain map, which is described by a packet of its own.
    told = reference(b"cdsc", 3, 2)
    data = with_items((2, b"hvc1", b"\0"), (3, *XMP), refs=told)
    assert packet(data) is None
    written = with_packet(data, LIGHTROOM)
    assert packet(written) == LIGHTROOM
    assert foreign(written) == foreign(data)
    assert with_packet(written, None) == data


PLAIN, DESCRIBED = with_items(), reference(b"cdsc", 2, 1)
REFUSED = {  # by a word of the reason
    "sequence": PLAIN + box(b"moov", b""),
    "'what'": PLAIN + box(b"what", b""),
    "boxes": PLAIN + b"behind",
    "more than one": with_items((2, *XMP), (3, *XMP), refs=DESCRIBED + reference(b"cdsc", 3, 1)),
    "packed": with_items((2, XMP[0], XMP[1] + b"deflate\0"), refs=DESCRIBED),
    "room": with_items((0xFFFF, b"hvc1", b"\0")),
    "another file": PLAIN.replace(b"\0\1\0\0\0\1", b"\0\1\0\1\0\1"),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_cannot_be_written_says_why(reason: str) -> None:
    with pytest.raises(CannotSplice, match=reason):
        with_packet(REFUSED[reason], LIGHTROOM)


@pytest.mark.parametrize("name", NAMES)
@given(st.data())
def test_any_byte_of_a_picture_counts(name: str, draws: st.DataObject) -> None:
    data = with_packet(SPLICED[name], LIGHTROOM)
    media = [each for each in boxes(data) if each.kind in {"mdat", "mpvd"}][1:]
    each = draws.draw(st.sampled_from(media))
    at = draws.draw(st.integers(each.start, each.end - 1))
    change = draws.draw(st.integers(1, 255))
    assert harm(data, data[:at] + bytes([data[at] ^ change]) + data[at + 1 :])


@needs_exiftool
@pytest.mark.parametrize("name", ["exif.heic", "grid.heic", "plain.avif", "full.avif"])
def test_exiftool_and_tagd_take_turns(name: str, tmp_path: Path) -> None:
    data, others = SPLICED[name], LIGHTROOM.replace(b"Holiday", b"Travel!")
    (tmp_path / "others.xmp").write_bytes(others)
    put, take = f"-XMP<={tmp_path / 'others.xmp'}", "-XMP:all="
    theirs = edited_by_exiftool(with_packet(data, LIGHTROOM), put, folder=tmp_path)
    assert packet(theirs) == others
    first = edited_by_exiftool(data, put, folder=tmp_path)  # among the picture's bytes
    for each in (theirs, first):
        ours = with_packet(with_packet(each, LIGHTROOM), others * 2)
        assert packet(ours) == others * 2
        assert foreign(ours) == foreign(each)
        assert packet(with_packet(ours, None)) is None
    left_over = edited_by_exiftool(first, take, folder=tmp_path)
    assert packet(left_over) is None, "an item without a length is no packet"
    assert packet(with_packet(left_over, LIGHTROOM)) == LIGHTROOM
