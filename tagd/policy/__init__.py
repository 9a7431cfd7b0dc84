"""Which model, and why: pure functions from facts to a `Choice`.

preferences    what the user asked for
context        what there is to go by: the photo, the machine, the models
matching       whether a rule is about a photo
tree           which model follows from a use and targets
cascade        how sure a stage must be for its answer to stand
lasting        what a photo is to be tagged by in the end, whatever waits and whatever the hour
selection      all of it together, in the order in which it counts
"""
