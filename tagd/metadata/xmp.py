"""XMP packets: read, joined with tagd's tags, and written again.

Only the three keyword fields and tagd's own provenance are ever touched. All else, with its order,
its name-space prefixes and its white space, stays. Source: ISO 16684-1.

What is read comes from anywhere: no entity is resolved, nothing is fetched, and what is not sound
is refused, since what cannot be read cannot be rewritten without loss.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lxml import etree

from tagd import __version__
from tagd.metadata.keywords import IN_XMP, Field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tagd.metadata.keywords import Keywords

NAMESPACES: Final = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "MicrosoftPhoto": "http://ns.microsoft.com/photo/1.0/",
    "Microsoft": "http://ns.microsoft.com/photo/1.0",  # as Windows Photo Gallery spelled it
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "tagd": "urn:tagd:xmp:1.0/",
}
_CONTAINERS: Final = {Field.SUBJECT: "Bag", Field.HIERARCHY: "Bag", Field.TAGS_LIST: "Seq"}
PROVENANCE: Final = "tagd:Provenance"
PHOTO_ID: Final = "tagd:PhotoID"  # of a sidecar: the content that it was written for
SIDECAR_FOR: Final = "photoshop:SidecarForExtension"  # of `photo.xmp`: the rest of the name
COPIES: Final = "tagd:Copies"
_LAST_KEYWORDS: Final = "MicrosoftPhoto:LastKeywordXMP"
_MOST_DESCRIPTIONS: Final = 10_000  # honest packets have one for each name space
_PADDING: Final = 2048  # bytes of room, so that other programs need not move the file's data
_ROOT: Final = re.compile(rb"<((?:[A-Za-z_][\w.-]*:)?(?:xmpmeta|xapmeta|RDF))(?=[\s>/])")
# Where it stands, a declaration of XML comes first; one that is longer is none.
_ENCODING: Final = re.compile(
    rb"""(?:\xef\xbb\xbf)?\s{0,64}<\?xml[^>]{1,128}?encoding\s{0,8}=\s{0,8}["'](?!utf-?8["'])""",
    re.IGNORECASE,
)
_DECLARATION: Final = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
MOST_BYTES: Final = 16 << 20  # of a packet or a sidecar; honest ones have some thousands
TOO_LARGE: Final = "its XMP is larger than any honest one"
_EMPTY: Final = f"""\
<x:xmpmeta xmlns:x="{NAMESPACES["x"]}" x:xmptk="tagd {__version__}">
 <rdf:RDF xmlns:rdf="{NAMESPACES["rdf"]}">
  <rdf:Description rdf:about=""/>
 </rdf:RDF>
</x:xmpmeta>"""
_BEGIN: Final = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
_END: Final = '\n<?xpacket end="w"?>'


class MalformedPacket(ValueError):
    """What is there is no sound XMP packet."""


@dataclass(slots=True)
class Packet:
    """A packet taken apart: what surrounds the root element is kept as it is. Of one that was
    mended to be read something may be missing."""

    head: bytes
    root: etree._Element
    tail: bytes
    line_end: str
    is_mended: bool = False

    def to_bytes(self) -> bytes:
        """Put the packet together again."""
        text = etree.tostring(self.root, encoding="unicode")
        return self.head + text.replace("\n", self.line_end).encode() + self.tail


def new_packet(*, padded: bool) -> Packet:
    """Make a packet that says nothing yet; `padded` for embedding."""
    room = ("\n" + " " * 63) * (_PADDING // 64) if padded else ""
    return parse((_BEGIN + _EMPTY + room + _END).encode())


def parse(data: bytes) -> Packet:
    """Parse a packet, or a sidecar, into an element and what surrounds it. Raises
    MalformedPacket."""
    if len(data) > MOST_BYTES:
        raise MalformedPacket(TOO_LARGE)
    start, end = _span(data)
    if end is None:
        raise MalformedPacket("its XMP ends too early")
    head, body, tail = data[:start], data[start:end], data[end:]
    if _DECLARATION.search(data) or _ENCODING.match(head):
        raise MalformedPacket("its XMP declares entities or an encoding other than UTF-8")
    line_end = "\r\n" if body.count(b"\r\n") == body.count(b"\n") > 0 else "\n"
    packet = Packet(head, element(body), tail, line_end)
    if len(rdfs(packet)) != 1:
        raise MalformedPacket("its XMP has no RDF, or more than one")
    if len(_descriptions(packet)) > _MOST_DESCRIPTIONS:
        raise MalformedPacket(f"its XMP has more than {_MOST_DESCRIPTIONS:,} descriptions")
    return packet


def body_of(data: bytes) -> bytes:
    """Return the root element, up to where its last end is, if anywhere. Raises MalformedPacket."""
    start, end = _span(data)
    return data[start:end]


def _span(data: bytes) -> tuple[int, int | None]:
    """Find where the root element begins, and where it ends last."""
    start = _ROOT.search(data)
    if start is None:
        raise MalformedPacket("there is no XMP in it")
    closing = re.compile(rb"</" + re.escape(start[1]) + rb"\s*>")
    ends = [match.end() for match in closing.finditer(data, start.end())]
    return start.start(), ends[-1] if ends else None


def element(body: bytes, *, mended: bool = False) -> etree._Element:
    """Return the root element; what is no sound XML as well as it can be `mended`, for reading
    only. Raises MalformedPacket."""
    # A parser each: lxml's are not to be shared between threads.
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        strip_cdata=False,
        recover=mended,
    )
    try:
        root: etree._Element | None = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise MalformedPacket(f"its XMP is no sound XML ({error})") from error
    if root is None:
        raise MalformedPacket("its XMP is no XML")
    return root


