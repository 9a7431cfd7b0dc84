"""What commands print, but for searches.

overview    files, failures, tags and the queue
activity    what goes on just now
shown_tags  the tags that all of them show
"""
