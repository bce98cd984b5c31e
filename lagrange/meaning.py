"""What each number of a report means, and whether it is proved or only measured."""

from typing import Any, NamedTuple


class Meaning(NamedTuple):
    """A sentence, and whether the number is proved by exact recomputation."""

    text: str
    proved: bool = False

    def verdict(self, value: Any) -> str:
        """For a table."""
        if value is None:
            return "not available"
        return "proved" if self.proved else "measured"


MEANINGS = {
    "lower_bound": Meaning("no feasible point has a smaller objective", True),
    "upper_bound": Meaning("objective of the feasible point found", True),
    "gap": Meaning("(upper − lower) / |objective of the point|; 0 is proved optimality", True),
    "dual_value": Meaning(
        "Lagrangian dual at the saved multipliers, before rounding to integers", True
    ),
    "nonzeros": Meaning("nonzero entries of the saved point, counted", True),
    "items_chosen": Meaning("items of the saved point, counted", True),
    "starts": Meaning("times that a unit starts in the saved point, counted", True),
    "sites_open": Meaning("sites that send something, counted", True),
    "weights": Meaning("entries that the budget speaks of", True),
    "seconds": Meaning("wall time of the solver"),
    "steps": Meaning("finished steps"),
    "compression": Meaning("weights / nonzeros", True),
    "status": Meaning("how the run ended; optimal is proved by a gap of 0"),
    "kkt_violation": Meaning("largest violation of the optimality conditions, in floats"),
    "epochs": Meaning("epochs of training in the run"),
    "accuracy_start": Meaning("test accuracy of the dense network where the solver began"),
    "bits": Meaning("bits of all parameters in a packed file", True),
    "file_bytes": Meaning("bytes of that file, header included", True),
    "compression_bits": Meaning("32 · parameters / bits", True),
    "accuracy_dense": Meaning("test accuracy, not compressed, trained as many epochs"),
    "accuracy_one_shot": Meaning("test accuracy, that network pruned by magnitude, no retraining"),
    "accuracy_control": Meaning("test accuracy, pruned by magnitude at the start, same training"),
    "accuracy_hard": Meaning("test accuracy, solver's weights projected on the set, no retraining"),
    "accuracy_final": Meaning("test accuracy, the same after retraining with the zeros fixed"),
}
OF_A_MAXIMUM = {
    "lower_bound": Meaning("objective of the feasible point found", True),
    "upper_bound": Meaning("no feasible point has a larger objective", True),
}
CLAIMS_OF_A_BOUND = ("lower_bound", "upper_bound", "gap")


def meaning(name: str, certified: bool, sense: str = "min") -> Meaning:
    """What a reported number means; bounds are proved only in a certified run."""
    found = MEANINGS.get(name, Meaning("reported by the family"))
    if sense == "max":
        found = OF_A_MAXIMUM.get(name, found)
    if name in CLAIMS_OF_A_BOUND and not certified:
        return Meaning(found.text, False)
    return found
