"""Files as a scan or the watch finds them.

photos      a file becomes known, changes, or fails; moves: it goes elsewhere, or away
roots       the watched folders
sidecars    a sidecar changed: its photos are read again
"""
