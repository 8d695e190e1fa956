"""MSGC: gradient matching on several sparse graphs of the same nodes (Gao and Wu, KBS 2023)."""
