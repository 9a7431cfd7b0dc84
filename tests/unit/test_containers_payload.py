"""The identity of a photo follows its picture in formats that were once identified by all bytes."""

from __future__ import annotations

import io
import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.containers import former_hashes, payload_hash, payload_spans, sniff, splice, tiff
from tests.dng import dng
from tests.photos import cat, coffee
from tests.tiffs import Page, laid_out, page

SMALL = cat().resize((64, 48))
PIECES = (b"abcd", b"efgh", b"ijkl")
PACKET = b"<?xpacket begin?><x/><?xpacket end?>"


def saved(name: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    SMALL.save(buffer, name, **options)
    return buffer.getvalue()


def is_whole(data: bytes) -> bool:
    return payload_spans(data) == [(0, len(data))]


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


# TIFF and what is built like it


@given(
    pieces=st.lists(st.binary(min_size=1, max_size=9), min_size=1, max_size=4),
    pages=st.integers(1, 3),
    layout=st.tuples(st.sampled_from("<>"), st.booleans()),
    gap=st.integers(0, 5),
    text=st.binary(min_size=1, max_size=40),
)
def test_metadata_and_places_are_no_part_of_a_tiff_and_every_byte_of_its_pieces_is(
    pieces: list[bytes], pages: int, layout: tuple[str, bool], gap: int, text: bytes
) -> None:
    order, big = layout
    plain = [page(4, *pieces) for _ in range(pages)]
    data = laid_out(*plain, order=order, big=big)
    assert not is_whole(data)
    texts = {270: text, 700: text, 33723: text, 34853: text, 50341: text}
    edited = [replace(each, texts=texts) for each in plain]
    moved = laid_out(*edited, order=order, big=big, gap=gap)
    assert payload_hash(moved) == payload_hash(data)
    for number, piece in enumerate(pieces):
        other = [*pieces[:number], flipped(piece, 0), *pieces[number + 1 :]]
        last = [*plain[:-1], page(4, *other)]
        assert payload_hash(laid_out(*last, order=order, big=big)) != payload_hash(data)


@pytest.mark.parametrize(
    "other",
    [
        page(5, *PIECES),
        page(4, *PIECES, t262=[0]),
        page(4, *PIECES, t320=list(range(768))),
        page(4, b"ab", b"cdefgh", b"ijkl"),  # the same bytes, cut elsewhere
        page(4, *PIECES, t338=[1]),
        Page(page(4, *PIECES).tags, PIECES, (324, 325)),  # tiles
    ],
)
def test_what_says_how_to_read_the_pieces_counts(other: Page) -> None:
    assert payload_hash(laid_out(other)) != payload_hash(laid_out(page(4, *PIECES)))


def test_all_pages_count_but_smaller_versions_of_them() -> None:
    first, second = page(4, *PIECES), page(4, b"xxxx")
    thumbnail, another = page(2, b"tt", t254=[1]), page(2, b"uu", t254=[1])
    both = payload_hash(laid_out(first, second))
    assert both != payload_hash(laid_out(first))
    assert both != payload_hash(laid_out(second, first))
    assert both == payload_hash(laid_out(first, second, thumbnail))
    assert payload_hash(laid_out(thumbnail)) != payload_hash(laid_out(another))


def test_of_a_raw_the_sensor_data_counts_alone() -> None:
    sensor = page(4, b"sensor", t262=[32803])
    raw = [replace(page(2, preview), parts=[sensor]) for preview in (b"before", b"after!")]
    assert payload_hash(laid_out(raw[0])) == payload_hash(laid_out(raw[1]))
    other = replace(raw[0], parts=[page(4, b"Sensor", t262=[32803])])
    assert payload_hash(laid_out(other)) != payload_hash(laid_out(raw[0]))
    before, after = (dng(SMALL, preview=each) for each in (coffee(), coffee().rotate(180)))
    assert payload_hash(before) == payload_hash(after) != payload_hash(dng(SMALL.rotate(180)))


def test_a_canons_sensor_data_is_known_by_its_slices() -> None:
    def cr2(preview: bytes, sensor: bytes) -> str:
        pages = page(4, preview), page(2, preview), page(8, sensor, t50752=[0, 0, 0])
        data = laid_out(*pages)
        return payload_hash(data[:8] + b"CR\2\0" + data[12:])

    assert cr2(b"a", b"sensor") == cr2(b"b", b"sensor") != cr2(b"a", b"Sensor")


def rw2(text: bytes, sensor: bytes) -> bytes:
    """As Panasonic's cameras write it: the sensor data goes on to the end, whatever is counted."""
    rows = [(2, 3, 1, 8), (270, 7, len(text), 0), (273, 4, 1, 0xFFFFFFFF), (279, 4, 1, 0)]
    start = 8 + 2 + 12 * (len(rows) + 1) + 4
    rows = [(tag, kind, count, start if tag == 270 else value) for tag, kind, count, value in rows]
    rows.insert(3, (280, 4, 1, start + len(text)))
    rows.sort()
    packed = b"".join(struct.pack("<HHII", *row) for row in rows)
    directory = struct.pack("<H", len(rows)) + packed + bytes(4)
    return b"IIU\0\x08\0\0\0" + directory + text + sensor


def test_an_rw2_is_identified_from_its_sensor_data_to_the_end() -> None:
    data = rw2(b"a text", b"sensor data")
    assert sniff(data) == "RW2"
    assert payload_hash(rw2(b"another, longer", b"sensor data")) == payload_hash(data)
    assert payload_hash(rw2(b"a text", b"sensor dat4")) != payload_hash(data)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "jpeg", "tiff_adobe_deflate"])
