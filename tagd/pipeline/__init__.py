"""From a durable job to a photo's tags, in the catalogue and in the file.

worker              the story: claim, decode, choose, predict, derive, record
queue_worker        claims under leases, waking and stopping; turn: what one round gathers
second_look         a file that changed while nobody watched

decoder             the pool of processes that decode; decoder_desk: where its callers and
                    decoder_dispatch, the thread that speaks with them all, meet; slow_places:
                    folders in which photos take too long
decoder_process     one of them, as the daemon sees it; decoder_main: as it sees itself;
                    decoder_protocol: what they say to each other
decode              one photo from its path to its identity and the models' inputs
unwritten_end       pictures whose end is zeros in place of what was to be copied
formats, raw, jxl   Pillow, LibRaw and libjxl; colours, geometry: their pictures as models want them
flawed              JPEGs that are not whole; tiff_kinds: TIFFs that nobody here reads, by name
read_back           what is written in the photo and its sidecar

classify            decoded photos and what the chosen models say of them; taggers: what further
                    taggers make of them
derivation          what was said becomes tags with names
found_words         what keywords name, and which of tagd's are missing
found_tags          what people did to keywords becomes tags too
retry               what becomes of a photo that failed (pure); failures: what is done about it
stages, progress    where the time goes, and how far the work is

rederive, undo      tags derived anew after changed rules, and tags taken back

writes              which photos' tags are to be written; metadata_worker: their queue
tag_writer          writes one photo's tags; ledger: what a kill cut short is set right
taking_back         what one run wrote is taken back
followers           sidecars that go along with photos which move
bulk                the same for many photos at once, for a person who waits
"""
