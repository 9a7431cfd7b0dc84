"""Models measured on this machine and against photos.

bench       how quick a model is, by batch size
compare     what several models say of the same photos; compare_page: the same as a page
evaluate    how often a model is right on photos whose class is known; examples finds those
metrics     top-k, calibration error and the like (pure)
photos      decodes many photos, in the decoders' own processes
calibrate   how sure a cascade's stages must be, fitted on photos whose class is known (pure)
shadow      what another model would change in photos that are tagged; shadow_page, page: as a page
answers     asks all models of a cascade about the same photos
curve       accuracy against cost, as a picture
heads       heads for everyday words, trained on what models see in pictures
"""
