"""Benchmarks: what the package reproduces, and how fast it is."""
