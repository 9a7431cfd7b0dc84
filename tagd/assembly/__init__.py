"""Builds objects from a configuration. Daemon and commands use the same builders.

build       intake, worker, retagger and their parts
survey      what the policy decides by, as this machine has it
policy      what the configuration asks of the policy
derivation  [tags], with the names that models brought along: predictions become tags
taggers     who looks at photos beside the classifier
learning    personal tags whose examples changed, learnt again in a process of its own
writing     [metadata] as the writers go by it
"""
