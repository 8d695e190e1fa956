"""Distribution matching: GCDM with edges, GCDMX without."""
