"""The shapes of JSON that tell what long work did: tagged, written, read, compared. Pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tagd.fs import display

if TYPE_CHECKING:
    from tagd.app.retag import Shadow
    from tagd.app.tagging import Summary
    from tagd.app.writeback import Read, WriteResult
    from tagd.lab.shadow import Shadowed


def summary_fields(summary: Summary) -> dict[str, Any]:
    """Describe what tagging once did."""
    return {
        "tagged": summary.tagged,
        "unchanged": summary.unchanged,
        "written": summary.written,
        "left": summary.left,
        "duplicates": summary.duplicates,
        "failed": [{"path": display(path), "reason": reason} for path, reason in summary.failed],
        "seconds": round(summary.seconds, 3),
        "model": summary.model,
        "device": summary.device,
    }


def written_fields(result: WriteResult) -> dict[str, Any]:
    """Describe what was, or would be, written into photos."""
    done = result.done
    return {
        "files": done.files,
        "written": [
            {
                "path": display(report.path),
                "changes": list(report.difference()),
                "left_out": list(report.left_out),
                "set_aside": None if report.aside is None else display(report.aside),
            }
            for report in done.reports
        ],
        "failed": [{"path": display(path), "reason": reason} for path, reason in done.failed],
        "left": done.left,
        "run": result.run,
    }


def read_fields(done: Read) -> dict[str, Any]:
    """Describe what was read out of photos."""
    return {"files": done.files, "changed": done.changed, "run": done.run}


def shadow_fields(shadow: Shadow) -> dict[str, Any]:
    """Describe what another model would change, by tag and by photo."""
    return {
        "models": list(shadow.models),
        "tags": [asdict(change) for change in shadow.tags],
        "photos": [shadowed_fields(photo) for photo in shadow.photos],
    }


def shadowed_fields(photo: Shadowed) -> dict[str, Any]:
    """Describe what another model would change in one photo."""
    return {
        "path": display(photo.path),
        "error": photo.error or None,
        "gained": list(photo.gained),
        "lost": list(photo.lost),
        "kept": list(photo.kept),
    }
