"""The mathematics of SR-GM as pure functions of tensors: gradients, decoupling, damping, distance."""
