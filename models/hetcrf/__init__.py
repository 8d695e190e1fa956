"""HetCRF: self-supervised embeddings of a heterogeneous graph by reconstruction and contrast."""
