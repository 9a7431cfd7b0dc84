"""Tags that catch up when models, thresholds or rules change.

staleness.py   what is wanted for each photo, found out anew where what decides it has changed
plan.py        how many photos that leaves behind, and how long they will take
feed.py        how many of them may be queued at this moment; pure
pace.py        at most so many an hour, whatever restarts meanwhile
hold.py        what they wait for, for people; pure
retagger.py    all of it, once a second beside the worker
back.py        earlier predictions come into force again, with no inference
"""
