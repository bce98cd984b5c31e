"""A session on paper: its checkpoint, and what must be the same where one is gone on from."""

from collections.abc import Mapping
from typing import Any, cast

from lagrange.nn.checkpoint import classes_in, decode, encode
from lagrange.nn.conversation import Conversation
from lagrange.nn.fingerprints import described, digests, first_difference
from lagrange.nn.rest import recalled, recorded
from lagrange.nn.split import sets_of
from lagrange.nn.targets import Targets
from lagrange.nn.usage import Usage
from lagrange.state import State

FORMAT = 3  # of the state dict


def state_dict(talk: Conversation, targets: Targets, usage: Usage) -> dict[str, Any]:
    """Tensors and JSON-able values: state, trace and usage, and what they belong to."""
    return {
        "format": FORMAT,
        "targets": list(targets),
        "weights": digests(targets),
        "settings": _settings(talk),
        "state": encode(recorded(talk.state)),
        "trace": encode(list(talk.trace)),
        "usage": usage.state_dict(),
    }


def load_state_dict(
    saved: Mapping[str, Any], talk: Conversation, targets: Targets, usage: Usage
) -> None:
    """Puts the conversation and the usage where they were."""
    _require_same(saved, talk, targets)
    state = cast("State[Any]", recalled(decode(saved["state"], set(classes_in(talk.state)))))
    talk.resume(state, decode(saved["trace"]))
    usage.load_state_dict(saved["usage"])


def _require_same(saved: Mapping[str, Any], talk: Conversation, targets: Targets) -> None:
    """Format and targets, settings, weights."""
    if saved.get("format") != FORMAT or saved.get("targets") != list(targets):
        raise ValueError(
            f"the checkpoint has format {saved.get('format')} and targets {saved.get('targets')}, this "
            f"session {FORMAT} and {list(targets)}"
        )
    changed = first_difference(saved["settings"], _settings(talk), "session")
    if changed is not None:
        raise ValueError(
            f"the checkpoint is of a session with other settings: {changed}. Make the session as it "
            "was when the checkpoint was taken (change_sets included); to go on with other settings, "
            "begin a new session on the weights as they are"
        )
    apart = [name for name, found in digests(targets).items() if saved["weights"][name] != found]
    if apart:
        raise ValueError(
            f"the weights of {apart} are not those that the checkpoint was taken with: load the state "
            "dict of the model, saved with it, before that of the session"
        )


def _settings(talk: Conversation) -> dict[str, Any]:
    sets = [block.members for block in sets_of(talk.problem)]
    return {"solver": described(talk.solver), "sets": described(sets)}
