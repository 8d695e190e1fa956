"""What is in a graph or its file, for people and for machines."""
