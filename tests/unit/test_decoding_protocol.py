from __future__ import annotations

import contextlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd import errors
from tagd.decoding.decode import ReadPhoto
from tagd.decoding.protocol import (
    LONGEST_MESSAGE,
    Message,
    ProtocolError,
    Request,
    frame,
    pack_error,
    pack_photo,
    pack_request,
    unframe,
    unpack_error,
    unpack_former_ids,
    unpack_photo,
    unpack_request,
)
from tagd.domain import Geometry, PhotoFacts, Readings, Signature
from tagd.metadata.sidecar import BESIDE

PATH = Path("/photos/a.jpg")
SIDES = st.integers(1, 2000)
GEOMETRIES = st.builds(
    Geometry,
    st.one_of(SIDES, st.tuples(SIDES, SIDES)),
    st.tuples(SIDES, SIDES),
    st.sampled_from(["nearest", "bilinear", "bicubic", "lanczos"]),
)
PATHS = st.binary(min_size=1, max_size=300).filter(lambda name: b"\0" not in name)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
PHOTO = ReadPhoto(
    "0123456789abcdef" * 2,
    Signature(1, 2, 3, -4),
    PhotoFacts("JPEG", 4000, 3000, 6, "Canon", None, "2019-03-21T11:04:22"),
    {},
    Readings(rating=3, sidecars=(Path("/photos/a.jpg.xmp"),)),
)
SAID = pack_photo(PHOTO, PATH, BESIDE)


def sent(message: Message) -> Message:
    """As it comes out at the other end."""
    received = unframe(bytearray(frame(message)))
    assert received is not None
    return received


@given(PATHS, st.integers(0, 1 << 40), st.lists(GEOMETRIES, max_size=4))
def test_a_request_arrives_as_it_was_sent(
    name: bytes, offset: int, geometries: list[Geometry]
) -> None:
    request = Request(Path(os.fsdecode(name)), offset, tuple(geometries))
    assert unpack_request(sent(pack_request(request))) == request


def test_a_photo_arrives_as_it_was_sent() -> None:
    assert unpack_photo(sent(SAID), PATH, BESIDE) == (
        PHOTO.photo_id,
        PHOTO.signature,
        PHOTO.facts,
        PHOTO.readings,
    )


def test_what_earlier_versions_called_a_photo_arrives_if_it_makes_sense() -> None:
    former = ("f" * 32, "e" * 32)
    assert (
        unpack_former_ids(sent(pack_photo(replace(PHOTO, former_ids=former), PATH, BESIDE)))
        == former
    )
    for nonsense in (None, "f" * 32, ["F" * 32], [7], ["f" * 32] * 3):
        with pytest.raises(ProtocolError):
            unpack_former_ids(sent(SAID | {"former_ids": nonsense}))


@pytest.mark.parametrize(
    "kind",
    [
        errors.NotAnImage,
        errors.UnsupportedImage,
        errors.CorruptImage,
        errors.TooLarge,
        errors.TruncatedImage,
        errors.FileChanged,
        errors.FileVanished,
        errors.FileUnreadable,
    ],
)
def test_an_error_arrives_as_what_it_was(kind: type[errors.PhotoError]) -> None:
    raised = kind(PATH, "some reason")
    raised.signature, raised.shows = (0, 2, 3, -4), ("0123456789abcdef" * 2,)
    error = unpack_error(sent(pack_error(raised)), PATH)
    assert type(error) is kind
    assert (error.path, error.reason) == (PATH, "some reason")
    assert (error.signature, error.shows) == (raised.signature, raised.shows)


@given(st.lists(st.dictionaries(st.text(max_size=5), st.integers()), max_size=4), st.integers(1, 9))
def test_messages_come_out_whole_however_they_are_cut(messages: list[Message], step: int) -> None:
    stream = b"".join(frame(each) for each in messages)
    buffer, received = bytearray(), []
    for start in range(0, len(stream), step):
        buffer += stream[start : start + step]
        while (message := unframe(buffer)) is not None:
            received.append(message)
    assert received == messages
    assert not buffer


@given(st.binary(max_size=100))
def test_nonsense_on_the_wire_is_refused(data: bytes) -> None:
    buffer = bytearray(data)
    try:
        while unframe(buffer) is not None:
            pass
    except ProtocolError:
        return
    assert len(buffer) < 4 or len(buffer) < 4 + int.from_bytes(buffer[:4], "big")


def test_an_endless_message_is_refused() -> None:
    with pytest.raises(ProtocolError):
        unframe(bytearray((LONGEST_MESSAGE + 1).to_bytes(4, "big")))
    with pytest.raises(ProtocolError):
        frame({"text": "x" * LONGEST_MESSAGE})
    nested = b"[" * 60_000
    with pytest.raises(ProtocolError):
        unframe(bytearray(len(nested).to_bytes(4, "big") + nested))


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("photo_id", "0123"),
        ("photo_id", "0123456789ABCDEF" * 2),
        ("photo_id", 7),
        ("photo_id", "0123456789abcdef" * 2 + "\n"),
        ("signature", []),
        ("signature.size", 0),
        ("signature.size", True),
        ("signature.mtime_ns", 1 << 63),
        ("signature.inode", "5"),
        ("facts", None),
        ("facts.format", "EPS"),
        ("facts.format", ["JPEG"]),
        ("facts.width", 0),
        ("facts.height", 1 << 40),
        ("facts.height", 1.5),
        ("facts.orientation", 9),
        ("facts.camera_make", 5),
        ("facts.camera_make", "x" * 2000),
    ],
)
def test_a_photo_out_of_bounds_is_refused(where: str, value: object) -> None:
    message = json.loads(json.dumps(SAID))
    *outer, key = where.split(".")
    (message[outer[0]] if outer else message)[key] = value
    with pytest.raises(ProtocolError):
        unpack_photo(message, PATH, BESIDE)


@given(
    st.dictionaries(st.sampled_from(["photo_id", "signature", "facts", "error", "reason"]), JSON)
)
def test_whatever_a_decoder_says_is_checked(message: Message) -> None:
    # Never complete, and never anything but this error.
    with pytest.raises(ProtocolError):
        unpack_photo(message, PATH, BESIDE)
    with contextlib.suppress(ProtocolError):
        unpack_error(message, PATH)


def test_text_from_a_decoder_is_fit_to_be_stored_and_printed() -> None:
    error = unpack_error({"error": "corrupt", "reason": "a\x1b[31mb\ud800\n"}, PATH)
    assert error is not None
    assert error.reason == "a [31mb"
