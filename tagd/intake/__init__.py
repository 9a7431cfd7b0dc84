"""From a change in a folder to a settled file in the queue.

    exclude     names that are never photos of the user's: hidden, trash, thumbnails, temporary
    unfinished  how programs call what they have not finished writing
    recognise   which of the other files are taken: by ending where it says enough, else by content
    settle      when a file that nobody announced as whole counts as whole
    probe       a regular file at a path, and its signature
    walk        all files below a folder
    trouble     what can go wrong with watching
    left_out    files that met a mistake of ours, which cost themselves alone
    tree        the folders that inotify watches, through watchdog's reader of the kernel's queue
    polling     folders that are looked at again and again, where the kernel tells nothing
    storm       names that change again and again are looked at once
    watcher     both together, as `PathEvent`s, and what went wrong with them
    patience    what is at a path whose file system may never answer
    far         which folders are on a network, and whether they answer
    flow        these events become changes of the catalogue
    lane        the same for a folder on a network, in a thread of its own
    growing     files that have been changing for long are said
    scan        the source of truth: the folders compared with the catalogue
    scan_parts  what a scan holds while it goes
    requests    which folders wait to be scanned
    roots       whether a scan of a watched folder may call files missing
    mirror      sidecars in a folder of their own
    submit      settled files, renames and deletions into the catalogue
    intake      the story that joins them, in two threads, stream and scans, and two more a server
    one_time    the same once, for paths that a person names: `tagd tag`
    listing     the photos at such paths, for who submits nothing

Only `tree` and `polling` import watchdog.
"""
