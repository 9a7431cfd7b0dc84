"""Keywords in the files themselves, where other programs read them, and never a photo harmed.

Bytes in, bytes out, until the very end: `edit` joins (`keywords`, `begun`, `xmp`, `provenance`,
`exif`, `iptc`, `packets`), `verify` compares, `safe_write` puts in place in an open `folder`, by
`file_calls`, and `recovery` sets right what a kill left, by what the `ledger` says. `writer` tells
the story of one write, `way_back` leads back from it, and `sidecar` says which file beside a photo
is its own.

`reader` says what is there, leniently: `blocks` finds it in any file, `xmp_reading` takes XMP as it
comes, and `dates`, `places` and `stars` know how programs spell these.
`read_back` gathers what a photo and its sidecar say.
"""
