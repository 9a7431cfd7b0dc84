"""A model from the network, or from a folder of one's own, becomes one of tagd's.

pull, fetch     a model from the network
incoming        what a folder or a file from elsewhere says of itself
adopt           inspect → label → copy → load → ask → place
"""
