"""Logits become tags that a person would search for. All pure, and no third-party import.

    tables.py        the tab-separated tables in `data/`
    hierarchy.py     what is a kind of what, and which of it people search for
    everyday.py      words for what people photograph, and their labels
    vocabulary.py    what labels are called in every language, and which labels a word means
    wording.py       rules as a person writes them, with names in any language → labels
    rules.py         what a person may say about tags
    namesakes.py     words that name people and places, and where a person keeps such
    naming.py        which label a person means by a word
    likeness.py      names that are near to a text that is none
    romaji.py        what kana are in Latin letters
    plurals.py       what one of several is called
    meaning.py       what a word means to a search: all labels called so, and what is below them
    own.py           the hierarchy with a person's own aliases and parents in it
    reasons.py       why something that a model said is no tag
    contradiction.py which of the classifier's classes heads contradict
    derive.py        the classifier's predictions + rules → tags; heads.py: a head's
    derivation.py    the rules that count, with names: what all taggers said → the tags of a photo
    build_tables.py  builds and checks the tables; not used at run time

Labels are WordNet 3.0 synsets, such as n02123045: `n` and the offset in `data.noun`. An everyday
word that WordNet has no synset for is one such as "everyday:screenshot". A tag of a person's own
has `own:` and its name for a label, such as "own:our dogs".
"""
