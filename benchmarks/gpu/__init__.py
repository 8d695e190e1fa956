"""What condensing and training cost on a GPU, beside the CPU of the same machine.

A job condenses a graph, or trains a model on the whole graph or a condensed one. It runs on one device after
the other, each time in a process of its own, so that its peak memory is its own. On a GPU the memory is what
was allocated there, on the CPU the process's resident memory.

The command is in `__main__`; rows are kept in benchmarks/rows/gpu.
"""
