"""Weights on disk become logits, embeddings and features.

    zoo/            what is known of each model, and what is on this disk
    runtime/        where and how a network computes: devices and sessions
    backends/       a network of any library with given weights becomes a session
    opening         a real machine's devices, and the session that is used for a model
    pool            loads once, hands out many times, within the memory there is
    predictions     a row of logits becomes `Predictions` (pure)
    selftest        is the answer to a known picture the known one, and how long does it take
    contest         every session that opens here, measured
    graph_export    makes the graph that ONNX Runtime computes, in a process of its own
    acquire/        a model from the network, or from a folder of one's own

Torch is imported when the first model is loaded or taken in. Imports point up this list.
"""

import os

# OpenMP's threads spin while they wait for each other, unless told before torch loads them: beside
# decoders on the same cores that made a forward pass five times as slow.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# Nothing is told to anybody. Unless told so before it is loaded, ONNX Runtime on Linux gives the
# machine a number, keeps a record of every session and sends it to its maker.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
