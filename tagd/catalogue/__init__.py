"""One SQLite file that holds what is known of photos, and the queue of what is to be done.

    schema, views   the tables (schema_written: those of what is written into photos; schema_base:
                    what all have in common), and the views that are the public contract
    connection      SQLite's own ways: pragmas, URIs, what its errors mean
    lock, engine    who may work on the catalogue, and transactions
    version         which schema a catalogue has; migrate: an older one becomes the present one
    copies          a catalogue is copied, examined, put aside and put back
    strangers       what lies in its database and is not tagd's
    statements      SQL that several modules share; bulk: what runs for every batch of photos;
                    ids: the rows of what photos share
    photos, moves   files as a scan or a watch finds them; moved: their paths; roots: the folders
    jobs            the queue; deaths: jobs that a process died with; in_queue: how far it is
    record          what came of a batch, in one transaction; tags, predictions: parts of it
    identity        photos that earlier versions identified otherwise
    taggers         who looks at photos: the classifier and others
    wants, retag    what is wanted of models for each photo, and which photos are behind
    corrections     what a person says about tags; history: what became of them
    runs, undone    which run changed what, and taking it back
    inscriptions    what was written into photos and sidecars, and what is being written;
                    unwritten: what could not be; revisions: the way back from each write
    readings        what others wrote there; sidecars: their photos are read again
    derived         tags beside the predictions that they follow from; earlier: what is kept of old
    query           what a person types; query_parser, query_dates: how that is read
    search          what it finds: search_words, search_plan, search_source and search_sql from the
                    query to SQL, search_index kept by triggers; search_elsewhere: what would find
                    a word that is no tag; snapshot: read by SQLite alone
    overview        everything else that commands print; activity: what goes on just now;
                    shown_tags: the tags that all of them show
    speeds          how quick models are on this machine
    facts           small facts about the catalogue itself; mode: whether a person paused the work

Knows no model, no rule and no process: what it is given are plain values and a connection.
"""
