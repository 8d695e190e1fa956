"""The named data sets, one per file, and their registry."""
