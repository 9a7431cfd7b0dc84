"""Tags that catch up when models, thresholds or rules change, and tags taken back.

staleness   what is wanted for each photo, found out anew where what decides it has changed
plan        how many photos that leaves behind, and how long they will take
feed        how many of them may be queued at this moment (pure)
pace        at most so many an hour, whatever restarts meanwhile
hold        what they wait for, for people (pure)
recall      taggers that catch up by what is kept, with no photo opened
fill        after them: embeddings of photos that were tagged without, or all removed
retagger    all of it, once a second beside the worker
restore     earlier predictions become current again, with no inference
rederive    tags derived anew from the stored predictions after changed rules
undo        tags taken back: of a run, of a model, or all since a date
"""
