"""Conversion of PyG's graphs: their arrays, edges, labels and splits in any form that has one meaning."""
