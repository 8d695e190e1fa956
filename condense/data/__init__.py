"""The data type, its rules, and the data sets known by name."""
