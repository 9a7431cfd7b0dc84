"""A comparison as one HTML page: self-contained, the photos in it, no script."""

from __future__ import annotations

import base64
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image

from tagd.fs import display

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tagd.lab.compare import Compared, Opinion

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --bar: #3b82f6; --quiet: #777; }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; font-weight: 600; }
section { display: grid; grid-template-columns: 320px 1fr; gap: 1.5rem; padding: 1.5rem 0;
  border-top: 1px solid var(--line); break-inside: avoid; }
figure { margin: 0; }
img { width: 100%; height: auto; border-radius: 6px; display: block; }
figcaption { color: var(--quiet); font-size: .85rem; overflow-wrap: anywhere; margin-top: .4rem; }
table { border-collapse: collapse; width: 100%; align-self: start; }
th { text-align: left; font-weight: 500; color: var(--quiet); font-size: .85rem; }
th, td { padding: .35rem .75rem .35rem 0; vertical-align: top;
  border-bottom: 1px solid var(--line); }
td:first-child { white-space: nowrap; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.bar { display: block; height: 4px; border-radius: 2px; background: var(--bar); margin-top: .2rem; }
.others { color: var(--quiet); font-size: .85rem; }
@media (max-width: 48rem) { section { grid-template-columns: 1fr; } }
"""


def page(compared: Sequence[Compared], name_of: Callable[[str], str]) -> str:
    """The page. `name_of` gives a label's display name."""
    models = len(compared[0].opinions) if compared else 0
    title = f"{len(compared)} photos, {models} models"
    body = "\n".join(_section(each, name_of) for each in compared)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
    )


def _section(one: Compared, name_of: Callable[[str], str]) -> str:
    name = escape(display(one.path))
    picture = (
        f'<img alt="{name}" src="{_data_uri(one.thumbnail)}">' if one.thumbnail is not None else ""
    )
    said = (
        _table(one.opinions, name_of)
        if one.opinions
        else f"<p>{escape(one.error) or 'no model'}</p>"
    )
    caption = f"<figcaption>{name}</figcaption>"
    return f"<section>\n<figure>{picture}{caption}</figure>\n{said}\n</section>"


def _table(opinions: Sequence[Opinion], name_of: Callable[[str], str]) -> str:
    head = (
        '<tr><th>model</th><th>class</th><th class="n">confidence</th>'
        '<th class="n">parameters</th><th class="n">time</th></tr>'
    )
    return f"<table>\n{head}\n{''.join(_row(each, name_of) for each in opinions)}</table>"


def _row(one: Opinion, name_of: Callable[[str], str]) -> str:
    (label, best), *others = one.guesses
    also = ", ".join(f"{escape(name_of(each))} {p:.0%}" for each, p in others if p >= 0.01)
    return (
        f"<tr><td>{escape(one.model)}</td>"
        f"<td>{escape(name_of(label))}"
        f'<span class="bar" style="width: {best:.1%}"></span>'
        f'<span class="others">{also}</span></td>'
        f'<td class="n">{best:.1%}</td><td class="n">{one.parameters_m:.1f} M</td>'
        f'<td class="n">{one.milliseconds:.1f} ms</td></tr>\n'
    )


def _data_uri(pixels: NDArray[np.uint8]) -> str:
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
