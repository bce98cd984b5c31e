"""Models that people already have, taken apart: cvxpy problems and MPS files."""
