"""What the daemon and a decoder process say to each other, and how little the daemon believes.

A message is a length (four bytes, big-endian) and JSON. Pixels travel beside it, in a file that
both have open. A hostile photo may have taken the decoder over, so nothing that comes from it is
unpickled or mapped, and every field is checked.
"""

from __future__ import annotations

import base64
import json
import os
import re
import struct
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tagd.containers import FORMATS
from tagd.domain import Geometry, PhotoFacts, Readings, Signature
from tagd.errors import (
    CorruptImage,
    FileChanged,
    FileUnreadable,
    FileVanished,
    NeedsRoom,
    NotAnImage,
    PhotoError,
    TooLarge,
    TruncatedImage,
    UnsupportedImage,
)
from tagd.metadata import read_back
from tagd.metadata.sidecar import BESIDE, SidecarRule

if TYPE_CHECKING:
    from tagd.decoding.decode import ReadPhoto

LONGEST_MESSAGE: Final = 1 << 16
MOST_PREVIEW_BYTES: Final = 4 * 1024 * 1024  # at 2048 pixels most have a tenth of it
READY: Final = {"ready": True}

_HEADER: Final = struct.Struct(">I")
_PHOTO_ID: Final = re.compile(r"[0-9a-f]{32}")
_FORMATS: Final = FORMATS | {"RAW"}
_MOST_FORMER_IDS: Final = 2
_LONGEST_TEXT: Final = 1000
_ERRORS: Final = {
    kind.code: kind
    for kind in (
        CorruptImage,
        FileChanged,
        FileUnreadable,
        FileVanished,
        NeedsRoom,
        NotAnImage,
        TooLarge,
        TruncatedImage,
        UnsupportedImage,
    )
}

Message = dict[str, Any]


class ProtocolError(ValueError):
    """What the other side said makes no sense."""


@dataclass(frozen=True, slots=True)
class Request:
    """One photo to decode; its pixels go to `offset` of the shared file, geometry by geometry, and
    behind them a preview for each of `previews`, longer edges in pixels. `tried` as in `decode`."""

    path: Path
    offset: int
    geometries: tuple[Geometry, ...]
    sidecars: SidecarRule = BESIDE
    tried: Signature | None = None
    alone: bool = False  # no other photo is being decoded
    previews: tuple[int, ...] = ()


def frame(message: Message) -> bytes:
    """Frame the message as it goes over the socket. Raises ProtocolError when it is too long."""
    body = json.dumps(message, separators=(",", ":")).encode("ascii")
    if len(body) > LONGEST_MESSAGE:
        raise ProtocolError(f"a message of {len(body)} bytes")
    return _HEADER.pack(len(body)) + body


def unframe(buffer: bytearray) -> Message | None:
    """Take the first whole message off the buffer; None when there is none yet."""
    if len(buffer) < _HEADER.size:
        return None
    (length,) = _HEADER.unpack_from(buffer)
    if length > LONGEST_MESSAGE:
        raise ProtocolError(f"a message of {length} bytes")
    end = _HEADER.size + length
    if len(buffer) < end:
        return None
    body = bytes(buffer[_HEADER.size : end])
    del buffer[:end]
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("a message that is no JSON") from error
    if not isinstance(message, dict):
        raise ProtocolError("a message that is no object")
    return message


def pixel_bytes(geometries: tuple[Geometry, ...]) -> int:
    """Count the bytes that the inputs of these geometries take in the shared file."""
    return sum(input_bytes(geometry) for geometry in geometries)


def room(geometries: tuple[Geometry, ...], previews: tuple[int, ...]) -> int:
    """Return how many bytes of the shared file a request may take."""
    return pixel_bytes(geometries) + MOST_PREVIEW_BYTES * len(previews)


def input_bytes(geometry: Geometry) -> int:
    """Return how many bytes one input takes."""
    return geometry.crop[0] * geometry.crop[1] * 3


def pack_request(request: Request) -> Message:
    """Pack a request, whose paths need not be UTF-8, as JSON."""
    folder = request.sidecars.folder
    return {
        "path": _packed(request.path),
        "sidecar_folder": None if folder is None else _packed(folder),
        "offset": request.offset,
        "geometries": [
            [geometry.resize, geometry.crop, geometry.interpolation]
            for geometry in request.geometries
        ],
        "tried": None if request.tried is None else astuple(request.tried),
        "alone": request.alone,
        "previews": request.previews,
    }


def unpack_request(message: Message) -> Request:
    """Unpack what `pack_request` packed, for the decoder, which trusts the daemon."""
    geometries = tuple(
        Geometry(resize if isinstance(resize, int) else (resize[0], resize[1]), tuple(crop), how)
        for resize, crop, how in message["geometries"]
    )
    folder = message.get("sidecar_folder")
    sidecars = SidecarRule(folder=None if folder is None else _unpacked(folder))
    tried = None if message.get("tried") is None else Signature(*message["tried"])
    path, offset, alone = _unpacked(message["path"]), message["offset"], bool(message.get("alone"))
    previews = tuple(message.get("previews", ()))
    return Request(path, offset, geometries, sidecars, tried, alone, previews)


