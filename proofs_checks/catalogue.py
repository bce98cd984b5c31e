"""All claims by name."""

from collections.abc import Mapping
from types import MappingProxyType

from proofs_checks import duality, multiblock, step_constants, subgradient_rates, surrogate_values
from proofs_checks.claims import Claim

_MODULES = (duality, surrogate_values, step_constants, subgradient_rates, multiblock)

CLAIMS: Mapping[str, Claim] = MappingProxyType(
    {claim.name: claim for module in _MODULES for claim in module.CLAIMS}
)

if len(CLAIMS) != sum(len(module.CLAIMS) for module in _MODULES):
    raise ValueError("two claims have the same name")
