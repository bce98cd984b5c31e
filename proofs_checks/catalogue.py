"""All claims by name."""

from collections.abc import Mapping
from types import MappingProxyType

from proofs_checks import (
    admm_convex,
    admm_nonconvex,
    admm_rate,
    admm_variants,
    duality,
    geoffrion,
    multiblock,
    progressive,
    projections,
    projections_convex,
    projections_joint,
    projections_values,
    run_certificates,
    step_constants,
    subgradient_rates,
    subgradient_rules,
    surrogate_values,
)
from proofs_checks.claims import Claim
from proofs_checks.pep import claims as performance

_MODULES = (
    duality,
    surrogate_values,
    step_constants,
    subgradient_rates,
    subgradient_rules,
    admm_convex,
    admm_variants,
    admm_rate,
    admm_nonconvex,
    multiblock,
    projections,
    projections_joint,
    projections_values,
    projections_convex,
    progressive,
    geoffrion,
    run_certificates,
    performance,
)

CLAIMS: Mapping[str, Claim] = MappingProxyType(
    {claim.name: claim for module in _MODULES for claim in module.CLAIMS}
)

if len(CLAIMS) != sum(len(module.CLAIMS) for module in _MODULES):
    raise ValueError("two claims have the same name")
