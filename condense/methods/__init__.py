"""Condensation methods, one file each."""
