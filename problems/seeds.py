"""The seed of a family, checked at the door."""


def require_seed(seed: int) -> None:
    """Refuse a seed that the generators of random numbers do not take."""
    if seed < 0:
        raise ValueError(f"seed must be a whole number ≥ 0, got {seed}")
