"""What a network's ``forward`` takes.

torch is not imported.
"""

from __future__ import annotations

import difflib
import inspect

_VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
# Attributes in which wrappers (torch.compile, DataParallel, PEFT) keep the network.
_WRAPPED = ("_orig_mod", "module", "base_model", "model")
_LONGEST = 8


def find_parameters(network):
    """Return the parameters of a network's forward, a dict by name.

    A wrapper whose forward takes anything has those of the network in it.
    """
    while True:
        parameters = dict(inspect.signature(network.forward).parameters)
        if any(p.kind not in _VARIABLE for p in parameters.values()):
            return parameters
        inner = (getattr(network, name, None) for name in _WRAPPED)
        found = [module for module in inner if hasattr(module, "forward")]
        if not found:
            return parameters
        network = found[0]


def describe_forward(network):
    """Return the signature of a network's forward for messages, without types."""
    parameters = list(find_parameters(network).values())
    shown = [str(p.replace(annotation=p.empty)) for p in parameters[:_LONGEST]]
    if len(parameters) > _LONGEST:
        shown.append("...")
    return f"forward({', '.join(shown)})"


def takes(network, name):
    """Return whether a network's forward has a parameter of this name."""
    parameter = find_parameters(network).get(name)
    return parameter is not None and parameter.kind not in _VARIABLE


def takes_any_keyword(network):
    """Return whether a network's forward takes keywords of any name."""
    kinds = [p.kind for p in find_parameters(network).values()]
    return inspect.Parameter.VAR_KEYWORD in kinds


def count_required(network):
    """Return how many inputs a network's forward needs by position, at least one."""
    required = [
        p
        for p in find_parameters(network).values()
        if p.default is p.empty
        and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    return max(len(required), 1)


def find_misfit(network, n_positional, keywords):
    """Return why a network's forward does not take inputs, None if it does."""
    parameters = find_parameters(network)
    named = [key for key in keywords if takes(network, key)]
    if keywords and not named and any(takes(network, key) for key in parameters):
        return f"it has none of the parameters {', '.join(map(repr, keywords))}."
    for key in keywords:
        # Networks that take anything would not notice that a name is misspelt.
        others = [name for name in parameters if name not in keywords]
        close = difflib.get_close_matches(key, others, n=1, cutoff=0.85)
        if key not in named and close:
            return f"{key!r} is not a parameter of it, did you mean {close[0]!r}?"
    signature = inspect.Signature(
        [p.replace(annotation=p.empty) for p in parameters.values()]
    )
    try:
        signature.bind(*[None] * n_positional, **dict.fromkeys(keywords))
    except TypeError as error:
        return f"{error}."
    return None
