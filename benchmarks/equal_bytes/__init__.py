"""Condensed graphs of equal size in bytes, on large graphs with many labels.

Every method condenses to the same share of the whole graph's bytes, features in eight bits: one that keeps a
spread has fewer nodes for it. Every model is trained with two settings on each method's graph of seed 0;
validation nodes choose one of them, which then trains on the graphs of the other seeds. The whole graph's
trainings, with as many settings where they do not take an hour, run until the validation score stops rising,
as far as a † does not say otherwise.

The command is in `__main__`; rows are kept in benchmarks/rows/equal_bytes, and shown in
docs/results/equal-bytes.md.
"""
