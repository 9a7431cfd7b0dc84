"""Which model, and why: pure functions from facts to a `Choice`.

selection.py   the models for a photo, with the reason in words
cascade.py     whether a stage's answer stands, or the next model decides
"""
