"""HERO: self-supervised embeddings of a heterogeneous graph by agreement of two views."""
