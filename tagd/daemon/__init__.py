"""The composition root: builds everything from a configuration, starts, supervises and stops it.

run.py          `tagd run`: watch and tag until told to stop
service.py      the supervisor; orders.py, reload.py: what it is told
parts.py        what it starts, looks after and stops; build.py: how each is built
tagging.py      models, decoders and the worker's thread; work_log.py: the log of photos
writing.py      tags into photos, in threads beside the tagging
mending.py      what a kill cut short, set right beside all else
retagging.py    the thread that has tags catch up; cron.py: its cron times
maintenance.py  backups, tidying, examinations; wal.py: the catalogue's log kept small
gauges.py       what there is to measure; troubles.py: what is wrong at the moment
wants.py        what the configuration asks of the policy; facts.py: what the policy decides by
once.py         `tagd tag` and `retag --now`: here, or through the daemon that runs
"""