def _packed(path: Path) -> str:
    return base64.b64encode(os.fsencode(path)).decode("ascii")


def _unpacked(text: str) -> Path:
    return Path(os.fsdecode(base64.b64decode(text)))


def pack_photo(photo: ReadPhoto, path: Path, sidecars: SidecarRule) -> Message:
    """Pack what is known of a decoded photo, but for its pixels."""
    return {
        "photo_id": photo.photo_id,
        "signature": asdict(photo.signature),
        "facts": asdict(photo.facts),
        "readings": read_back.pack(photo.readings, path, sidecars),
        "former_ids": photo.former_ids,
        "previews": [len(preview) for preview in photo.previews],
    }


def pack_error(error: PhotoError) -> Message:
    """Pack a photo's error, without its path."""
    read = {"signature": error.signature, "shows": error.shows}
    return {"error": error.code, "reason": error.reason, **read}


def unpack_error(message: Message, path: Path) -> PhotoError | None:
    """Unpack the error that a decoder reports, if it reports one. Raises ProtocolError."""
    if "error" not in message:
        return None
    kind = _ERRORS.get(message["error"]) if isinstance(message["error"], str) else None
    if kind is None:
        raise ProtocolError("an error of an unknown kind")
    error = kind(path, _printable(_text(message.get("reason"))))
    if (read := message.get("signature")) is not None:
        error.signature = astuple(_signature(_named(read), least=0))
    error.shows = _photo_ids(message.get("shows", []), most=1 + _MOST_FORMER_IDS)
    return error


def unpack_photo(
    message: Message, path: Path, sidecars: SidecarRule
) -> tuple[str, Signature, PhotoFacts, Readings]:
    """Identity, signature, facts and readings, each checked. Raises ProtocolError."""
    photo_id = _photo_id(message.get("photo_id"))
    signature, facts = _object(message, "signature"), _object(message, "facts")
    try:
        readings = read_back.unpack(_object(message, "readings"), path, sidecars)
    except ValueError as error:
        raise ProtocolError("readings that make no sense") from error
    return photo_id, _signature(signature), _facts(facts), readings


def unpack_former_ids(message: Message) -> tuple[str, ...]:
    """Unpack what earlier versions called the photo. Raises ProtocolError."""
    return _photo_ids(message.get("former_ids"), most=_MOST_FORMER_IDS)


def _photo_ids(found: object, most: int) -> tuple[str, ...]:
    if not isinstance(found, list) or len(found) > most:
        raise ProtocolError("no photo ids, or too many")
    return tuple(_photo_id(photo_id) for photo_id in found)


def unpack_preview_sizes(message: Message, count: int) -> tuple[int, ...]:
    """Unpack how many bytes each of so many previews has. Raises ProtocolError."""
    found = message.get("previews")
    if not isinstance(found, list) or len(found) != count:
        raise ProtocolError("other previews than were asked for")
    sizes = {str(place): size for place, size in enumerate(found)}
    return tuple(_number(sizes, place, 1, MOST_PREVIEW_BYTES) for place in sizes)


def _photo_id(value: object) -> str:
    if not isinstance(value, str) or not _PHOTO_ID.fullmatch(value):
        raise ProtocolError("no photo id")
    return value


def _named(values: object) -> Message:
    names = [field.name for field in fields(Signature)]
    if not isinstance(values, list) or len(values) != len(names):
        raise ProtocolError("no signature")
    return dict(zip(names, values, strict=True))


def _signature(fields: Message, least: int = 1) -> Signature:
    """Return the signature of a file of `least` bytes or more."""
    return Signature(
        size=_number(fields, "size", least, 1 << 62),
        mtime_ns=_number(fields, "mtime_ns", -(1 << 63), (1 << 63) - 1),
        ctime_ns=_number(fields, "ctime_ns", -(1 << 63), (1 << 63) - 1),
        inode=_number(fields, "inode", -(1 << 63), (1 << 63) - 1),
    )


def _facts(fields: Message) -> PhotoFacts:
    name = _text(fields.get("format"))
    if name not in _FORMATS:
        raise ProtocolError("no format")
    return PhotoFacts(
        format=name,
        width=_number(fields, "width", 1, 1 << 31),
        height=_number(fields, "height", 1, 1 << 31),
        orientation=_number(fields, "orientation", 1, 8),
        camera_make=_optional_text(fields, "camera_make"),
        camera_model=_optional_text(fields, "camera_model"),
        taken_at=_optional_text(fields, "taken_at"),
        flaw=_optional_text(fields, "flaw"),
    )


def _object(message: Message, key: str) -> Message:
    value = message.get(key)
    if not isinstance(value, dict):
        raise ProtocolError(f"no {key}")
    return value


def _number(fields: Message, key: str, least: int, most: int) -> int:
    value = fields.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ProtocolError(f"a {key} out of bounds")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise ProtocolError("a text that is none, or too long")
    return value


def _optional_text(fields: Message, key: str) -> str | None:
    return None if fields.get(key) is None else _printable(_text(fields[key]))


def _printable(text: str) -> str:
    """Return a text without control characters and lone surrogates, which no terminal and no
    database wants."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()
