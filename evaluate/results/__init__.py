"""Rows of results: kept in files, averaged, compared."""
