"""Keywords in the files themselves, where other programs read them, and never a photo harmed.

Bytes in, bytes out, until the very end: `edit` joins (`keywords`, `xmp`, `exif`, `iptc`,
`packets`), `verify` compares, `safe_write` puts in place, `recovery` sets right what a kill left.
`writer` tells the story of one write, `reader` says what is there.
"""
