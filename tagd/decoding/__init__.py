"""One photo becomes its identity and the models' inputs, in processes that may die.

decode          the story: one read of the file
limits          what that may cost
formats         Pillow; raw: LibRaw; jxl: libjxl; colours, geometry: their pictures as models
                want them; preview: small ones for a browser
flawed          JPEGs that are not whole; tiff_kinds: TIFFs that nobody here reads, by name
unwritten_end   pictures whose end is zeros in place of what was to be copied

pool            the processes that decode; exchange: where its callers and dispatcher, the
                thread that speaks with them all, meet; slow_places: folders in which photos
                take too long
process         one of them, as the daemon sees it; child: as it sees itself;
                protocol: what they say to each other
confinement     what they may not do, whatever takes them over
"""
