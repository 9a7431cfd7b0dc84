"""Weights on disk become logits.

    zoo.toml            the facts: every model, each fact with its source
    registry.py         the zoo as frozen `ModelFacts`; listing it imports no torch
    labelset.py         which label each place of a network's output stands for
    preprocessing.py    from `uint8` pixels to a network's input
    fingerprint.py      what a model's answers depend on, as one hash
    bundled.py          weights out of installed packages, checked against their SHA-256
    checkpoint.py       tensors out of a file that must not run code, laid onto a network in order
    device.py           where to compute, and why there (pure)
    session.py          one interface for whatever computes logits, with a fake for tests
    torch_session.py    PyTorch as that interface
    timm_backend.py     a zoo row whose architecture is timm's becomes a session
    pool.py             loads once, hands out many times
    predictions.py      a row of logits becomes `Predictions` (pure)
    selftest.py         is the answer to a known picture the known one, and how long does it take

`checkpoint`, `torch_session` and `timm_backend` import torch and are imported by the pool alone,
when the first model is loaded.
"""
