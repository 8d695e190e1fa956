"""What every run needs, whatever the method: identity, stages, steps, checkpoints, progress."""
