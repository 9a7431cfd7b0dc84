"""What another model would change, as one HTML page: those photos first that change most."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from tagd.lab.page import counted, document, section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tagd.lab.shadow import Shadowed, TagChange


def page(
    models: tuple[str, str],
    shadowed: Sequence[Shadowed],
    changes: Sequence[TagChange],
    language: str,
) -> str:
    """Write the page: how much changes, by photo, then by tag. `language`: of the tags."""
    old, new = map(escape, models)
    most = sorted(shadowed, key=lambda each: -len(each.gained) - len(each.lost))
    changed = sum(bool(each.gained or each.lost) for each in shadowed)
    told = f"<p>The tags of {changed:,} of {counted(len(shadowed))} change.</p>"
    parts = [told, *(_section(each, old, new) for each in most), _table(changes)]
    return document(f"{new} in place of {old}: {counted(len(shadowed))}", parts, language)


def _table(changes: Sequence[TagChange]) -> str:
    rows = "".join(
        f'<tr><td>{escape(each.tag)}</td><td class="n">{each.gained}</td>'
        f'<td class="n">{each.lost}</td><td class="n">{each.kept}</td></tr>\n'
        for each in changes
    )
    counts = "".join(f'<th class="n">{name}</th>' for name in ("gained", "lost", "kept"))
    head = f"<tr><th>tag</th>{counts}</tr>"
    return f"<table>\n{head}\n{rows}</table>"


def _section(one: Shadowed, old: str, new: str) -> str:
    if one.error:
        return section(one.path, one.picture, f"<p>{escape(one.error)}</p>")
    before = ", ".join(
        f"<del>{escape(tag)}</del>" * (tag in one.lost) or escape(tag) for tag in one.old
    )
    after = ", ".join(
        f"<ins>{escape(tag)}</ins>" * (tag in one.gained) or escape(tag) for tag in one.new
    )
    rows = (
        f"<tr><td>{old}</td><td>{before or 'no tags'}</td></tr>\n"
        f"<tr><td>{new}</td><td>{after or 'no tags'}</td></tr>\n"
    )
    return section(one.path, one.picture, f"<table>\n{rows}</table>")
