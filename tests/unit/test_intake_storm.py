"""Names that change again and again are looked at once."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tagd.domain import EventKind, PathEvent
from tagd.intake.storm import MOST_RENAMES, calmed

A, B = Path("/p/a"), Path("/p/b")
PHOTO = PathEvent(EventKind.WRITTEN, Path("/p/photo.jpg"))
PATHS = st.sampled_from([A, B, PHOTO.path])
EVENTS = st.lists(
    st.builds(
        lambda kind, path, to, is_folder: PathEvent(
            kind, path, to if kind is EventKind.MOVED else None, is_folder
        ),
        st.sampled_from(EventKind),
        PATHS,
        PATHS,
        st.booleans(),
    ),
    max_size=60,
)


def test_an_exchange_in_a_loop_is_looked_at_once_and_hides_nothing_else() -> None:
    moves = [
        PathEvent(EventKind.MOVED, A, B, is_folder=True),
        PathEvent(EventKind.MOVED, B, A, is_folder=True),
    ]
    events, is_storm = calmed([*moves * 200, PHOTO, *moves * 200])
    assert is_storm
    assert events == [
        PHOTO,
        PathEvent(EventKind.GONE, A, is_folder=True),
        PathEvent(EventKind.ARRIVED, A, is_folder=True),
        PathEvent(EventKind.GONE, B, is_folder=True),
        PathEvent(EventKind.ARRIVED, B, is_folder=True),
    ]


def test_what_people_and_programs_do_stays_as_it_is() -> None:
    events = [PathEvent(EventKind.MOVED, Path(f"/p/{n}"), Path(f"/p/{n + 1}")) for n in range(500)]
    assert calmed(events) == (events, False)
    assert calmed([PHOTO] * 500) == ([PHOTO] * 500, False)


@given(EVENTS)
def test_every_name_is_told_of_and_none_too_often(events: list[PathEvent]) -> None:
    told, is_storm = calmed(events)
    assert is_storm or told == events

    def names(some: list[PathEvent]) -> set[Path]:
        return {path for event in some for path in (event.path, event.destination) if path}

    assert names(told) == names(events)
    writes = [e for e in events if e.kind in {EventKind.WRITTEN, EventKind.CHANGED}]
    assert [e for e in told if e.kind in {EventKind.WRITTEN, EventKind.CHANGED}] == writes
    assert len([e for e in told if e.path == A]) <= len(writes) + 2 * MOST_RENAMES + 4
