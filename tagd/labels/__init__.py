"""Logits become tags that a person would search for. All pure, and no third-party import.

    tables.py        the tab-separated tables in `data/`
    hierarchy.py     what is a kind of what, and which of it people search for
    vocabulary.py    what labels are called in every language, and which labels a word means
    rules.py         what a person may say about tags
    derive.py        predictions + rules → tags
    build_tables.py  builds and checks the tables; not used at run time

Labels are WordNet 3.0 synsets, such as n02123045: `n` and the offset in `data.noun`.
"""
