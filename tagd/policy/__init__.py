"""Which model, and why: pure functions from facts to a `Choice`.

wants.py       what the user asked for
facts.py       what there is to go by: the photo, the machine, the models
rules.py       whether a rule is about a photo
tree.py        which model follows from a use and targets
cascade.py     how sure a stage must be for its answer to stand
lasting.py     what a photo is to be tagged by in the end, whatever waits and whatever the hour
selection.py   all of it together, in the order in which it counts
"""
