"""Benchmarks: ratios within one run, median of several; each file is one command."""
