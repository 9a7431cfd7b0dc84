"""The catalogue's tables. What programs outside may rely on are the views, in `views.py`.

Times that programs compare are REAL seconds since 1970 (UTC), file times INTEGER nanoseconds as
`os.stat` gives them. Paths are keyed by their bytes, since a name need not be UTF-8, and shown as
text with what is not UTF-8 escaped. Migrations are written by hand from this file; a test holds the
two equal.
"""

from __future__ import annotations

from sqlalchemy import (
    REAL,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from tagd.catalogue.db.schema_base import metadata, one_of
from tagd.catalogue.db.schema_kept import found, tag_count, untagged
from tagd.catalogue.db.schema_learned import head, personal, suggestion
from tagd.catalogue.db.schema_written import NOTHING_OURS, inscription, intent, revision
from tagd.domain import FileState, JobKind, JobState, TagSource, TagState

__all__ = [
    "CLASSIFIER_ID",
    "NOTHING_OURS",
    "NO_TAGGER",
    "STALE",
    "UNEMBEDDED",
    "UNPLANNED",
    "beside",
    "embedding",
    "fact",
    "file",
    "found",
    "head",
    "history",
    "inscription",
    "intent",
    "job",
    "label",
    "metadata",
    "model",
    "one_of",
    "personal",
    "photo",
    "photo_tagger",
    "prediction",
    "revision",
    "root",
    "run",
    "said",
    "speed",
    "suggestion",
    "tag",
    "tag_count",
    "tagger",
    "tagging",
    "untagged",
    "want",
]

# Conditions as they stand in partial indexes, which serve no query that says them otherwise.
CLASSIFIER_ID = 1  # the row of `tagger` that the migration makes; other taggers come as they look
# A photo that the classifier has not looked at has a job of its own. One whose tags were taken back
# is content with none; one that another tagger has never looked at is not.
STALE = (
    "desired_id IS NOT NULL AND desired_id IS NOT applied_id AND (tagging_id IS NOT NULL"
    f" OR applied_id IS NULL AND tagger_id <> {CLASSIFIER_ID})"
)
UNPLANNED = "tagging_id IS NOT NULL AND desired_id IS NULL"
UNEMBEDDED = (
    f"tagger_id = {CLASSIFIER_ID} AND tagging_id IS NOT NULL AND embedded_id IS NOT tagging_id"
)

# One row a picture, whatever its copies are called: `content_hash` covers the image payload alone.
photo = Table(
    "photo",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("content_hash", Text, nullable=False, unique=True),
    Column("format", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("orientation", Integer, nullable=False),
    Column("camera_make", Text),
    Column("camera_model", Text),
    Column("taken_at", Text),
    Index("ix_photo_camera", "camera_make", "camera_model"),
)

# Who looks at photos: the classifier, and others, each with tags and a plan of its own.
tagger = Table(
    "tagger",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
)

# How a photo stands with a tagger: the tagging whose predictions its current tags come from, the
# plan that it was last looked at by, and the one that is desired now, as rows of `want`; none where
# nobody knows yet. Where the two differ its tags are stale: one index over the few of them. No
# foreign keys to plans, as none is ever deleted, and a million rows are set at once.
# `embedded_id` is the tagging whose model's embedding is kept, or is known not to be had. Where it
# is not the current one, that one's is to be found out: whatever changes which tagging is current
# need not think of it.
photo_tagger = Table(
    "photo_tagger",
    metadata,
    Column("photo_id", ForeignKey("photo.id", ondelete="CASCADE"), primary_key=True),
    Column("tagger_id", ForeignKey("tagger.id"), primary_key=True),
    Column("tagging_id", ForeignKey("tagging.id", ondelete="SET NULL"), index=True),
    Column("applied_id", Integer),
    Column("desired_id", Integer),
    Column("embedded_id", Integer),
    Index(
        "ix_photo_tagger_stale", "tagger_id", "applied_id", "desired_id", sqlite_where=text(STALE)
    ),
    Index("ix_photo_tagger_unplanned", "tagger_id", "photo_id", sqlite_where=text(UNPLANNED)),
    Index(
        "ix_photo_tagger_unembedded",
        "photo_id",
        "tagging_id",
        "embedded_id",
        sqlite_where=text(UNEMBEDDED),
    ),
    sqlite_with_rowid=False,
)

# Choices as they can be compared: the models by their fingerprints, and how sure each must be.
want = Table(
    "want",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("models", Text, nullable=False),  # their names, for people
    # 1 for a quick look in place of what the photo deserves.
    Column("refine", Integer, nullable=False, server_default="0"),
)

# One row a path. A file keeps its photo, and so its tags, until its new content is known.
file = Table(
    "file",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path_key", LargeBinary, nullable=False, unique=True),
    Column("path", Text, nullable=False),
    Column("photo_id", ForeignKey("photo.id", ondelete="SET NULL")),
    Column("state", Text, nullable=False),
    Column("state_since", REAL, nullable=False),
    Column("reason_code", Text),
    Column("reason", Text),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("ctime_ns", BigInteger, nullable=False),
    Column("inode", BigInteger, nullable=False),
    Column("seen_at", REAL, nullable=False),
    Column("first_seen_at", REAL),  # none where it was known before that was noted
    # When its photo was taken: the digits of `taken_at` down to seconds, 0 where nobody knows.
    Column("taken", BigInteger, nullable=False, server_default="0"),
    one_of("state", FileState),
    # Each holds all that a search sorts by, so that it opens none but the files of its page.
    Index("ix_file_photo_id", "photo_id", "path", "state", "taken"),
    Index("ix_file_taken", "taken", "path", "state", "photo_id"),
    Index("ix_file_path", "path", "photo_id", "state", "taken"),
    Index("ix_file_state", "state", "state_since"),
    Index("ix_file_inode", "inode", "size"),
)

# What stands in a file and its sidecars: stars from -1 (rejected) to 5, and degrees. None of a file
# in which nothing of that stands.
said = Table(
    "said",
    metadata,
    Column("file_id", ForeignKey("file.id", ondelete="CASCADE"), primary_key=True),
    Column("rating", Integer),
    Column("latitude", REAL),
    Column("longitude", REAL),
    Index("ix_said_rating", "rating", sqlite_where=text("rating IS NOT NULL")),
    Index("ix_said_place", "latitude", "longitude", sqlite_where=text("latitude IS NOT NULL")),
)

# The sidecars that were read, so that it is noticed when one is gone.
beside = Table(
    "beside",
    metadata,
    Column("path_key", LargeBinary, primary_key=True),
    Column("file_id", ForeignKey("file.id", ondelete="CASCADE"), primary_key=True, index=True),
    sqlite_with_rowid=False,
)

# The models that spoke, each known by the fingerprint of its weights, preprocessing and labels.
model = Table(
    "model",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("fingerprint", Text, nullable=False, unique=True),
    Column("first_used_at", REAL, nullable=False),
)

# The commands, and the runs of the daemon, that changed tags; one that changed none has no row.
run = Table(
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("command", Text, nullable=False),
    Column("started_at", REAL, nullable=False),
)

# One decision for one photo: the choice with its reason, and which stage's model was heard last.
tagging = Table(
    "tagging",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("photo_id", ForeignKey("photo.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("tagger_id", Integer, nullable=False, server_default="1"),  # a row of `tagger`
    Column("model_id", ForeignKey("model.id"), nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("orientation", Integer, nullable=False),
    Column("tagged_at", REAL, nullable=False, index=True),
    # 1 where a quicker model than the photo deserves looked at it, since many waited.
    Column("refine", Integer, nullable=False, server_default="0"),
    # What was asked, as a row of `want`; none where that was not yet noted.
    Column("want_id", Integer),
    Column("run_id", ForeignKey("run.id")),  # which run made it; none where that was not yet noted
    Column("undone_by", ForeignKey("run.id")),  # the run that took it back, if one did
    Index("ix_tagging_refine", "photo_id", sqlite_where=text("refine = 1")),
)

# What a model said, one packed row a stage: see `predictions.py` for the layout of `logits`. Too
# long for a table without row ids, whose tree would hold the rows in its inner pages too.
prediction = Table(
    "prediction",
    metadata,
    Column("tagging_id", ForeignKey("tagging.id", ondelete="CASCADE"), primary_key=True),
    Column("stage", Integer, primary_key=True, autoincrement=False),
    Column("model_id", ForeignKey("model.id"), nullable=False),
    Column("logits", LargeBinary, nullable=False),
    Column("log_sum_exp", REAL, nullable=False),
    Column("best", Text, nullable=False),  # JSON [[label id, probability], …], the five best
)

# What the model that the classifier heard last sees in a photo, before it says anything, packed as
# `vectors.py` has it; with row ids, as `prediction`. Never in backups: it is found out again.
embedding = Table(
    "embedding",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("photo_id", ForeignKey("photo.id", ondelete="CASCADE"), nullable=False),
    Column("model_id", ForeignKey("model.id"), nullable=False, index=True),
    Column("vector", LargeBinary, nullable=False),
    UniqueConstraint("photo_id", "model_id"),
)

# Every label that was ever predicted or given; none is ever deleted. `name` is the display name in
# the chosen language.
label = Table(
    "label",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False, index=True),
)

# `tagger_id` is 0 for tags that no tagger gave.
NO_TAGGER = 0
tag = Table(
    "tag",
    metadata,
    Column("photo_id", ForeignKey("photo.id", ondelete="CASCADE"), primary_key=True),
    Column("label_id", ForeignKey("label.id"), primary_key=True),
    Column("source", Text, primary_key=True),
    Column("tagger_id", Integer, primary_key=True, autoincrement=False, server_default="0"),
    Column("state", Text, nullable=False),
    Column("confidence", REAL, nullable=False),
    Column("model_id", ForeignKey("model.id")),
    Column("tagged_at", REAL, nullable=False),
    one_of("source", TagSource),
    one_of("state", TagState),
    Index("ix_tag_label_id", "label_id", "photo_id"),
    Index("ix_tag_source", "source", "photo_id", sqlite_where=text("source <> 'model'")),
    sqlite_with_rowid=False,
)

# What became of single tags, by a person, by what was read in a photo, or by changed rules. What a
# model gave is told by `tagging`, and has no rows here: a photo would have five.
history = Table(
    "history",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("photo_id", ForeignKey("photo.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("label_id", ForeignKey("label.id"), nullable=False),
    Column("source", Text, nullable=False),  # of the tag
    Column("tagger_id", Integer, nullable=False, server_default="0"),  # of the tag
    Column("who", Text, nullable=False),  # changed it
    Column("before", Text),  # the state of the tag; none where it was not there
    Column("after", Text),
    Column("at", REAL, nullable=False),
    Column("tagged_at", REAL),  # of a tag that went, so that it can come back as it was
    Column("run_id", ForeignKey("run.id"), nullable=False, index=True),
    one_of("source", TagSource),
    one_of("who", TagSource),
    one_of("before", TagState),
    one_of("after", TagState),
)

# The queue. A finished job is deleted in the transaction that records its result. `not_before` is 0
# for a job that may be claimed now: equal first columns make the index's order the order of claims,
# however many jobs wait for their time. `folder` is a number that follows from where the file lay.
job = Table(
    "job",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("file_id", ForeignKey("file.id", ondelete="CASCADE"), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("crashes", Integer, nullable=False, server_default="0"),
    # How often in a row a process died with it in hand.
    Column("deaths", Integer, nullable=False, server_default="0"),
    Column("not_before", REAL, nullable=False, server_default="0"),
    Column("lease", Text),
    Column("lease_until", REAL),
    Column("error_code", Text),
    Column("error", Text),
    Column("tried", Text),  # JSON signature at the last try that found the file truncated
    Column("created_at", REAL, nullable=False),
    Column("folder", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("file_id", "kind"),
    one_of("kind", JobKind),
    one_of("state", JobState),
    Index("ix_job_next", "state", "kind", "not_before", "priority", "folder", "id"),
)

# The watched folders as they were last seen, so that another disk in their place is noticed.
root = Table(
    "root",
    metadata,
    Column("path_key", LargeBinary, primary_key=True),
    Column("path", Text, nullable=False),
    Column("device", BigInteger, nullable=False),
    Column("inode", BigInteger, nullable=False),
    Column("scanned_at", REAL, nullable=False),
)

# Small facts about the catalogue itself, such as the rules that its tags were derived with.
fact = Table(
    "fact",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

# How quick models are on this machine, as `tagd models bench` measured it.
speed = Table(
    "speed",
    metadata,
    Column("fingerprint", Text, primary_key=True),
    Column("device", Text, primary_key=True),
    Column("batch_size", Integer, primary_key=True, autoincrement=False),
    Column("model", Text, nullable=False),
    Column("hardware", Text, nullable=False),
    Column("precision", Text, nullable=False),
    Column("images_per_second", REAL, nullable=False),
    Column("latency_ms", REAL, nullable=False),
    Column("latency_p95_ms", REAL, nullable=False),
    Column("measured_at", REAL, nullable=False),
)
