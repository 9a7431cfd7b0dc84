"""Heads for everyday words, trained on what the built-in models see in pictures.

    python -m tagd.lab.heads train --pictures FOLDER --into FILE

examples    pictures as numbers, and which words each of them shows
pictures    the same, of a folder of one's own pictures
recipe      what a training is to do beside its numbers; everyday.toml: for those that ship
fit         the linear head itself
judge       how good a head is where words are as rare as in everyday photos (pure)
calibrate   logits become probabilities that hold for everyday photos (pure)
train       all of it: fit, cross-validate, calibrate, choose thresholds
file        heads as files
card        the page about those that ship: docs/everyday-words.md
"""
