"""HGCond: gradient matching on heterogeneous graphs along orthogonal sequences of parameters."""
