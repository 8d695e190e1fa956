"""The graph data types, their rules and their hashes."""
