"""A comparison as one HTML page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from tagd.lab.page import counted, document, jpeg, section

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tagd.lab.compare import Compared, Opinion


def page(compared: Sequence[Compared], name_of: Callable[[str], str], language: str) -> str:
    """Write the page. `name_of` gives a label's display name, which is in this language."""
    models = dict.fromkeys(said.model for each in compared for said in each.opinions)
    title = f"{counted(len(compared))}: {escape(', '.join(models) or 'no model')}"
    return document(title, (_section(each, name_of) for each in compared), language)


def _section(one: Compared, name_of: Callable[[str], str]) -> str:
    said = (
        _table(one.opinions, name_of)
        if one.opinions
        else f"<p>{escape(one.error) or 'no model'}</p>"
    )
    picture = None if one.thumbnail is None else jpeg(one.thumbnail)
    return section(one.path, picture, said)


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
