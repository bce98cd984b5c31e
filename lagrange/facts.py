"""Facts that somebody vouches for: no run can show them, a run can only refute them.

Those of the library's own blocks are in ``known_blocks``; for your blocks, and for what else you know
of an instance, pass a ``Declared`` to ``certify``. None means: nobody said.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Facts:
    """What is known of a block min f(x) over X, seen through its image.

    why           : who says so, in words
    convex        : f is closed convex, X closed convex
    exact         : it answers with a minimizer, up to the rounding of floats
    piecewise     : convex, and piecewise linear-quadratic on a polyhedron
    bounded_below : f is bounded below on X
    piecewise_dual: its share of q is piecewise linear: finitely many answers, or a linear program
    bounded       : the images of X lie in a bounded set
    proves        : it answers prices alone with a proved bound, for some prices at least
    indicator     : f is 0, the image −z, and z runs through a closed set
    smoothness    : L, if the image is x itself, X everything and ∇f L-Lipschitz; else None
    """

    why: str = "nobody declared anything of it"
    convex: bool | None = None
    exact: bool | None = None
    piecewise: bool | None = None
    bounded_below: bool | None = None
    bounded: bool | None = None
    piecewise_dual: bool | None = None
    proves: bool | None = None
    indicator: bool | None = None
    smoothness: float | None = None


@dataclass(frozen=True)
class StepFacts:
    """What the author of a step rule says of its steps s_k, if all gradients are bounded.

    vanishing       : s_k ‖g_k‖ → 0
    unsummable      : Σ s_k = ∞
    square_summable : Σ (s_k ‖g_k‖)² < ∞
    """

    vanishing: bool | None = None
    unsummable: bool | None = None
    square_summable: bool | None = None


@dataclass(frozen=True)
class Declared:
    """What the author of an instance knows. Bounds are those of the minimization form.

    blocks         : number of a block → its facts, in place of those known by its type
    saddle_point   : does L have a saddle point, that is: are optimum and max q attained and equal?
    dual_optimum   : max q
    distance       : of the first multipliers to some maximizer of q, at most
    steps          : of a step rule that the library does not know
    finite_changes : does a penalty rule that the library does not know change ρ finitely often?
    """

    blocks: Mapping[int, Facts] = field(default_factory=lambda: dict[int, Facts]())
    saddle_point: bool | None = None
    dual_optimum: float | None = None
    distance: float | None = None
    steps: StepFacts | None = None
    finite_changes: bool | None = None
