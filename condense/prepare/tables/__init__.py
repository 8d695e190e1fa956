"""A graph in tables: the file that describes them, columns read by pyarrow, ids, labels and features."""
