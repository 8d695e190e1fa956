"""A comparison as a grid of trainings that is planned, run and resumed."""
