"""Training on a whole graph that stays on disk, and scoring on it."""
