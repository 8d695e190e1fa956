"""GCond, GCondX and DosCond: gradient matching (Jin et al., ICLR 2022 and KDD 2022)."""
