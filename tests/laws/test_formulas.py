"""Rows that are formulas give the bits of tensors, hold no memory, and let go of what is gone."""

import copy
import itertools

import pytest
import torch

from lagrange import vectors
from lagrange.nn import thin
from lagrange.nn.formulas import Formula, Row, aten, bare, formula, read, reader
from lagrange.nn.rest import memory, put_away, recalled, recorded, rest, rows, settle, taken
from lagrange.nn.thin import Filed, Shelf, Thin, thinned
from tests.contracts.set_cases import CASES, points


@pytest.fixture(params=(16, 1 << 16))
def piece(request, monkeypatch):
    """Rows in many pieces, and whole."""
    monkeypatch.setattr(vectors, "PIECE", request.param)
    return request.param


def numbers(seed, shape=(35, 3)):
    make = torch.Generator().manual_seed(seed)
    drawn = torch.randn(shape, generator=make)
    drawn[0] = -0.0
    drawn[1, 0] = 0.0
    return drawn


def same(a, b):
    assert a.dtype == b.dtype and a.shape == b.shape
    return torch.equal(read(a).view(torch.int32), read(b).view(torch.int32))


LATER = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: -a,
    lambda a, b: 0.3 * a,
    lambda a, b: a / 3,
    lambda a, b: b + 0.7 * (a - b),
    lambda a, b: (b - a) - (-1.0 * b),
]
NOW = [
    lambda a, b: abs(a).max(),
    lambda a, b: a.ravel().dot(b.ravel()),
    lambda a, b: a.ravel().dot(a.ravel()),
    lambda a, b: a.clip(min=0),
    lambda a, b: torch.cat([a, b]),
    lambda a, b: a[1:3],
    lambda a, b: a.contiguous().reshape(-1),
    lambda a, b: torch.ones(35, 3).add_(a, alpha=0.1),
    lambda a, b: torch.from_numpy(a.numpy().copy()),
    lambda a, b: torch.tensor(a.tolist()),
    lambda a, b: torch.zeros_like(a),
    lambda a, b: a.new_zeros(2),
    lambda a, b: a.detach().clone(),
]


@pytest.mark.parametrize("operation", LATER)
@pytest.mark.parametrize("mixed", (False, True))
def test_what_is_put_off_has_the_bits_of_tensors(operation, mixed, piece):
    a, b = numbers(1), numbers(2)
    made = operation(formula(a), b if mixed else formula(b))
    assert isinstance(made, Formula) and made.row.memory is None
    assert same(made, operation(a, b))
    nested = operation(made, formula(b))
    assert same(nested, operation(operation(a, b), b))


@pytest.mark.parametrize("operation", NOW)
def test_everything_else_reads(operation, piece):
    a, b = numbers(1), numbers(2)
    one, two = formula(a) - formula(b), formula(b)
    found = operation(one, two)
    assert type(found) is torch.Tensor
    assert same(found, operation(a - b, b))
    assert memory([one, two]) == a.nbytes + b.nbytes


def test_vectors_agree_in_pieces(piece):
    """Norms and products of formulas are those of tensors, whatever is read at a time."""
    a, b = {"w": numbers(1, (70, 3, 5))}, {"w": numbers(2, (70, 3, 5))}
    lazy = vectors.subtract({"w": formula(a["w"])}, b)
    plain = vectors.subtract(a, b)
    assert vectors.dot(lazy, b) == vectors.dot(plain, b)
    assert vectors.norm(lazy) == vectors.norm(plain)
    assert vectors.norm(plain) == pytest.approx(float((a["w"] - b["w"]).norm()), rel=1e-6)
    assert vectors.first_bad_row(lazy) is None
    a["w"][69, 2, 1] = torch.nan
    assert vectors.first_bad_row(lazy) == vectors.first_bad_row(plain | a) == "w"


