"""Where and how a network computes.

device          where to compute, and why there (pure)
placement       what becomes of that when the GPU goes and comes back
memory          how much there is, and giving it back
session         one interface for whatever computes, with a fake for tests
outputs         what a network can be asked for; taps: where in a network of PyTorch's
heads           words that are told from a base model's embedding, by rows of weights
failover        a session that another one replaces when its device has gone
torch_session   PyTorch as that interface; from_pixels: a network behind its normalisation
onnx_session    ONNX Runtime as that interface; graph_cache: its graphs on disk
cpu_session     the session on a CPU: ONNX Runtime as soon as there is a graph of the model
modes, passes   how PyTorch runs a network: eagerly, recorded on a GPU, compiled
buckets         how many pictures go into a pass of a fixed size (pure)
processor       what this machine's processor can do
quickest        which session measured quickest here
"""
