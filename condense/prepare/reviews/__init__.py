"""Amazon's public review files: products, what customers buy and view with them, and reviews."""
