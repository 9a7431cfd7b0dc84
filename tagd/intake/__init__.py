"""From a change in a folder to a settled file in the queue.

    exclude     names that are never photos of the user's: hidden, trash, thumbnails, temporary
    recognise   which of the other files are taken: by ending where it says enough, else by content
    settle      when a file that nobody announced as whole counts as whole
    probe       a regular file at a path, and its signature
    trouble     what can go wrong with watching
    tree        the folders that inotify watches, through watchdog's reader of the kernel's queue
    polling     folders that are looked at again and again, where the kernel tells nothing
    watcher     both together, as `PathEvent`s, and what went wrong with them
    scan        the source of truth: the folders compared with the catalogue
    roots       whether a scan of a watched folder may call files missing
    submit      settled files, renames and deletions into the catalogue
    intake      the story that joins them

Only `tree`, `polling`, `watcher` and `intake` import watchdog.
"""
