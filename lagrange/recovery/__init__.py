"""Feasible points out of a dual run: what ``Recovering`` looks for every so many steps."""
