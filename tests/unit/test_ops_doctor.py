"""What `tagd doctor` says of places at which it may not look."""

from __future__ import annotations

import os
from itertools import takewhile
from pathlib import Path

import pytest

from tagd.ops.checks import Finding, Level
from tagd.ops.doctor import Patient, examine

TOO_LONG = "x" * 300  # for a file's name


def findings_of(folder: Path, catalogue: Path) -> list[Finding]:
    """Those of the checks that look at the disk."""
    patient = Patient(
        folders=(folder,),
        admits=lambda _path, _is_folder: True,
        catalogue=catalogue,
        models=(),
        policy=lambda: "",
        device="cpu",
        max_megapixels=100.0,
        decode_timeout_seconds=10.0,
    )
    return list(takewhile(lambda finding: finding.name != "raw", examine(patient)))


def test_what_cannot_be_looked_at_is_a_problem_and_the_checks_go_on(tmp_path: Path) -> None:
    photos, catalogue = tmp_path / TOO_LONG / "photos", tmp_path / TOO_LONG / "catalogue.db"
    found = findings_of(photos, catalogue)
    assert [each.name for each in found if each.level is Level.PROBLEM] == [
        "state folder",
        "catalogue",
        "folder",
    ]
    assert found[-2].what == f"{photos}: File name too long"
    assert found[-1].name == "watches"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look anywhere")
def test_below_a_folder_that_is_closed_to_this_user_rights_are_advised(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    found = findings_of(closed / "photos", closed / "catalogue.db")
    problems = [each for each in found if each.level is Level.PROBLEM]
    assert [each.name for each in problems] == ["state folder", "catalogue", "folder"]
    assert all("rights" in each.advice for each in problems)