def keywords(packet: Packet) -> dict[Field, tuple[str, ...]]:
    """Return what the keyword fields hold, in their order."""
    descriptions = _descriptions(packet)
    return {field: tuple(_values(descriptions, field)) for field in IN_XMP}


def microsofts(packet: Packet) -> tuple[str, ...]:
    """Return the keywords of Windows Photo Gallery, spelled as digiKam's."""
    return tuple(_values(_descriptions(packet), _LAST_KEYWORDS))


def texts(packet: Packet) -> dict[str, str]:
    """Return what the simple properties say, by their qualified names; of equal ones the first
    counts."""
    said: dict[str, str] = {}
    for description in _descriptions(packet):
        for name, value in description.attrib.items():
            said.setdefault(str(name), str(value))
        for child in description:
            if len(child) == 0:
                said.setdefault(str(child.tag), child.text or "")
    return said


def set_keywords(packet: Packet, values: Keywords) -> None:
    """Make these fields hold these values. The elements of values that stay are left alone."""
    for field, wanted in values.items():
        _set(packet, field, wanted)


def set_text(packet: Packet, name: str, value: str | None) -> None:
    """Let a simple property say this; None takes it out."""
    if texts(packet).get(qualified(name)) == value:
        return
    for description in _descriptions(packet):
        if qualified(name) in description.attrib:
            del description.attrib[qualified(name)]
    for element in list(_properties(packet, name)):
        _remove(element)
    if value is not None:
        _new_element(packet, name).text = value


def set_structures(packet: Packet, name: str, told: Iterable[Mapping[str, str]]) -> None:
    """Make this a list of these structures of tagd's, whose fields are all simple; nothing to say
    leaves none. Source of the form: ISO 16684-1, 7.9.2.4."""
    for element in list(_properties(packet, name)):
        for container in element:  # first: lxml looks at all of what it moves for each item
            del container[:]
        _remove(element)
    bag: etree._Element | None = None
    for fields in told:
        bag = _new_property(packet, name, "Bag") if bag is None else bag
        item = etree.Element(qualified("rdf:li"))
        for field, value in fields.items():
            item.set(qualified(f"tagd:{field}"), value)
        _append(bag, item)


def structures(packet: Packet, name: str) -> Iterator[dict[str, str]]:
    """Yield what the structures in a list of tagd's say. Their fields may be attributes or
    elements: programs that rewrite XMP choose."""
    own = qualified("tagd:")
    for element in _properties(packet, name):
        container = _container(element)
        for item in () if container is None else container.findall(qualified("rdf:li")):
            parts = list(item.iter())
            said = {str(k): str(v) for part in parts for k, v in part.attrib.items()}
            leaves = (part for part in parts if not _has_children(part))
            said |= {str(leaf.tag): leaf.text or "" for leaf in leaves}
            yield {k.removeprefix(own): v for k, v in said.items() if k.startswith(own)}


def _has_children(element: etree._Element) -> bool:
    """Return whether there are any; to count them takes as long as there are many."""
    return next(element.iterchildren(), None) is not None


def _items(element: etree._Element) -> Iterator[etree._Element]:
    return element.iter(qualified("rdf:li"))


def is_of_tagd(packet: Packet) -> bool:
    """Return whether tagd made the packet. Who rewrites one puts a name of their own there."""
    return packet.root.get(qualified("x:xmptk"), "").startswith("tagd ")


def says_only_keywords(packet: Packet) -> bool:
    """Return whether it says nothing but keywords, if anything."""
    own = (PROVENANCE, COPIES, PHOTO_ID, SIDECAR_FOR, "rdf:about")
    known = {qualified(name) for name in (*IN_XMP, *own)}
    return all(
        {*map(str, description.attrib), *(child.tag for child in description)} <= known
        for description in _descriptions(packet)
    )


