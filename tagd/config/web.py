"""The keys of `[web]`: the pages in the browser, and the HTTP API."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from tagd.config.section import OptionalPath, Section, Unit, as_tuple


def _address(text: str) -> str:
    if text == "off":  # as a variable can say it: an empty one counts as not set
        return ""
    host, _, port = text.rpartition(":")
    if text and not (host and port.isdecimal() and int(port) < 1 << 16):
        raise ValueError("must be an address and a port, such as 127.0.0.1:9470")
    if text and host != "localhost":
        try:
            ip_address(host.strip("[]"))
        except ValueError:
            raise ValueError("must begin with an IP address, such as 127.0.0.1") from None
    return text


class Web(Section):
    """Pages to look at photos and to correct their tags, and an HTTP API: `tagd web open` prints a
    link to them. Nobody else comes in.
    """

    listen: Annotated[str, AfterValidator(_address)] = Field(
        default="127.0.0.1:9470",
        description="Where `tagd run` serves them. Any other address than this machine's own needs"
        " `tagd web password` first. Empty or 'off': nowhere.",
    )
    hosts: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(as_tuple)] = (
        Field(
            default=(),
            description="Further names that browsers reach it by, such as ['nas.local'], behind a"
            " proxy or in a container.",
        )
    )
    password_file: OptionalPath = Field(
        default=None,
        description="A file whose first line is the password, in the place of `tagd web password`.",
    )
    cache_megabytes: Annotated[int, Unit("MB")] = Field(
        default=1000,
        ge=10,
        description="How much small pictures may take in $XDG_CACHE_HOME/tagd/previews; a photo"
        " takes some 30 kB on a page, and 400 kB once it was opened.",
    )

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port, None for nowhere."""
        host, _, port = self.listen.rpartition(":")
        return (host.strip("[]"), int(port)) if self.listen else None
