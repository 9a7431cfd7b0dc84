"""The database itself, apart from what it is about.

schema, views   the tables (schema_written: those of what is written into photos; schema_kept: those
                that triggers keep; schema_learned: of personal tags; schema_base: what all have in
                common), and the views that are the public contract
strangers       what lies in its database and is not tagd's
triggers        the index of searches, kept by triggers
connection      SQLite's own ways: pragmas, URIs, what its errors mean
processes       how a process knows that another one has ended
lock, engine    who may work on the catalogue, and transactions; snapshot: read by SQLite alone
version         which schema a catalogue has; migrate: an older one becomes the present one
copies          a catalogue is copied, examined, put aside and put back
statements      SQL that several modules share; bulk: what runs for every batch of photos;
                ids: the rows of what photos share; moved: paths below a folder that moves;
                times: moments as they are compared
settings        small facts about the catalogue itself; mode: whether a person paused the work
"""
