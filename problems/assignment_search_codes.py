"""Numbers that stand for words in the compiled search of assignments; plain ones, without numba."""

FREE, OUT, IN = 0, 1, 2  # marks of a pair
NOWHERE = 2**62  # no value: what is asked cannot be
RUNNING, FOUND, REFUTED = 0, 1, 2  # how a search stands
NODES, SWEEPS, DEPTH, BEYOND, ARRIVED = range(5)  # entries of its counts
