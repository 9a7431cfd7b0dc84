"""How quickly a large catalogue tells which tags are stale, after models or rules have changed.

    python -m benchmarks.retag [--photos 1000000]

The photos, their files and their taggings are made by SQL, without predictions, which nothing of
this reads. No photo is read, and no model asked.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import report
from tagd.catalogue.db.engine import Catalogue, open_owner
from tagd.catalogue.plans import plans, stale
from tagd.catalogue.reports import overview
from tagd.domain import Priority, Want
from tagd.policy.lasting import Lasting
from tagd.policy.preferences import Preferences, Rule
from tagd.revise.plan import plan
from tagd.revise.staleness import Standard, refresh
from tests.policy import machine

OLD, NEW = Preferences(model="resnet-50"), Preferences(model="convnext-tiny")
RULES = Preferences(
    model=None,
    rules=(
        Rule("sport", path="**/sport/*", models=("resnet-18",)),
        Rule("cameras", camera="canon*", models=("convnext-base",)),
    ),
)
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"


def standard(wanted: Preferences) -> Standard:
    there = machine(whole_mb=16_000)
    return Standard(Lasting(wanted, there), there)


def make(catalogue: Catalogue, count: int) -> None:
    """So many photos, a file of each in one of 200 folders, all tagged by the old model."""
    with catalogue.write() as tx:
        tx.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        asked = standard(OLD).want_of(standard(OLD).lasting.choice_for_all())
        [want] = plans.want_ids(tx, [Want(asked.key, asked.models)]).values()
        tx.exec_driver_sql(
            "INSERT INTO model (id, name, fingerprint, first_used_at) VALUES (1, 'a', 'f', 0)"
        )
        tx.exec_driver_sql(
            "INSERT INTO photo (id, content_hash, format, width, height, orientation,"
            f" camera_make) {NUMBERS}"
            f" SELECT i, printf('%032x', i * 2654435761 % 4294967296), 'JPEG', 4000, 3000, 1,"
            " iif(i % 3, 'Canon', 'Nikon') FROM n",
            (count,),
        )
        tx.exec_driver_sql(
            "INSERT INTO photo_tagger (photo_id, tagger_id, tagging_id, applied_id)"
            f" {NUMBERS} SELECT i, 1, i, {want} FROM n",
            (count,),
        )
        tx.exec_driver_sql(
            "INSERT INTO tagging (id, photo_id, model_id, reason, orientation, tagged_at, want_id)"
            f" {NUMBERS} SELECT i, i, 1, 'made', 1, i, {want} FROM n",
            (count,),
        )
        tx.exec_driver_sql(
            "INSERT INTO file (path_key, path, photo_id, state, state_since, size, mtime_ns,"
            f" ctime_ns, inode, seen_at) {NUMBERS} SELECT"
            " CAST(printf('/p/%d/%s/%d.jpg', i % 200, iif(i % 5, 'a', 'sport'), i) AS BLOB),"
            " printf('/p/%d/%s/%d.jpg', i % 200, iif(i % 5, 'a', 'sport'), i),"
            " i, 'tagged', 0, 1, 1, 1, i, 0 FROM n",
            (count,),
        )


def took(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return round(time.perf_counter() - began, 3)


def max_mib() -> int:
    """The most memory that this process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def ask(catalogue: Catalogue) -> int:
    """How many photos are stale, as `tagd status` and the plan ask it."""
    with catalogue.read() as tx:
        return sum(gap.photos for gap in stale.gaps(tx))


def queue_some(catalogue: Catalogue) -> int:
    """A slice into the queue, and out again."""
    ready = [
        standard(wanted).want_of(standard(wanted).lasting.choice_for_all()).key for wanted in (NEW,)
    ]
    with catalogue.write() as tx:
        fed = stale.feed(tx, Priority.RETAG, 100, ready, 0.0)
        stale.withdraw(tx, Priority.RETAG)
    return fed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=1_000_000)
    count = parser.parse_args().photos
    root = Path(tempfile.mkdtemp(prefix="tagd-retag-"))
    figures: dict[str, object] = {"photos": count}
    try:
        with open_owner(root / "catalogue.db", "benchmark") as catalogue:
            make(catalogue, count)
            figures["first_check_seconds"] = took(lambda: refresh(catalogue, standard(OLD)))
            assert ask(catalogue) == 0
            figures["asked_none_stale_seconds"] = took(lambda: ask(catalogue))
            figures["check_with_nothing_changed_seconds"] = took(
                lambda: refresh(catalogue, standard(OLD))
            )
            figures["plan_beforehand_seconds"] = took(lambda: plan(catalogue, standard(NEW)))
            before = max_mib()
            figures["plan_beforehand_by_rules_seconds"] = took(
                lambda: plan(catalogue, standard(RULES))
            )
            figures["plan_beforehand_by_rules_mib_more"] = max_mib() - before
            figures["check_after_another_model_seconds"] = took(
                lambda: refresh(catalogue, standard(NEW))
            )
            assert ask(catalogue) == count
            figures["asked_all_stale_seconds"] = took(lambda: ask(catalogue))
            figures["status_seconds"] = took(lambda: status(catalogue))
            assert queue_some(catalogue) == 100
            figures["hundred_queued_and_withdrawn_seconds"] = took(lambda: queue_some(catalogue))
            figures["check_after_rules_seconds"] = took(lambda: refresh(catalogue, standard(RULES)))
            figures["asked_after_rules_seconds"] = took(lambda: ask(catalogue))
            figures["stale_after_rules"] = ask(catalogue)
            figures["all_cancelled_seconds"] = took(lambda: cancel(catalogue))
    finally:
        shutil.rmtree(root)
    report.keep("retag", figures, f"which of {count} photos' tags are stale")


def status(catalogue: Catalogue) -> None:
    with catalogue.read() as tx:
        overview.status(tx, 0.0)


def cancel(catalogue: Catalogue) -> None:
    with catalogue.write() as tx:
        stale.cancel(tx)


if __name__ == "__main__":
    main()
