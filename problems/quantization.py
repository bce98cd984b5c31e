"""Quantization: train a network whose weights take few values.

    min f(W) + indicator_S(Z)   s.t.  W − Z = 0,   S = {s q : s ≥ 0, q ∈ Q^n} for each tensor
                                                   with keep: zeros too, ≤ k nonzeros in all

Block 0 is the network, block 1 the sets; there is one coupling row for each weight tensor. The sets
are not convex: nothing is proved about loss or accuracy. What is proved is that every weight of the
saved network is a member of its set, and how many bits and bytes it takes as a packed file.

Solvers: admm, surrogate, progressive, and what they have to beat at equal epochs, straight-through.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from lagrange.certificates import Infeasible
from lagrange.instances import Instance, Number
from lagrange.nn import packed
from lagrange.nn.members import Members
from problems.networks import registry, saved
from problems.networks.pruned_first import quantization_task
from problems.networks.quantized import QuantizationTask
from problems.pruning import MEASURED, arrays_of

FLOAT_BITS = 32  # of a weight that is not quantized


def quantization(
    *,
    network: str = "digits",
    data: str | None = None,
    bits: int = 2,
    grid: str = "uniform",
    scope: str = "layer",
    keep: float | None = None,
    prune: int | None = None,
    settle: int | None = None,
    sparse: bool | None = None,
    pick: str | None = None,
    lean: bool | None = None,
    pattern: str = "*.weight",
    rho: float | None = None,
    growth: float | None = None,
    pretrain: int | None = None,
    epochs: int | None = None,
    retrain: int | None = None,
    batch: int | None = None,
    rate: float | None = None,
    shift: int | None = None,
    whole: bool | None = None,
    half: bool | None = None,
    interval: int | None = None,
    baselines: bool | None = None,
    cache: str | None = None,
    seed: int = 0,
) -> Instance:
    """A network quantized to a few bits a weight: by default a small one on the 8×8 digits.

    The solver gets what dense training and the baselines leave of a time limit, one epoch at least.
    What is not given follows from the data set (``problems/networks/settings.py``). An option that
    does nothing with the solver is refused. A run leaves ``network.lgpk``: ``net.load_state_dict(
    lagrange.nn.packed.load(path).tensors)``.

    network  : one of ``problems/networks/registry.py``: digits, lenet5, lenet300, resnet20, ...
    data     : digits, mnist or cifar10; without it the one that the network fits
    bits     : of a weight, 1 … 8; 1: two values, ±s; 2 on the uniform grid: three, −s, 0 and s
    grid     : uniform (2^bits − 1 levels around 0), zero-free (2^bits levels) or powers (of two, at
               most 6 bits); one bit is ±s on all, so there the grid is of progressive's stages only
    scope    : layer (one scale a tensor) or filter (one for each output)
    keep     : prune besides: fraction of the weights to keep, in (0, 1], or how many, a whole number
               above 1, in all tensors together (scope layer; not straight-through). Zeros take no
               code: 1 bit and 2 bits on the uniform grid are the same −s, 0 and s
    prune    : epochs of ADMM pruning before (with keep), instead of pruning while quantizing; what is
               left is quantized with its zeros held
    settle   : epochs of training between the two, in which nonzeros change places; sparse: that
               training and what comes after it compute with nonzeros only (see the pruning family)
    lean     : of the saved network, what is not quantized is rounded to bfloat16, and biases of units
               that nobody hears are dropped
    pattern  : which weights, as a shell pattern over parameter names
    rho      : penalty (admm, surrogate, progressive)
    growth   : the last ρ over the first (admm, progressive)
    pretrain : epochs of dense training before
    epochs   : epochs of training by the solver
    retrain  : epochs of training with the codes fixed, after the hard projection
    pick     : the epoch that is kept of what follows the hard projection: last, or best in validation
    batch, rate, shift : images a minibatch, learning rate, pixels by which images are moved
    whole    : train on the validation images too, where the recipe is settled; with pick = last
    half     : losses of training batches in bfloat16, twice as fast where the processor has it
    interval : minibatches between two updates of the set; an epoch where the data set says so
    baselines: train the dense network for as long and quantize it at once, too
    cache    : a folder that keeps dense networks from run to run
    seed     : of initial values and batches
    """
    options = dict(locals())  # as given
    task = quantization_task(options)
    wanted = QuantizationTask(task, bits, grid, scope, keep)
    return Instance(
        name=f"{task.name}-{grid}-{bits}{'' if keep is None else f'-{keep:g}'}",
        source=registry.SOURCES[task.data],
        methods=wanted.methods,
        reserve=0.6,  # the baseline trains longer than the solver
        exact=ExactQuantization(task.sizes, wanted.members(bits), wanted.facts),
        point_arrays=lambda hard: arrays_of(wanted.final(hard)),
        rebuild=task.rebuild(options),
        idle=wanted.idle,
        measure=wanted.measure,
        measured=tuple(name for name in MEASURED if name != "accuracy_control"),
        files=wanted.files,
        use=saved.use(task),
    )


class ExactQuantization:
    """Checks membership and counts; bounds and costs of a network are not proved.

    nonzeros, weights : of the targets;  compression : weights / nonzeros
    bits              : of all parameters in a packed file: codes, places of nonzeros, scales, the rest
    file_bytes        : of that file, header included
    compression_bits  : 32 · parameters / bits
    """

    integral = False
    fact_names = ("nonzeros", "weights", "compression", "bits", "file_bytes", "compression_bits")

    def __init__(
        self, sizes: Mapping[str, int], members: Members, notes: Mapping[str, Any] | None = None
    ) -> None:
        """``notes``: what is said of the network in its file, which takes some of its bytes."""
        self._sizes, self._members, self._notes = sizes, members, notes

    def dual_value(self, multipliers: Mapping[str, Any]) -> None:
        """Nothing is proved: the training block solves no problem exactly."""

    def cost(self, point: Mapping[str, Any]) -> None:
        """Raises Infeasible where a tensor is missing or no member of its set."""
        for name, size in self._sizes.items():
            if name not in point or point[name].size != size:
                raise Infeasible(f"the point has no array {name!r} of {size} entries")
        try:
            self._packed(point)  # packs members only
        except ValueError as error:
            raise Infeasible(str(error)) from error

    def facts(self, point: Mapping[str, Any]) -> Mapping[str, Number]:
        """The counts and sizes of a point whose weights are members."""
        kept = sum(int(np.count_nonzero(point[name])) for name in self._sizes)
        weights, report = sum(self._sizes.values()), self._packed(point)
        parameters = sum(array.size for array in point.values())
        return {
            "nonzeros": kept,
            "weights": weights,
            "compression": weights / kept if kept else None,
            "bits": report.size.total,
            "file_bytes": report.file_bytes,
            "compression_bits": FLOAT_BITS * parameters / report.size.total,
        }

    def _packed(self, point: Mapping[str, Any]) -> packed.Report:
        """Of a network as a packed file; ValueError where a tensor is no member of its set."""
        tensors = {name: torch.as_tensor(array) for name, array in point.items()}
        return packed.encoded(tensors, self._members, facts=self._notes)[1]
