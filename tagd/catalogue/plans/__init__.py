"""What is wanted of models for each photo.

taggers     who looks at photos: the classifier and others
plans       choices of models as they can be compared
stale       which photos are behind what is wanted for them
speeds      how quick models are on this machine
"""
