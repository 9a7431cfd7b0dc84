"""Tags of the catalogue into files.

queue           which photos' tags are to be written
worker          works that queue off, beside the tagging; hands: what its threads are at
tag_writer      writes one photo's tags; ledger: what a kill cut short is set right
bulk            the same for many photos at once, for a person who waits
followers       sidecars that go along with photos which move
taking_back     what one run wrote is taken back
refresh         a file that changed while nobody watched
"""
