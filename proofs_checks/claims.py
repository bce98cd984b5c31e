"""What is recorded of a claim: statement, hypotheses, source, check, and the mutants it must kill."""

from collections.abc import Callable
from dataclasses import dataclass

from proofs_checks.comparison import Comparison


@dataclass(frozen=True)
class Mutant:
    """A wrong version, and the proof that the check tells it from the right one.

    violated : the check of the wrong version on a pinned instance; must not hold
    control  : the check of the right version on the same instance; must hold
    """

    name: str
    violated: Callable[[], Comparison]
    control: Callable[[], Comparison]

    @property
    def killed(self) -> bool:
        """Does the check reject the wrong version and accept the right one?"""
        return self.control().holds and not self.violated().holds


@dataclass(frozen=True)
class Claim:
    """A statement and what stands behind it.

    label  : how the file's docstring, which has the proof, refers to it
    name   : how everybody else does
    source : where it is from; "derived" if it is proved there
    """

    label: str
    name: str
    statement: str
    hypotheses: tuple[str, ...]
    source: str
    check: Callable[..., Comparison]
    mutants: tuple[Mutant, ...]

    def __post_init__(self) -> None:
        if not self.mutants:
            raise ValueError(
                f"claim {self.name!r} has no mutant: a check that nothing fails is none"
            )
