"""The data type, its rules and its hashes."""
