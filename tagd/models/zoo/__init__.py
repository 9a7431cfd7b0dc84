"""What is known of each model, and what is on this disk. Imports no torch but in `checkpoint`.

zoo.toml                the facts: every model, each fact with its source
registry                the zoo as frozen `ModelFacts`
store                   the models in tagd's own folder, put there whole or not at all
shelf                   both of them, by id: labels, fingerprints, what is on disk
labelset                which label each place of a network's output stands for
preprocessing           from `uint8` pixels to a network's input; preprocessing_config: how
                        other programs' files say it
network_options         what a foreign configuration may say of a network
fingerprint             what a model's answers depend on, as one hash
bundled                 weights out of installed packages, checked against their SHA-256
checkpoint              tensors out of a file that must not run code, laid onto a network
"""
