"""Weights on disk become logits, embeddings and features.

    zoo.toml            the facts: every model, each fact with its source
    registry.py         the zoo as frozen `ModelFacts`; listing it imports no torch
    store.py            the models in tagd's own folder, put there whole or not at all
    shelf.py            both of them, by id: labels, fingerprints, what is on disk
    labelset.py         which label each place of a network's output stands for
    preprocessing.py    from `uint8` pixels to a network's input
    fingerprint.py      what a model's answers depend on, as one hash
    bundled.py          weights out of installed packages, checked against their SHA-256
    checkpoint.py       tensors out of a file that must not run code, laid onto a network

    pull.py, fetch.py   a model from the network
    incoming.py         what a folder or a file from elsewhere says of itself;
                        preprocessing_config.py: what it says of preprocessing;
                        network_options.py: what it may say of the network
    adopt.py            how it becomes one of tagd's: inspect → label → copy → load → ask → place

    device.py           where to compute, and why there (pure)
    placement.py        what becomes of that when the GPU goes and comes back
    memory.py           how much there is, and giving it back
    session.py          one interface for whatever runs a network, with a fake for tests
    outputs.py          what a network can be asked for; taps.py: where in a network of PyTorch's
    failover.py         a session that another one replaces when its device has gone
    torch_session.py    PyTorch as that interface
    from_pixels.py      a network behind its normalisation
    cpu_session.py      the session on a CPU: ONNX Runtime (onnx_session.py) as soon as there is a
                        graph of the model; graph_export.py makes it, graph_cache.py keeps it
    processor.py        what this machine's processor can do; executable_memory.py: what this
                        process may do in memory
    ways.py, passes.py  how PyTorch runs a network: eagerly, recorded on a GPU, compiled
    buckets.py          how many pictures go into a pass of a fixed size (pure)
    backend.py          a network of any library with given weights becomes a session;
                        timm_backend, transformers_backend, torchvision_backend: what each knows
    opening.py          a real machine's devices, and the session that is used for a model
    pool.py             loads once, hands out many times, within the memory there is
    contest.py          every session that opens here, measured; quickest.py keeps which is used
    predictions.py      a row of logits becomes `Predictions` (pure)
    selftest.py         is the answer to a known picture the known one, and how long does it take

`checkpoint`, `torch_session`, `passes`, `backend`, what those name and `adopt` import torch, and
are imported when the first model is loaded or taken in.
"""

import os

# OpenMP's threads spin while they wait for each other, unless told before torch loads them: beside
# decoders on the same cores that made a forward pass five times as slow.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# Nothing is told to anybody. Unless told so before it is loaded, ONNX Runtime on Linux gives the
# machine a number, keeps a record of every session and sends it to its maker.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