def test_parts_cover_the_first_axis():
    for shape in ((1,), (7,), (3, 4), (2, vectors.PIECE), (5, vectors.PIECE // 2), (9999, 7)):
        covered = [i for part in vectors.parts(shape) for i in range(shape[0])[part]]
        assert covered == list(range(shape[0]))
        sizes = [(p.stop - p.start) * torch.Size(shape[1:]).numel() for p in vectors.parts(shape)]
        assert max(sizes) <= vectors.PIECE and all(size % 16 == 0 for size in sizes[:-1])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("number", ("torch64", "torch32"))
def test_every_set_projects_formulas_as_tensors(case, number):
    dtype = torch.float64 if number == "torch64" else torch.float32
    for point in points(case.shapes, number):
        plain = {n: torch.tensor(x, dtype=dtype) for n, x in point.items()}
        lazy = {n: formula(x) + formula(torch.full_like(x, -0.0)) for n, x in plain.items()}
        if set(plain) == {""}:
            wanted, found = case.members.project(plain[""]), case.members.project(lazy[""])
            pairs = [(wanted, found)]
        else:
            wanted, found = case.members.project(plain), case.members.project(lazy)
            pairs = [(wanted[n], found[n]) for n in wanted]
        for a, b in pairs:
            assert torch.equal(a, read(b))


def test_rows_of_zeros_take_no_memory():
    zeros = formula(torch.zeros(()).expand(4, 2))
    minus = -1.0 * zeros
    assert minus.row.constant and bool(torch.signbit(read(minus)).all())
    other = formula(numbers(1, (4, 2)))
    assert (minus + other).row is other.row and (other + minus).row is other.row
    assert (zeros + other).row is not other.row  # +0 + −0 is +0
    assert same(zeros + other, torch.zeros(4, 2) + read(other))
    wide = -1.0 * formula(torch.zeros((), dtype=torch.float64).expand(4, 2))
    assert (wide + other).dtype == torch.float64


def test_settling_lets_go_of_what_the_state_does_not_hold():
    w, z, y = (formula(numbers(seed)) for seed in (1, 2, 3))
    old = {"y": y, "w": w, "z": z}
    new = {"y": y + 0.5 * (w - z), "w": w, "z": z, "g": w - z}
    wanted = {name: read(row).clone() for name, row in new.items()}
    settle(new)
    assert new["y"].row.memory is not None and new["g"].row.memory is None
    assert all(same(new[name], wanted[name]) for name in new)
    assert memory(new) == 3 * read(w).nbytes
    assert y.row not in [s for row in rows(new) for s in row.sources()]
    assert same(old["y"], numbers(3))  # the old state is as it was


def test_formulas_do_not_grow_without_end():
    total = step = formula(numbers(1))
    for _ in range(100):
        total = total + step
        settle([total, step])
    assert total.row.depth <= 13


def test_what_is_lent_is_copied_at_rest_and_once():
    weight = numbers(1)
    lend = reader(lent=True)
    state = {"image": lend(weight), "point": lend(weight.view(35, 3)), "step": lend(torch.ones(()))}
    rest(state)
    weight.add_(1.0)
    assert same(state["image"], numbers(1)) and same(state["point"], numbers(1))
    assert memory(state) == weight.nbytes


def test_equal_and_opposite_tensors_share_memory():
    z = numbers(1)
    response = taken({"image": -1.0 * z, "point": z, "again": z.clone(), "other": numbers(2)})
    assert memory(response) == 2 * z.nbytes
    assert same(response["point"], z) and same(response["image"], -z)
    twin = z.clone()
    twin[0, 0] = 0.0  # another sign of zero is another number
    assert memory(taken([z, twin])) == 2 * z.nbytes


def test_thin_rows(piece, monkeypatch):
    monkeypatch.setattr(thin, "SMALLEST", 8)
    for places in itertools.chain([()], itertools.combinations(range(0, 100, 9), 2)):
        sparse = torch.full((25, 4), -0.0)
        sparse.view(-1)[list(places)] = torch.arange(1.0, 1.0 + len(places))
        kept = thinned(sparse)
        assert isinstance(kept, Thin)
        row = Row(sparse.shape, sparse.new_empty(0), kept)
        assert same(row.read(), sparse)
        other = numbers(4, (25, 4))
        assert same(other + kept, other + sparse)
        assert same(other + Formula(row), other + sparse)
        half = other.bfloat16()
        assert same(half + kept, half + sparse)
    dense = numbers(1, (5, 4))
    assert thinned(dense) is dense
    assert thinned(torch.zeros(5, 4)).shape == (5, 4)  # +0 is not −0
    assert isinstance(thinned(torch.zeros(5, 4)), torch.Tensor)


def test_thin_rows_cost_nothing_to_hold_on_to(monkeypatch):
    monkeypatch.setattr(thin, "SMALLEST", 8)
    w, z = formula(numbers(1)), formula(torch.full((35, 3), -0.0))
    rest([w, z])
    state = [w, w + z]
    settle(state)
    assert state[1].row.memory is None
    assert isinstance(bare(z), Thin) and bare(w) is w.row.memory


def test_a_checkpoint_keeps_each_number_once_and_comes_back():
    w, z = formula(numbers(1)), formula(numbers(2))
    state = {"w": w, "z": z, "g": w - z, "half": 0.5 * (-z)}
    again = recalled(recorded(state))
    assert memory(again) == memory(state)
    assert all(same(again[name], state[name]) for name in state)
    assert again["g"].row.operation is aten.sub.Tensor


@pytest.mark.parametrize("dtype", (torch.float64, torch.float32, torch.bfloat16, torch.float16))
def test_files_give_the_bits_back(dtype, tmp_path, piece):
    shelf = Shelf(tmp_path)
    drawn = numbers(1, (35, 2, 3, 1)).to(dtype)
    for tensor in (drawn, drawn.to(memory_format=torch.channels_last), drawn.transpose(0, 1)):
        row = formula(tensor).row
        row.put_on(shelf)
        assert isinstance(row.memory, Filed) and row.memory.tensors() == ()
        again = row.read()
        assert again.dtype == dtype and torch.equal(again, tensor)
        assert torch.equal(torch.signbit(again), torch.signbit(tensor))
        assert torch.equal(row.piece(slice(1, 2)), tensor[1:2])
        copied = copy.deepcopy(Formula(row))
        assert type(copied) is torch.Tensor and torch.equal(copied, tensor)


def test_putting_away_keeps_what_is_asked_with(tmp_path, piece):
    """The price stays; the sum of what went is computed; what was let go of is no longer held."""
    y, w, old, z = (formula(numbers(seed)) for seed in (1, 2, 3, 4))
    shelf = Shelf(tmp_path)
    put_away(shelf, [], old)
    state = {"y": y, "w": w, "z": z, "g": old + (w - z)}  # g is written while old and w are read
    asked = {"price": y, "offset": state["g"] - w}
    wanted = {n: read(row).clone() for n, row in (state | asked).items()}
    put_away(shelf, asked, state, asked)
    assert all(same(row, wanted[name]) for name, row in (state | asked).items())
    assert memory(state, asked) == read(y).nbytes + read(w).nbytes
    assert state["y"].row.memory is y.row.memory and isinstance(state["g"].row.memory, Filed)
    assert old.row not in [s for row in rows(state) for s in row.sources()]


def test_what_is_lent_is_copied_into_the_file(tmp_path):
    weight = numbers(1)
    state = [reader(lent=True)(weight)]
    put_away(Shelf(tmp_path), [], state)
    weight.add_(1.0)
    assert same(state[0], numbers(1)) and memory(state) == 0


def test_a_copy_of_a_formula_is_a_tensor_of_its_own():
    weight = numbers(1)
    copied = copy.deepcopy(formula(weight))
    weight.add_(1.0)
    assert type(copied) is torch.Tensor and same(copied, numbers(1))
