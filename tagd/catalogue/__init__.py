"""One SQLite file that holds what is known of photos, and the queue of what is to be done.

    db/         the database itself: schema, views, transactions, migrations, copies
    queue/      durable jobs
    files/      files as a scan or the watch finds them, and the watched folders
    plans/      what is wanted of models for each photo, and which photos are behind
    tagging/    predictions, tags, corrections and what became of them, by run
    written/    what was written into photos and sidecars, and what others wrote there
    reports/    what commands print
    search/     what a person types, and what it finds

Knows no model, no rule and no process: what it is given are plain values and a connection. Imports
point up this list.
"""
