"""The rules of `MultimodalGraph`: of graphs, node types, relations and labels."""
