"""Texts and images as features: encoders, and the runs of them over all of a data set's contents."""
