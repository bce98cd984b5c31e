"""Counts, bits and multiplications of small networks, by hand; and what a series of updates says."""

import math

import pytest
import torch
from torch import nn

from lagrange import sets as S
from lagrange.nn.diagnosis import Diagnosis, Reading, diagnose
from lagrange.nn.masks import freeze_zeros
from lagrange.nn.measures import (
    Macs,
    hard_projected,
    measure,
    multiplications,
    reading,
    residual,
    support_changes,
)
from lagrange.nn.members import Members


def network():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(2 * 4 * 4, 5))
    with torch.no_grad():
        net[0].weight.copy_(S.Cardinality(6).project(net[0].weight))
        net[3].weight.copy_(S.Cardinality(32).project(net[3].weight))
    return net


IMAGES = torch.ones(3, 1, 6, 6)
NAMES = ("0.weight", "3.weight")


def test_counts_and_multiplications():
    m = measure(network(), NAMES, IMAGES)
    conv, fc = m.layers
    assert (conv.weights, conv.nonzeros, conv.macs) == (18, 6, Macs(18 * 16, 6 * 16))
    assert (fc.weights, fc.nonzeros, fc.macs) == (160, 32, Macs(160, 32))
    assert m.compression == (18 + 160) / (6 + 32)
    assert (m.parameters, m.nonzeros) == (18 + 160 + 7, 6 + 32 + 7)
    assert m.compression_all == 185 / 45
    assert m.macs == Macs(288 + 160, 96 + 32)
    assert conv.size.values == 6 * 32 and fc.size.values == 32 * 32
    assert m.size.total == conv.size.total + fc.size.total + 7 * 32
    assert m.file_bytes * 8 > m.size.total


def test_a_masked_network_measures_as_its_baked_one():
    net = network()
    plain = measure(net, NAMES, IMAGES)
    freeze_zeros(net, NAMES)
    assert measure(net, NAMES, IMAGES) == plain
    assert net.training


def test_quantized_targets_count_as_codes():
    net = network()
    with torch.no_grad():
        net[3].weight.copy_(S.Binary().project(net[3].weight))
    m = measure(net, NAMES, IMAGES, {"3.weight": S.Binary()})
    assert m.layers[1].size == S.Size(values=160, scales=32)


def test_the_table_has_a_line_for_each_target_and_their_sum():
    lines = measure(network(), NAMES, IMAGES).table().splitlines()
    assert [line.split()[0] for line in lines] == ["layer", *NAMES, "targets"]
    assert lines[-1].split()[1:4] == ["178", "38", "21.35"]
    assert lines[-1].split()[-2:] == ["448", "128"]


@pytest.mark.parametrize(
    ("layer", "shape", "macs"),
    (
        (nn.Conv2d(4, 6, 3, groups=2, padding=1), (2, 4, 5, 5), 6 * 2 * 9 * 25),
        (nn.Conv1d(2, 3, 2, stride=2), (2, 2, 8), 3 * 2 * 2 * 4),
        (nn.ConvTranspose2d(2, 3, 2, stride=2), (2, 2, 4, 4), 2 * 3 * 4 * 16),
        (nn.Linear(7, 2), (2, 5, 7), 7 * 2 * 5),
    ),
    ids=lambda x: type(x).__name__,
)
def test_multiplications_of_a_layer(layer, shape, macs):
    assert multiplications(layer, torch.ones(shape)) == {"weight": Macs(macs, macs)}
    assert not layer._forward_hooks


def test_a_layer_that_is_called_twice_counts_twice():
    layer = nn.Linear(3, 3)
    assert multiplications(nn.Sequential(layer, layer), torch.ones(1, 3)) == {
        "0.weight": Macs(18, 18)
    }


def test_residual():
    w = {"a": torch.tensor([3.0, 0.0]), "b": torch.tensor([4.0])}
    z = {"a": torch.tensor([0.0, 0.0]), "b": torch.tensor([4.0])}
    assert residual(w, z) == pytest.approx(3 / 5)
    zero = {"a": torch.zeros(2)}
    assert residual(zero, zero) == 0 and residual(zero, {"a": torch.ones(2)}) == math.inf


