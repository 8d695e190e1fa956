"""HGNN-IMA: inter-modal attention in the propagation."""