def is_tagds_alone(packet: Packet) -> bool:
    """Return whether tagd made it, and it says nothing of anybody else's but keywords."""
    return is_of_tagd(packet) and says_only_keywords(packet)


def qualified(name: str) -> str:
    """Write a name such as `xmp:Rating` as XML has it, `{http://…}Rating`."""
    prefix, _, local = name.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


def rdfs(packet: Packet) -> list[etree._Element]:
    """Return the elements that hold all that is said; a sound packet has one."""
    return list(packet.root.iter(qualified("rdf:RDF")))


def _descriptions(packet: Packet) -> list[etree._Element]:
    return [
        description
        for rdf in rdfs(packet)
        for description in rdf.findall(qualified("rdf:Description"))
    ]


def _properties(packet: Packet, name: str) -> Iterator[etree._Element]:
    element = qualified(name)
    for description in _descriptions(packet):
        yield from description.findall(element)


def _values(descriptions: Sequence[etree._Element], field: str) -> Iterator[str]:
    name = qualified(field)
    yield from (
        str(description.get(name)) for description in descriptions if name in description.attrib
    )
    for element in (child for description in descriptions for child in description.iterfind(name)):
        items = list(_items(element))
        yield from (_text(item) for item in items)
        if not items and not _has_children(element) and (element.text or "").strip():
            yield _text(element)


def _text(item: etree._Element) -> str:
    valued = item.find(qualified("rdf:value"))
    source = item if valued is None else valued
    return (source.text or "").strip()


def _set(packet: Packet, field: Field, wanted: Sequence[str]) -> None:
    if tuple(_values(_descriptions(packet), field)) == tuple(wanted):
        return
    found = list(_properties(packet, field))
    simple = [
        description
        for description in _descriptions(packet)
        if qualified(field) in description.attrib
    ]
    if len(found) + len(simple) > 1:
        raise MalformedPacket(f"its XMP says {field} twice")
    for description in simple:
        del description.attrib[qualified(field)]
    container = _container(found[0]) if found else None
    if container is None:
        for element in found:  # a bare text in place of a list
            _remove(element)
        container = _new_property(packet, field, _CONTAINERS[field])
    _set_items(container, wanted)
    if not wanted:
        owner = container.getparent()
        assert owner is not None
        _remove(owner)


def _container(element: etree._Element) -> etree._Element | None:
    """Return the Bag, Seq or Alt of a property, as it was found."""
    kinds = {qualified(f"rdf:{kind}") for kind in ("Bag", "Seq", "Alt")}
    return next((child for child in element if child.tag in kinds), None)


def _set_items(container: etree._Element, wanted: Sequence[str]) -> None:
    waiting = deque(wanted)
    for item in container.findall(qualified("rdf:li")):
        if waiting and _text(item) == waiting[0]:
            waiting.popleft()
        else:
            _remove(item)
    for value in waiting:
        item = etree.Element(qualified("rdf:li"))
        item.text = value
        _append(container, item)


def _new_property(packet: Packet, name: str, container: str) -> etree._Element:
    """Add an empty list as a property of its own."""
    bag = etree.Element(qualified(f"rdf:{container}"))
    _append(_new_element(packet, name), bag)
    return bag


def _new_element(packet: Packet, name: str) -> etree._Element:
    """Add a property of its own, in the last description of the first subject."""
    descriptions = _descriptions(packet)
    about = qualified("rdf:about")
    same = [
        description
        for description in descriptions
        if description.get(about) == descriptions[0].get(about)
    ]
    if not same:
        rdf = next(packet.root.iter(qualified("rdf:RDF")))
        same = [etree.Element(qualified("rdf:Description"), {about: ""})]
        _append(rdf, same[0])
    prefix = name.partition(":")[0]
    element = etree.Element(qualified(name), nsmap={prefix: NAMESPACES[prefix]})
    _append(same[-1], element)
    return element


def _append(parent: etree._Element, child: etree._Element) -> None:
    """Add a child, with the white space that its siblings have."""
    last = next(parent.iterchildren(reversed=True), None)
    if last is not None:
        child.tail, last.tail = last.tail, parent.text
    else:
        outer = "\n" + " " * sum(1 for _ in parent.iterancestors())
        parent.text, child.tail = outer + " ", outer
    parent.append(child)


def _remove(child: etree._Element) -> None:
    """Take a child out, and the white space that came with it."""
    parent, before = child.getparent(), child.getprevious()
    assert parent is not None
    if child.getnext() is None:
        if before is not None:
            before.tail = child.tail
        else:
            parent.text = None
    parent.remove(child)
