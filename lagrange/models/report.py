"""What taking a model apart found: its parts, their sizes, and whether it is worth while."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One connected component once the coupling rows are gone; counts are of scalars."""

    name: str
    variables: int
    constraints: int


@dataclass(frozen=True)
class SplitReport:
    """The parts, largest first, and the number of scalar coupling rows that tie them."""

    parts: tuple[Part, ...]
    coupling_rows: int

    @property
    def variables(self) -> int:
        """Scalar variables in all."""
        return sum(part.variables for part in self.parts)

    @property
    def worthwhile(self) -> bool:
        """Is there anything to gain: two parts or more, none of which is nearly everything?"""
        return len(self.parts) > 1 and self.parts[0].variables <= 0.9 * self.variables

    @property
    def advice(self) -> str:
        """One sentence on whether to decompose."""
        if len(self.parts) == 1:
            return (
                "the relaxed constraints leave one block: nothing falls apart; solve the model "
                "directly or relax other constraints"
            )
        if not self.worthwhile:
            return (
                f"part {self.parts[0].name!r} holds {self.parts[0].variables} of "
                f"{self.variables} variables: decomposing will hardly pay"
            )
        if self.coupling_rows > self.variables:
            return (
                f"{self.coupling_rows} coupling rows tie only {self.variables} variables: "
                "expect many steps"
            )
        return (
            f"{len(self.parts)} blocks are tied by {self.coupling_rows} coupling rows: "
            "decomposing is reasonable"
        )

    def __str__(self) -> str:
        lines = [self.advice]
        lines += [
            f"  {p.name}: {p.variables} variables, {p.constraints} constraints" for p in self.parts
        ]
        return "\n".join(lines)
