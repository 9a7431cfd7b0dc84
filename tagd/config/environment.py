"""TAGD_SECTION__KEY variables, through pydantic-settings.

In a module of its own because importing that library takes 0.1 s, a fifth of what `tagd search`
has: it is imported only where such a variable is set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pydantic_settings import EnvSettingsSource

from tagd.config.keys import Config

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo


class _Variables(EnvSettingsSource):
    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        super().__init__(
            cast("Any", Config),  # any pydantic model serves
            case_sensitive=False,
            env_prefix="TAGD_",
            env_nested_delimiter="__",
        )

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self._variables.items()}

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """Read a list written as JSON. What is none stays text, for validation to name the key."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


def read(variables: Mapping[str, str]) -> dict[str, Any]:
    """Nested tables, not validated yet, from variables such as `TAGD_TAGS__TOP_K`."""
    return _Variables(variables)()
