"""Users' files made into graphs: each format's reader, splits, and `prepare`, which puts them together."""
