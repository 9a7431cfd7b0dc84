"""What a person can do with tagd: one function a use case, which a command, a page or an HTTP API
calls. Frozen values go in and come out; nothing here prints or asks. What only a person can decide
is a value that comes out, and long work tells a callback how far it is.

    tagging      photos tagged once, now
    search       what a query finds, a page of it, and how many
    photo        all that is known about one photo
    status       how things stand, and what goes on
    control      pause, resume, drain, stop and reload of the daemon that runs
    health       whether tagd can work here: what is configured, the machine, the catalogue
    upkeep       backups of the catalogue, putting one back, examining it
    failures     the photos that were given up, and trying them again
    history      what became of a photo's tags, and what the last runs did
    tags         the tags that there are
    rederive     changed rules applied to all photos
    corrections  confirm, reject, add and remove a tag
    learning     personal tags: learnt from examples, listed, handed on, forgotten
    undo         taking back what a run, a model or any model since a moment added
    writeback    write tags into photos, take back what a run wrote, read what others wrote
    retag        tags that catch up with other models: planned, hastened, kept, brought back
    models       the models: listed, fetched, taken in, verified, removed
    measure      how quick models are, what they say of photos, how often they are right
    policy       which models look at a photo and why, and how sure a cascade must be

    pictures     small pictures of photos, and what one shows that lies in no folder
    review       what a tag was given to, the least sure first, and how tags were judged

    selection    which photos are meant: files, folders, or what a query finds
    paths        paths as a person names them, and what to say of those that are unknown
    catalogues   the catalogue, opened for what is about to be done
    schemas      the shapes of JSON that tagd gives out; work_schemas: of what long work did,
                 model_schemas: of models, learning_schemas: of personal tags
"""
