"""Conformance checks for anybody's block, solver, set or step rule: part of the interface.

Each ``check_*`` raises AssertionError saying what was asked and what was answered. They need no test
framework; ``block_checks`` and ``solver_checks`` yield those that apply as (name, run) pairs, one test
case each.
"""

from lagrange.testing.blocks import (
    check_bound_below_answer,
    check_dtype_preserved,
    check_image_is_fresh,
    check_image_matches_point,
    check_pure,
    check_random_state_untouched,
    check_refuses_nan_price,
    check_restart_from_point,
    check_row_names_and_shapes,
)
from lagrange.testing.compare import Check
from lagrange.testing.exact import (
    check_answer_beats,
    check_bound_is_concave_in_price,
    check_bound_is_tight,
    check_large_pull_obeys,
    check_price_monotone,
)
from lagrange.testing.questions import Candidate, Question
from lagrange.testing.sets import check_nonexpansive, check_projection
from lagrange.testing.solvers import (
    check_ask_and_tell_are_pure,
    check_asks_are_independent,
    check_bounds_hold,
    check_multipliers_feasible,
    check_old_states_stay,
    check_records,
    check_resume,
)
from lagrange.testing.steps import check_step_rule, sample_run
from lagrange.testing.suites import block_checks, check_solver, solver_checks

__all__ = [
    "Candidate",
    "Check",
    "Question",
    "block_checks",
    "check_answer_beats",
    "check_ask_and_tell_are_pure",
    "check_asks_are_independent",
    "check_bound_below_answer",
    "check_bound_is_concave_in_price",
    "check_bound_is_tight",
    "check_bounds_hold",
    "check_dtype_preserved",
    "check_image_is_fresh",
    "check_image_matches_point",
    "check_large_pull_obeys",
    "check_multipliers_feasible",
    "check_nonexpansive",
    "check_old_states_stay",
    "check_price_monotone",
    "check_projection",
    "check_pure",
    "check_random_state_untouched",
    "check_records",
    "check_refuses_nan_price",
    "check_restart_from_point",
    "check_resume",
    "check_row_names_and_shapes",
    "check_solver",
    "check_step_rule",
    "sample_run",
    "solver_checks",
]
