"""SR-GM: gradient matching with decoupled modalities and a damped gradient field."""
