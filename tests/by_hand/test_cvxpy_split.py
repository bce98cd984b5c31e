"""Where cvxpy problems fall apart, worked out by hand."""

import numpy as np
import pytest

cp = pytest.importorskip("cvxpy")

from lagrange.bounds import exact_sweep  # noqa: E402
from lagrange.models.cvxpy_model import from_cvxpy  # noqa: E402
from lagrange.models.cvxpy_split import additive_terms, coefficients, components  # noqa: E402

X, Y = cp.Variable(3, name="x"), cp.Variable(name="y")
F, G = cp.sum_squares(X), cp.exp(Y)
THREE = np.array([1.0, -2.0, 0.5])


def valued(expression, x=THREE, y=0.3):
    X.value, Y.value = x, y
    try:
        return float(expression.value)
    finally:
        X.value = Y.value = None


@pytest.mark.parametrize(
    ("expression", "terms"),
    [
        (F + G + 3, 3),
        (-(F + G), 2),
        (2 * (F + G), 2),
        ((F + G) * 2, 2),
        ((F + G) / 4, 2),
        (-2 * (F - 3 * (G - F) / 2), 3),
        (cp.multiply(3, F + G), 2),
        (cp.sum(cp.hstack([F, G, 2.0])), 3),
        (cp.sum(cp.vstack([F, G])), 2),
        (cp.sum(X + cp.promote(Y, (3,))), 2),
        (cp.sum([F, G]), 2),
        (cp.maximum(F, G), 1),
        (cp.sum_squares(cp.hstack([X, Y])), 1),
        (cp.sum(cp.vstack([X, 2 * X]), axis=1)[0], 1),
        (F, 1),
    ],
    ids=str,
)
def test_terms_of_a_sum(expression, terms):
    """So many, each of one variable where it can be, and the sum is what it was."""
    found = list(additive_terms(expression))
    assert len(found) == terms
    total = sum(valued(cp.sum(term)) for term in found)
    assert total == pytest.approx(valued(expression), rel=1e-14)
    if terms > 1:
        assert all(len(term.variables()) <= 1 for term in found)


def test_components_are_those_of_terms_and_constraints():
    """a–b share a term, b–c a constraint, d is alone; e is in no term at all."""
    a, b, c, d, e = (cp.Variable(name=name) for name in "abcde")
    terms = [cp.square(a - b), cp.square(d), cp.Constant(1.0)]
    local = [b + c <= 1, d >= 0, cp.Constant(0) <= 1]
    found = components([a, b, c, d, e], terms, local)
    assert [part.name for part in found] == ["a, b, c", "d", "e"]
    assert [len(part.terms) for part in found] == [2, 1, 0]  # the constant goes to the first
    assert [part.constraints for part in found] == [[0, 2], [1], []]


def test_coefficients_are_those_of_stacked_columns():
    Z = cp.Variable((2, 2), name="Z")
    M = np.array([[1.0, 2.0], [3.0, 4.0]])
    matrices, constant = coefficients(M @ Z + M)
    assert constant.tolist() == [1.0, 3.0, 2.0, 4.0]
    z = np.array([[1.0, 10.0], [100.0, 1000.0]])
    assert (matrices[Z.id] @ z.ravel(order="F")).tolist() == (M @ z).ravel(order="F").tolist()


def test_rows_images_and_names_of_a_model():
    """x ≥ y as −x + y ≤ 0 and so on; the larger component is block 0; part i is block i."""
    y, x = cp.Variable(2, name="small"), cp.Variable((2, 2), name="large")
    first = cp.sum(x, axis=0) >= y + 1
    second = (x[0, 0] + 2 * y[1] == 5).set_label("second")
    third = cp.NonNeg(cp.vstack([y, y]) - 3 * x)
    cost = cp.sum_squares(x - 1) + cp.sum_squares(y) - 7
    problem = cp.Problem(cp.Minimize(cost), [y <= 9, first, second, third, cp.norm(x) <= 99])
    model = from_cvxpy(problem, [second, third, first])
    assert list(model.rhs) == ["second", "constraint 3", "constraint 1"]
    assert model.inequality == {"constraint 3", "constraint 1"}
    assert [model.rhs[row].tolist() for row in model.rhs] == [[5.0], [[0.0] * 2] * 2, [-1.0, -1.0]]
    assert [(p.name, p.variables, p.constraints) for p in model.report.parts] == [
        ("large", 4, 1),
        ("small", 2, 2),
    ]
    assert model.report.coupling_rows == 7
    price = {row: 0.0 * array for row, array in model.rhs.items()}
    large, small = (block.respond(price, None, None) for block in model.blocks)
    assert large.point.variables["large"] == pytest.approx(np.ones((2, 2)))
    assert large.image["constraint 1"] == pytest.approx([-2.0, -2.0])
    assert large.image["second"] == pytest.approx([1.0])
    assert large.image["constraint 3"] == pytest.approx(3 * np.ones((2, 2)))
    assert small.cost + large.cost == pytest.approx(-7.0)
    price["constraint 3"] = np.array([[1.0, 2.0], [3.0, 4.0]])  # which price is for which entry
    large, small = (block.respond(price, None, None) for block in model.blocks)
    c = price["constraint 3"]
    assert large.point.variables["large"] == pytest.approx(1 - 1.5 * c, abs=1e-8)
    assert small.point.variables["small"] == pytest.approx(c.sum(axis=0) / 2, abs=1e-8)


def test_a_part_that_no_row_touches_is_a_block_too():
    """min (x − 1)² + (y − 2)² + (u − 3)²  s.t.  x + y = 1: dual −λ²/2 + 2λ, best at 2; u = 3."""
    x, y, u = (cp.Variable(name=name) for name in "xyu")
    row = x + y == 1
    cost = cp.square(x - 1) + cp.square(y - 2) + cp.square(u - 3)
    model = from_cvxpy(cp.Problem(cp.Minimize(cost), [row]), [row])
    assert model.rows == (("constraint 0",), ("constraint 0",), ())
    for price in (0.0, 1.0, 2.0):
        lower, answers = exact_sweep(model, {"constraint 0": np.array([price])})
        assert lower == pytest.approx(2 * price - price**2 / 2, abs=1e-9)
        assert answers[2].image == {} and answers[2].point.variables["u"] == pytest.approx(3.0)


def test_variables_of_one_name_are_told_apart():
    """min ½‖x‖² + ½‖y − 4‖² s.t. x = y, both variables called v."""
    x, y = cp.Variable(name="v"), cp.Variable(name="v")
    row = x == y
    cost = cp.sum_squares(x) / 2 + cp.sum_squares(y - 4) / 2
    model = from_cvxpy(cp.Problem(cp.Minimize(cost), [row]), [row])
    assert [list(part.variables) for part in model.parts] == [["v"], ["v#2"]]
    assert model.parts[0].variables["v"] is x and model.parts[1].variables["v#2"] is y
