"""The composition root: builds the whole out of a configuration, starts, supervises and stops it.

build.py   every part, from plain values
wants.py   what the configuration asks of the policy
facts.py   what the policy has to go by at this moment
watch.py   `tagd run`: watch and tag until told to stop
service.py the supervisor; orders.py, reload.py: what it is told
parts.py   what it has started, looked after and stopped together
care.py    what is done by the clock: backups, tidying, examinations
gauges.py  what there is to measure
writing.py tags into photos, in threads beside the tagging
tagging.py models, decoders and the worker's thread; telling.py: what the log says of photos
retagging.py  the thread that has tags catch up; alarm.py: its cron time
once.py    `tagd tag` and `retag --now`: work this off, here or through the daemon that runs
"""
