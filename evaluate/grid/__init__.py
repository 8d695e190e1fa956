"""A comparison as a grid of trainings: planned, run, resumed."""
