"""Personal tags, learnt from the photos that a person gave them, or where they were rejected.

examples of a person → a head for each model → measured by leave-one-out → tags, or suggestions

head        weights on embeddings, fitted to examples (pure)
measure     how good a head is, and from which score on it may give a tag (pure); figures: those of
            a head that is kept
teach       the story: one label is learnt, and the library scored by it
scorer      photos that are tagged just now, scored in the same transaction
exchange    heads as JSON, to another machine
"""
