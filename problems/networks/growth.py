"""The penalty that the settings name."""

from lagrange.penalties import Growing
from problems.networks.settings import Settings


def penalty(settings: Settings, sweeps: int) -> float | Growing:
    """ρ as the settings have it, for a run of so many sweeps."""
    if settings.growth == 1:
        return settings.rho
    return Growing(settings.rho, settings.growth, sweeps)
