"""GC-SNTK: graph condensation by kernel ridge regression with the structure-based neural tangent kernel."""
