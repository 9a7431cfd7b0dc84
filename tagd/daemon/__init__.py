"""Starts, supervises and stops the whole.

run             `tagd run`: watch and tag until told to stop
service         the supervisor; orders, reload: what it is told
parts           what it starts, looks after and stops
tagging         models, decoders and the worker's thread; work_log: the log of photos
writing         tags into photos, in threads beside the tagging
mending         what a kill cut short, set right beside all else
retagging       the thread that has tags catch up, and its cron times
learning        the process that learns personal tags again
maintenance     backups, tidying, examinations; wal: the catalogue's log kept small
gauges          what there is to measure; troubles: what is wrong at the moment
web_pages       the process that serves pages; looking: what a picture shows that is in no folder
once            `tagd tag` and `retag --now`: here, or through the daemon that runs
"""
