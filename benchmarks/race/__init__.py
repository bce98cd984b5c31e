"""The assignment race against HiGHS: ``python -m benchmarks.race --help``."""
