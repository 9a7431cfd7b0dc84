"""What stands in the files.

inscriptions    what was written into photos and sidecars, and what is being written
unwritten       what could not be; revisions: the way back from each write
readings        what others wrote there
"""
