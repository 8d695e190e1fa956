"""Condensing multimodal heterogeneous graphs: data type, files, budgets and methods."""
