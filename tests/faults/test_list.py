"""The list of faults tells the truth."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tests.faults

TESTS = Path(__file__).parents[1]
LISTED = re.findall(r"  (\S+\.py)::(test_\w+)$", str(tests.faults.__doc__), re.MULTILINE)


@pytest.mark.parametrize(("file", "test"), LISTED, ids=[test for _, test in LISTED])
def test_each_listed_test_exists(file: str, test: str) -> None:
    assert f"\ndef {test}(" in (TESTS / file).read_text(encoding="utf-8")


def test_every_test_of_a_fault_here_is_listed() -> None:
    here = {
        test
        for path in Path(__file__).parent.glob("test_*.py")
        if path != Path(__file__)
        for test in re.findall(r"^def (test_\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert here <= {test for _, test in LISTED}
    assert len(LISTED) == str(tests.faults.__doc__).count("::")
