"""What models and people say of photos.

record          what came of a batch, in one transaction; predictions, tags: parts of it
identity        photos that earlier versions identified otherwise
corrections     what a person says about tags; history: what became of them
derived         tags beside the predictions that they follow from; differences: what becomes of
                them where others follow; earlier: what is kept of old
embedded        which photos have an embedding kept; embeddings: those of a model, as rows;
                vectors: how they are packed
personal        labels that are learnt, and their heads; examples: what they are learnt from;
                learned: the tags and suggestions that follow
runs, undone    which run changed what, and taking it back
"""
