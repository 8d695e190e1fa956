"""The rules of `MultimodalGraph` for graphs, node types, relations and labels."""
