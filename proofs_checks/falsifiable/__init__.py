"""Claims that ``lagrange falsify`` searches: a family of instances, an exact check, a script.

One file a claim, or two that share their instances. A check is given rationals and a user's rule;
what the rule answers in floats stands for the rational numbers it is.
"""