def test_keywords_that_tagd_writes_leave_a_tiff_what_it_is(compression: str) -> None:
    data = saved("TIFF", compression=compression)
    written = splice.with_packet(data, PACKET)
    assert payload_hash(written) == payload_hash(data)
    start = tiff.first_directory(data)[273][0]
    assert payload_hash(flipped(data, start)) != payload_hash(data)


def test_an_old_jpeg_in_a_tiff_is_followed_where_it_is_one_stream() -> None:
    def old(stream: bytes, **more: list[int]) -> bytes:
        made = page(4, stream, t259=[6], **more)
        return laid_out(replace(made, pieces_by=(513, 514)))

    assert not is_whole(old(b"\xff\xd8stream\xff\xd9"))
    assert payload_hash(old(b"\xff\xd8stream\xff\xd9")) != payload_hash(old(b"\xff\xd8Stream"))
    tables = page(4, b"scan", t259=[6], t519=[8])
    assert is_whole(laid_out(tables))


@pytest.mark.parametrize(
    "broken",
    [
        Page({256: [4]}, ()),  # no picture
        Page(page(4, *PIECES).tags, PIECES, (273, 65000)),  # no byte counts
        Page({**page(4).tags, 279: [60000]}, (b"abcd",), (273, 65000)),  # beyond the end
    ],
)
def test_a_tiff_that_cannot_be_followed_is_identified_by_all_of_its_bytes(broken: Page) -> None:
    assert is_whole(laid_out(broken))
    assert is_whole(laid_out(broken)[:-1])


def test_a_tiff_whose_pieces_are_all_the_same_costs_no_more_than_itself() -> None:
    data = bytearray(laid_out(page(4, *[b"x" * 100] * 50)))
    assert not is_whole(bytes(data))
    for tag, value in ((273, 8), (279, len(data) - 8)):
        entry = data.find(struct.pack("<HHI", tag, 4, 50))
        (values_at,) = struct.unpack_from("<I", data, entry + 8)
        data[values_at : values_at + 200] = struct.pack("<50I", *[value] * 50)
    assert is_whole(bytes(data))


# GIF, BMP, RAF, CR3


def test_of_a_gif_the_screen_and_the_frames_count() -> None:
    data = saved("GIF", save_all=True, append_images=[SMALL.rotate(180)], duration=[100, 200])
    extended = b"\x21\xfe\x05hello\0\x21\xff\x0bXMP DataXMP" + b"\x03<x>\0"
    start = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    for version in (b"GIF87a", b"GIF89a"):
        edited = version + data[6:start] + extended + data[start:] + b"what follows"
        assert payload_hash(edited) == payload_hash(data)
    once = saved("GIF", save_all=True, append_images=[SMALL.rotate(180)], duration=[100, 300])
    assert len({payload_hash(each) for each in (data, once, saved("GIF"))}) == 3
    spans = payload_spans(data)
    for at in (spans[0][0], start - 1, spans[-1][1] - 2):
        assert payload_hash(flipped(data, at)) != payload_hash(data)
    assert is_whole(data[:-10])


def test_of_a_bmp_all_but_its_resolution_counts() -> None:
    data = saved("BMP")
    assert payload_hash(saved("BMP", dpi=(300, 300))) == payload_hash(data)
    assert payload_hash(flipped(data, 22)) != payload_hash(data)  # the height
    assert payload_hash(flipped(data, len(data) - 1)) != payload_hash(data)
    assert is_whole(data[:10] + b"\xff\xff\xff\xff" + data[14:])


def raf(jpeg: bytes, sensor: bytes) -> bytes:
    at = 160 + len(jpeg)
    places = struct.pack(">6I", 160, len(jpeg), at, 4, at + 4, len(sensor))
    head = b"FUJIFILMCCD-RAW 0201FF389501" + b"X-T1".ljust(32, b"\0")
    return head.ljust(84, b"\0") + places.ljust(76, b"\0") + jpeg + b"head" + sensor


def test_of_a_raf_and_a_cr3_the_sensor_data_counts() -> None:
    assert sniff(raf(b"jpeg", b"sensor")) == "RAF"
    assert payload_hash(raf(b"jpeg", b"sensor")) == payload_hash(raf(b"a longer one", b"sensor"))
    assert payload_hash(raf(b"jpeg", b"sensor")) != payload_hash(raf(b"jpeg", b"Sensor"))
    assert is_whole(raf(b"jpeg", b""))
    assert is_whole(raf(b"jpeg", b"sensor")[:-1])

    def cr3(text: bytes, media: bytes) -> bytes:
        boxes = ((b"ftyp", b"crx \0\0\0\1"), (b"moov", text), (b"mdat", media))
        return b"".join(struct.pack(">I", 8 + len(body)) + kind + body for kind, body in boxes)

    assert payload_hash(cr3(b"a", b"media")) == payload_hash(cr3(b"another", b"media"))
    assert payload_hash(cr3(b"a", b"media")) != payload_hash(cr3(b"a", b"Media"))


# What earlier versions called them


def test_a_file_is_known_by_what_it_was_called_before_and_before_tagd_wrote_into_it() -> None:
    data = saved("TIFF")
    whole = payload_hash(data, [(0, len(data))])
    assert former_hashes(data) == (whole,)
    written = splice.with_packet(data, PACKET)
    assert whole in former_hashes(written)
    assert len(former_hashes(written)) == 2
    for name in ("GIF", "BMP"):
        assert len(former_hashes(saved(name))) == 1
    for name in ("JPEG", "PNG", "WEBP"):
        assert former_hashes(saved(name)) == ()
    assert former_hashes(b"II*\0") == ()
