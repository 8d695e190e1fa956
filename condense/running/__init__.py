"""What every run needs, for any method: identity, stages, steps, checkpoints, progress."""
