"""Theorems that can license a run, one file for each solver, each hypothesis a function of the run."""
