"""SGDD: gradient matching under the structure of the whole graph (Yang et al., NeurIPS 2023)."""
