"""Models measured on this machine and against photos.

calibrate   how sure a cascade's stages must be, fitted on photos whose class is known (pure)
answers     asks all models of a cascade about the same photos
curve       accuracy against cost, as a picture
"""
