"""SHGP: self-supervised embeddings of a heterogeneous graph by structural clustering."""
