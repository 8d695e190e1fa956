"""Training one model on one graph, and scoring it on the whole one."""
