"""IPTC keywords come and go, and all else among Photoshop's resources stays, to the byte."""

from __future__ import annotations

import hashlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.containers.splice import CannotSplice, jpeg
from tagd.metadata import iptc
from tagd.metadata.verify import harm
from tests.corpus import SPLICED, app, mpf, with_segments

HEAD = b"Photoshop 3.0\0"
UTF8 = (1, 90, b"\x1b%G")


def dataset(record: int, number: int, value: bytes) -> bytes:
    return struct.pack(">BBBH", 0x1C, record, number, len(value)) + value


def resource(kind: int, body: bytes) -> bytes:
    padding = b"\0" * (len(body) % 2)
    return b"8BIM" + struct.pack(">HHI", kind, 0, len(body)) + body + padding


def photo(block: bytes, *, digest: bytes | None = None, behind: bytes = b"") -> bytes:
    resources = resource(0x03ED, bytes(16)) + resource(0x0404, block)
    if digest is not None:
        resources += resource(0x0425, digest)
    return with_segments(SPLICED["plain.jpg"], app(13, HEAD + resources + behind))


def said(data: bytes) -> tuple[str, ...]:
    return iptc.keywords(iptc.datasets(jpeg.photoshop(data)))


@given(
    st.lists(
        st.tuples(
            st.sampled_from([(1, 0), (2, 0), (2, 5), (2, 25), (2, 120), (3, 10)]),
            st.binary(max_size=6).map(lambda each: bytes(byte & 0x7F for byte in each)),
        ),
        min_size=1,
    ),
    st.booleans(),
    st.lists(st.text("abcねこ🐈", min_size=1, max_size=9), min_size=1, unique=True),
)
def test_any_block_takes_keywords_and_gives_its_own_bytes_back(
    datasets: list[tuple[tuple[int, int], bytes]], is_marked: bool, words: list[str]
) -> None:
    block = dataset(*UTF8) * is_marked + b"".join(dataset(*at, value) for at, value in datasets)
    before = photo(block, digest=hashlib.md5(block).digest())
    theirs = said(before)
    new = [word for word in words if word not in theirs]
    once = iptc.with_keywords(before, [*theirs, *new])
    again = iptc.with_keywords(iptc.with_keywords(once, [*theirs, "dog", "犬"]), [*theirs, *new])
    assert again == once
    assert sorted(said(once)) == sorted([*theirs, *new])
    assert harm(before, once) is None
    resources = jpeg.photoshop(once)
    written = resources[resources.index(struct.pack(">HH", 0x0404, 0)) + 8 :]
    size = resources[resources.index(struct.pack(">HH", 0x0404, 0)) + 4 :][:4]
    digest = hashlib.md5(written[: int.from_bytes(size, "big")]).digest()
    assert resource(0x0425, digest) in resources
    assert iptc.with_keywords(once, theirs) == before


def test_text_is_marked_as_utf8_only_where_it_has_to_be() -> None:
    before = photo(dataset(1, 0, b"\0\4") + dataset(2, 120, b"caption"))
    plain = iptc.with_keywords(before, ["cat"])
    assert not iptc.is_utf8(iptc.datasets(jpeg.photoshop(plain)))
    marked = iptc.with_keywords(plain, ["cat", "猫"])
    assert iptc.datasets(jpeg.photoshop(marked))[:2] == [(1, 0, b"\0\4"), UTF8]
    assert iptc.with_keywords(marked, ["cat"]) == plain


def test_a_mark_that_others_need_by_now_stays() -> None:
    marked = iptc.with_keywords(photo(dataset(2, 120, b"caption")), ["猫"])
    changed = marked.replace(b"caption", "猫猫a".encode())
    undone = iptc.with_keywords(changed, [])
    assert iptc.datasets(jpeg.photoshop(undone)) == [UTF8, (2, 120, "猫猫a".encode())]


def test_a_digest_that_was_stale_is_left_alone() -> None:
    before = photo(dataset(2, 120, b"caption"), digest=bytes(16))
    assert resource(0x0425, bytes(16)) in iptc.with_keywords(before, ["cat"])


LATIN = photo(dataset(2, 120, "café".encode("latin-1")))
REFUSED = {  # by a word of the reason
    "older character set": LATIN,
    "more than one place": photo(b"", behind=resource(0x0404, b"")),
    "not built": photo(b"", behind=b"8BIM\x0b\xb7\0\0\0\0\0\1x"),
    "more than one segment": with_segments(
        photo(dataset(2, 120, b"caption")), app(13, HEAD + resource(0x03EE, b"more"))
    ),
    "distance": mpf(photo(dataset(2, 120, b"caption")), SPLICED["plain.jpg"]),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_keywords_are_left_out_with_a_reason(reason: str) -> None:
    with pytest.raises(CannotSplice, match=reason):
        iptc.with_keywords(REFUSED[reason], ["猫"])


def test_plain_words_go_beside_text_of_an_older_character_set() -> None:
    written = iptc.with_keywords(LATIN, ["cat"])
    assert said(written) == ("cat",)
    assert harm(LATIN, written) is None
    assert iptc.with_keywords(written, []) == LATIN
