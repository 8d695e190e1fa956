"""Relays: the small models whose gradients SR-GM matches, with their gradients written out."""
