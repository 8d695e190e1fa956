"""Clusters of all node types: propagated features, guessed classes, k-means, cluster means."""
