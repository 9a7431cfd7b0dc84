"""The page docs/configuration.md: every key with its default, its unit and its why.

python -m tagd.config.reference > docs/configuration.md
"""

from __future__ import annotations

import sys

from tagd.config.example import as_toml
from tagd.config.keys import SECTIONS, section_of
from tagd.config.section import Unit

HEAD = """\
# Configuration

<!-- Generated from the keys: python -m tagd.config.reference > docs/configuration.md -->

None is needed. `tagd init` writes `~/.config/tagd/config.toml` with every key, its default and a
comment, the same as [config.example.toml](../config.example.toml); `tagd config check` checks it.
Under a Japanese locale it chooses Japanese tag names.

```sh
tagd init
tagd config check
```

tagd uses the first of these files: `--config FILE`, `TAGD_CONFIG`, `~/.config/tagd/config.toml`,
`/etc/tagd/config.toml`. Environment variables override the file: `TAGD_TAGS__LANGUAGE=ja` for
`language` in `[tags]`, lists as JSON. Paths may begin with `~` and contain `$VARIABLES`; relative
ones start at the file's folder. A running tagd takes changes up by `tagd reload`.

The keys that people change first:

```toml
[watch]
folders = ["~/Pictures", "/srv/photos"]
exclude = ["drafts", "*/exports/*.tif"]

[tags]
language = "ja"        # names in the catalogue; search knows every language
min_confidence = 0.5   # fewer tags, surer ones

[model]
name = "efficientnet-lite2"   # always this model; by default tagd chooses
```

More about [rules for tags](tag-rules.md), [which model looks at which photo](policy.md), [tags
inside the photos](metadata.md), [re-tagging](retagging.md), [running as a service](service.md)
and [backups](backups.md).
"""


def text() -> str:
    """Return the whole page: what stands above, and a table a section."""
    return "\n".join([HEAD, *(line for name in SECTIONS for line in _table(name))])


def _table(name: str) -> list[str]:
    section = section_of(name)
    rows = []
    for key, field in section.model_fields.items():
        unit = next((f" {item.name}" for item in field.metadata if isinstance(item, Unit)), "")
        default = f"`{as_toml(field.default)}`{unit}"
        rows.append(f"| `{key}` | {default} | {_cell(str(field.description))} |")
    about = _cell(" ".join((section.__doc__ or "").split()))
    heading = [f"## [{name}]", "", about, "", "| key | default | |", "|---|---|---|"]
    return [*heading, *rows, ""]


def _cell(prose: str) -> str:
    """Return prose as a table's cell: a bar would end it, and a tag would be taken for HTML."""
    return prose.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    sys.stdout.write(text())
