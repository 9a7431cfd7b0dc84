"""Pages of photos with something beside each: self-contained, the photos in it, no script."""

from __future__ import annotations

import base64
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image

from tagd.fs import display

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

STYLE = """
:root { color-scheme: light dark; --line: #8884; --bar: #3b82f6; --quiet: #777; }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; font-weight: 600; }
section { display: grid; grid-template-columns: 320px 1fr; gap: 1.5rem; padding: 1.5rem 0;
  border-top: 1px solid var(--line); break-inside: avoid; }
figure { margin: 0; }
img { max-width: 100%; height: auto; border-radius: 6px; display: block; }
figcaption { color: var(--quiet); font-size: .85rem; overflow-wrap: anywhere; margin-top: .4rem; }
table { border-collapse: collapse; width: 100%; align-self: start; }
th { text-align: left; font-weight: 500; color: var(--quiet); font-size: .85rem; }
th, td { padding: .35rem .75rem .35rem 0; vertical-align: top;
  border-bottom: 1px solid var(--line); }
td:first-child { white-space: nowrap; }
section td:first-child { width: 1%; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.bar { display: block; height: 4px; border-radius: 2px; background: var(--bar); margin-top: .2rem; }
.others { color: var(--quiet); font-size: .85rem; }
ins { color: #16a34a; text-decoration: none; }
del { color: #dc2626; }
section > * { min-width: 0; }
@media (max-width: 48rem) {
  section { grid-template-columns: 1fr; }
  table { display: block; overflow-x: auto; }
}
"""


def counted(photos: int) -> str:
    """Write `1 photo`, `2 photos`."""
    return f"{photos:,} photo{'' if photos == 1 else 's'}"


def document(title: str, parts: Iterable[str], language: str) -> str:
    """Write the page. `language`: of the tags in it, as a sign that Chinese and Japanese share is
    drawn another way in each."""
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
    )


def section(path: Path, picture: bytes | None, beside: str) -> str:
    """Show a photo, as a JPEG, with its path below and what there is to say of it beside."""
    name = escape(display(path))
    shown = f'<img alt="{name}" src="{_data_uri(picture)}">' if picture is not None else ""
    caption = f"<figcaption>{name}</figcaption>"
    return f"<section>\n<figure>{shown}{caption}</figure>\n{beside}\n</section>"


def jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """Pixels as a small JPEG."""
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def _data_uri(picture: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(picture).decode('ascii')}"
