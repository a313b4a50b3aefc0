"""Which parts of a network are recorded: names, patterns, types and callables.

torch is not imported: modules are recognised by where their classes are defined.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

# What torch.compile and PEFT put in front of the names of the modules they wrap.
_COMPILED = re.compile(r"(^|(?<=\.))_orig_mod(\.|$)")
_ADAPTED = re.compile(r"^base_model\.model(\.|$)")


@dataclass
class Entry:
    """One entry of `layers` and the modules of a network that it matches.

    index : place in `layers`.
    text : the entry as it was given.
    part : what is recorded of the modules. "" is their output, "input" what goes into
        them; another word is a function that they call, or an entry of their output.
    call : number of the call that is recorded, from 0; None for all.
    is_exact : whether the entry is the name of one module.
    modules : the matched modules, and the name by which each was matched.
    """

    index: int
    text: str
    part: str = ""
    call: int | None = None
    is_exact: bool = False
    modules: dict[Any, str] = field(default_factory=dict)


class Selection:
    """The parts of one network that `layers` selects.

    Parameters
    ----------
    network : torch.nn.Module
        The network, without wrappers that only distribute or compile it.

    layers : object
        The parameter of `ActivationExtractor`.

    sample : str
        Name of the sample, for errors.

    Attributes
    ----------
    names : dict
        The name of each module that is used for it in node names.

    entries : list of Entry
        What is selected; empty if `is_default`.

    is_default : bool
        Whether all activation functions are recorded.
    """

    def __init__(self, network, layers, sample):
        self.sample = sample
        named = _name_modules(network, sample)
        # Wrappers are not recorded, but are among the modules that run.
        self.names = dict.fromkeys(network.modules(), "wrapper")
        self.names.update(_give_names(named, named))
        self.is_default = layers is None
        self.entries = []
        if not self.is_default:
            entries = _list_entries(layers, network, sample)
            self.entries = [
                _match(entry, index, named, type(network).__name__)
                for index, entry in enumerate(entries)
            ]
            self._check_matches(named)
            # A module with two names is recorded under the first one that matched.
            for entry in reversed(self.entries):
                self.names.update(entry.modules)

    def find_entries(self, module):
        """Return the entries that match a module."""
        return [entry for entry in self.entries if module in entry.modules]

    def _check_matches(self, named):
        """Raise if no entry matches a module."""
        if any(entry.modules for entry in self.entries):
            return
        texts = [entry.text for entry in self.entries]
        close = [
            match
            for text in texts
            for match in difflib.get_close_matches(text.partition(":")[0], named, n=3)
        ]
        hint = f" Did you mean {' or '.join(map(repr, close[:3]))}?" if close else ""
        raise ValueError(
            f"{self.sample}: No layer of the network matches "
            f"{' or '.join(map(repr, texts))}.{hint} Name layers among: "
            f"{list_some(name for name in named if name)}."
        )


def list_some(names, n=30):
    """Join names for an error, the first `n` of them."""
    names = list(names)
    return ", ".join(names[:n]) + (", ..." if len(names) > n else "")


def _name_modules(network, sample):
    """Return the modules of a network by name, without the names of wrappers."""
    try:
        pairs = list(network.named_modules(remove_duplicate=False))
    except RecursionError as error:
        raise ValueError(f"{sample}: the network contains itself.") from error
    is_adapted = [name for name, _ in network.named_children()] == ["base_model"]
    named = {}
    for name, module in pairs:
        name = _COMPILED.sub("", name)
        if is_adapted:
            name = _ADAPTED.sub("", name)
        # A wrapper gets the name of what it wraps, which comes later and replaces it.
        named[name.rstrip(".")] = module
    return named


def _list_entries(layers, network, sample):
    """Return the entries of `layers` for one network as a list."""
    if callable(layers) and not isinstance(layers, type):
        try:
            layers = layers(network)
        except Exception as error:
            raise ValueError(
                f"{sample}: layers= was called with the network and raised "
                f"{type(error).__name__}: {error}. Expected names, a type, or a "
                "function of a network that returns names."
            ) from error
    entries = list(layers) if isinstance(layers, (list, tuple)) else [layers]
    if not entries:
        raise ValueError(
            f"layers={layers!r} must hold names, patterns or module types, or be None "
            "for the default."
        )
    for entry in entries:
        if not isinstance(entry, (str, type)):
            hint = " Put them in a list." if isinstance(entry, Iterable) else ""
            raise ValueError(
                f"layers must hold names, patterns or module types, got {entry!r}."
                + hint
            )
    return entries


def _match(entry, index, named, root):
    """Return the `Entry` of one entry of `layers`; `root` is the network's class."""
    if isinstance(entry, type):
        found = [name for name, module in named.items() if isinstance(module, entry)]
        return Entry(index, entry.__name__, modules=_give_names(found, named))
    path, number = re.fullmatch(r"(.*?)(?:#(\d+))?", entry, re.DOTALL).groups()
    target, _, part = (entry, "", "") if entry in named else path.partition(":")
    call = int(number) - 1 if number else None
    # The output of the network itself is labelled with the name of its class.
    name = "" if target == root and target not in named else target
    is_exact = name in named
    try:
        matches = re.compile(_translate(target)).fullmatch
    except re.error as error:
        raise ValueError(
            f"layers holds {entry!r}, which is not a pattern of names: {error}."
        ) from error
    found = [name] if is_exact else [name for name in named if name and matches(name)]
    return Entry(index, entry, part, call, is_exact, _give_names(found, named))


def _give_names(found, named):
    """Return the modules of the names `found`, each with the first of its names."""
    return {named[name]: name for name in reversed(list(found))}


def _translate(pattern):
    """Return the regular expression of a pattern of module names.

    ``*`` and ``?`` stay within one part between dots, ``**`` and a leading ``*.``
    cross them.
    """
    head = ""
    if pattern.startswith(("*.", "**.")):
        head, pattern = r"(?:.*\.)?", pattern.partition(".")[2]
    parts = re.split(r"(\*\*|\*|\?|\[[^]]+\])", pattern)
    wild = {"**": ".*", "*": r"[^.]*", "?": r"[^.]"}
    for index, part in enumerate(parts):
        if index % 2 == 0:
            parts[index] = re.escape(part)
        elif part.startswith("["):
            characters = re.escape(part[1:-1].removeprefix("!")).replace(r"\-", "-")
            parts[index] = f"[{'^' * part.startswith('[!')}{characters}]"
        else:
            parts[index] = wild[part]
    return head + "".join(parts)
