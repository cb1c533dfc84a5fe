"""Benchmarks: ratios within one run, never seconds in a test. `make bench` runs them."""
