"""A realistic company of any size, drawn from a seed: what its systems would have emitted."""
