"""Small pictures of photos, for whoever looks at them in a browser: WebP, upright, in sRGB.

maker   has them made, in decoder processes alone
store   keeps them in the cache folder, within a budget
"""
