"""Which folders wait to be scanned."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tagd.domain import Priority
from tagd.intake.requests import ScanRequests
from tagd.intake.scan_parts import ScanRequest

P, A, B = Path("/p"), Path("/p/a"), Path("/p/a/b")
PRIVATE = Path("/p/.private")


def test_a_request_waits_for_its_time() -> None:
    requests = ScanRequests()
    requests.add(P, P, Priority.RESCAN, 5.0)
    assert requests.take(4.9) == []
    assert requests.next_due() == 5.0
    assert requests.take(5.0) == [ScanRequest(P, P, Priority.RESCAN)]
    assert len(requests) == 0
    assert requests.next_due() is None


def test_asked_again_it_is_the_earlier_and_more_urgent() -> None:
    requests = ScanRequests()
    requests.add(P, P, Priority.NEW, 9.0)
    requests.add(P, P, Priority.RESCAN, 2.0)
    assert requests.take(2.0) == [ScanRequest(P, P, Priority.NEW)]


def test_a_folder_goes_with_the_one_around_it_even_before_its_time() -> None:
    requests = ScanRequests()
    requests.add(B, P, Priority.NEW, 1.0)
    requests.add(Path("/p/ab"), P, Priority.RESCAN, 1.0)
    requests.add(A, P, Priority.RESCAN, 0.0)
    assert requests.take(0.5) == [ScanRequest(A, P, Priority.RESCAN)]
    assert requests.take(1.5) == [ScanRequest(Path("/p/ab"), P, Priority.RESCAN)]


def test_a_watched_folder_inside_another_is_not_covered_by_it() -> None:
    requests = ScanRequests()
    requests.add(P, P, Priority.RESCAN, 0.0)
    requests.add(PRIVATE, PRIVATE, Priority.RESCAN, 0.0)
    assert {request.top for request in requests.take(0.0)} == {P, PRIVATE}


FOLDERS = st.lists(st.sampled_from("abc"), max_size=4).map(lambda parts: Path("/p", *parts))


@given(st.lists(st.tuples(FOLDERS, st.floats(0, 10)), max_size=30), st.floats(0, 10))
def test_what_is_taken_is_disjoint_and_nothing_is_lost(
    asked: list[tuple[Path, float]], now: float
) -> None:
    requests = ScanRequests()
    for folder, when in asked:
        requests.add(folder, P, Priority.RESCAN, when)
    first, later = requests.take(now), requests.take(10.0)
    for taken in (first, later):
        tops = [request.top for request in taken]
        assert not any(a != b and a.is_relative_to(b) for a in tops for b in tops)
    for folder, when in asked:
        due = first if when <= now else [*first, *later]
        assert any(folder.is_relative_to(request.top) for request in due)
