"""Sidecars in a folder of their own, which mirrors the tree of the photos.

The mirror of each watched folder is watched and scanned as that folder is, and leaves out the same;
but nothing in it is a photo.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tagd.intake.submit import SidecarChanged
from tagd.metadata.sidecar import BESIDE, SidecarRule

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tagd.domain import Signature
    from tagd.intake.exclude import Excludes


@dataclass(frozen=True, slots=True)
class Mirror:
    """`roots` mirror watched folders; those that a watched folder covers anyway are not among
    them. There are none where sidecars lie beside the photos."""

    rule: SidecarRule = BESIDE
    roots: tuple[Path, ...] = ()

    @classmethod
    def of(cls, rule: SidecarRule, folders: Iterable[Path], excludes: Excludes) -> Mirror:
        """Return the mirrors of these watched folders."""
        watched = tuple(folders)
        roots = dict.fromkeys(map(rule.mirror_of, watched))
        covered = {
            root for root in roots if any(excludes.reach(folder, root) for folder in watched)
        }
        return cls(rule, tuple(root for root in roots if root not in covered))

    def holds(self, path: Path) -> bool:
        """Return whether the path lies in a mirror, where nothing is a photo."""
        return any(path.is_relative_to(root) for root in self.roots)

    def is_bare(self, root: Path, error: OSError) -> bool:
        """Return whether this mirror cannot be had just because no sidecar was written there
        yet."""
        folder = self.rule.folder
        is_absent = isinstance(error, FileNotFoundError) and root in self.roots
        return is_absent and folder is not None and folder.is_dir()

    def changed(self, path: Path, signature: Signature) -> SidecarChanged:
        """Note that a sidecar, there or beside its photo, is another."""
        return SidecarChanged(path, signature, self.rule.beside(path))


NO_MIRROR: Final = Mirror()
