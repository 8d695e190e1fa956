"""Classifiers of meta-path features that guess the classes of unlabelled nodes."""
