"""A network of any library with given weights becomes a session.

base                                what all of them share
timm, transformers, torchvision     what each library knows
"""
