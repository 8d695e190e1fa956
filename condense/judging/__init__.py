"""Choosing between condensed graphs by small models, on validation nodes."""
