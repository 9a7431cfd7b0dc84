"""The sensor data of a Fujifilm RAF. Source: its header as LibRaw and ExifTool read it."""

from __future__ import annotations

from typing import Final

from tagd.containers.segments import DamagedContainer

_CAMERA: Final = (28, 60)  # the camera's name
_SENSOR: Final = 0x5C  # where its header and its data are, and how long: four numbers


def payload(data: bytes) -> list[tuple[int, int]]:
    """Return the sensor's header and data. The JPEG beside them holds the metadata, and is left
    out."""
    places = [int.from_bytes(data[at : at + 4], "big") for at in range(_SENSOR, _SENSOR + 16, 4)]
    header_at, header_size, at, size = places
    spans = [(header_at, header_at + header_size), (at, at + size)]
    if size == 0 or any(end > len(data) for _, end in spans):
        raise DamagedContainer("a RAF whose sensor data lies outside of the file")
    return [_CAMERA, *spans]