def test_support_changes_and_a_reading():
    before = {"a": torch.tensor([1.0, 0, 2, 0])}
    after = {"a": torch.tensor([0, 3.0, 2, 0])}
    assert support_changes(before, after) == 2
    weights = {"a": torch.tensor([0, 3.0, 2, 4])}
    y = {"a": torch.tensor([0, 0, 0, 2.0])}
    r = reading(7, weights, after, before, loss=0.5, rho=0.1, multipliers=y, accuracy=0.9)
    assert (r.step, r.loss, r.changes, r.accuracy) == (7, 0.5, 2 / 2, 0.9)
    assert r.residual == pytest.approx(4 / math.sqrt(29))
    assert r.dual == pytest.approx(0.1 * math.sqrt(10) / 2)
    assert math.isnan(reading(7, weights, after, before, loss=0.5).dual)


def test_a_hard_projected_network_is_a_copy():
    net = network()
    members = Members(NAMES, S.GlobalCardinality(9))
    hard = hard_projected(net, members)
    assert sum(int(hard.get_parameter(n).count_nonzero()) for n in NAMES) == 9
    assert int(net[0].weight.count_nonzero()) == 6
    each = hard_projected(net, {"0.weight": S.Cardinality(2)})
    assert int(each[0].weight.count_nonzero()) == 2


def series(
    n=20,
    residual=lambda k: 0.5 * 0.7**k,
    loss=lambda k: 1 + 0.8**k,
    changes=lambda k: 0.1 * 0.5**k,
    dual=None,
):
    return [
        Reading(k, residual(k), loss(k), changes(k), math.nan if dual is None else dual(k))
        for k in range(n)
    ]


@pytest.mark.parametrize(
    ("readings", "says"),
    (
        (series(), {Diagnosis.PROGRESS}),
        (series(7), {Diagnosis.TOO_FEW}),
        (series(residual=lambda k: 0.4), {Diagnosis.RHO_TOO_SMALL}),
        (series(residual=lambda k: 0.4 + 0.01 * k), {Diagnosis.RHO_TOO_SMALL}),
        (series(residual=lambda k: 0.4 * 0.99**k), {Diagnosis.RHO_TOO_SMALL}),
        (series(residual=lambda k: 0.4 * 0.97**k), {Diagnosis.PROGRESS}),
        (series(residual=lambda k: 1e-5, loss=lambda k: 2.0), {Diagnosis.RHO_TOO_LARGE}),
        (series(residual=lambda k: 1e-5), {Diagnosis.PROGRESS}),
        (series(dual=lambda k: 11 * 0.5 * 0.7**k), {Diagnosis.RHO_TOO_LARGE}),
        (series(dual=lambda k: 9 * 0.5 * 0.7**k), {Diagnosis.PROGRESS}),
        (series(changes=lambda k: 0.1), {Diagnosis.UNSETTLED}),
        (series(changes=lambda k: 0.004), {Diagnosis.PROGRESS}),
        (series(changes=lambda k: 0.5 * 0.8**k), {Diagnosis.PROGRESS}),
        (
            series(residual=lambda k: 0.4, changes=lambda k: 0.1),
            {Diagnosis.RHO_TOO_SMALL, Diagnosis.UNSETTLED},
        ),
        (
            series(residual=lambda k: 0.5 * 0.5**k, changes=lambda k: 0.1 * (k < 10)),
            {Diagnosis.SETTLED},
        ),
    ),
)
def test_diagnoses_of_synthetic_series(readings, says):
    assert set(diagnose(readings)) == says


def test_advice_says_what_to_do():
    assert "raise rho" in Diagnosis.RHO_TOO_SMALL.advice
    assert "smaller rho" in Diagnosis.RHO_TOO_LARGE.advice


def test_a_real_run_of_admm_is_diagnosed():
    """min ½‖w − a‖² over two nonzeros: a pull of 1e-4 does nothing, one of 2 arrives."""
    a = torch.tensor([3.0, 2.0, 1.0, 0.5])
    members, found = S.Cardinality(2), {}
    for rho in (1e-4, 2.0):
        w, y, z, run = a.clone(), torch.zeros(4), members.project(a), []
        for k in range(40):
            w = (a - y + rho * z) / (1 + rho)
            old, z = z, members.project(w + y / rho)
            y = y + rho * (w - z)
            loss = float((w - a).square().sum())
            run.append(
                reading(k, {"": w}, {"": z}, {"": old}, loss=loss, rho=rho, multipliers={"": y})
            )
        found[rho] = diagnose(run)
    assert found == {1e-4: (Diagnosis.RHO_TOO_SMALL,), 2.0: (Diagnosis.SETTLED,)}
