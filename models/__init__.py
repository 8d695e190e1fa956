"""Graph neural networks on multimodal heterogeneous graphs, one architecture a file.

This package depends on torch and PyTorch Geometric alone. Every model runs unchanged on a whole graph and
on a condensed one: it is built from a `GraphSchema` and never from the graph itself.
"""
