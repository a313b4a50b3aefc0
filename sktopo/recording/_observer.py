"""Seeing what happens while a network runs: modules start and end, functions return.

torch is imported inside functions only.
"""

from __future__ import annotations

import contextlib
import functools
from collections import Counter

from sktopo.recording._tensors import import_torch


class Observer:
    """Is told of modules and functions of a network while it runs.

    What `on_input`, `on_output` and `on_function` return replaces what they were told
    of, unless it is None.

    Parameters
    ----------
    network : torch.nn.Module
        The network.

    names : dict
        The names of its modules.

    stop : StopSignal
        Stops the network if it is set.
    """

    def __init__(self, network, names, stop):
        self.network = network
        self.names = names
        self.stop = stop
        #: The inputs that the network is shown now.
        self.batch = None
        #: Errors that are not the network's, although it may have passed them on.
        self.errors = []
        #: How often each module, by its name, ran and called each function.
        self.n_calls = Counter()
        self._running = []
        # What the observer itself does with tensors is not the network's.
        self._is_busy = False

    def begin(self, batch):
        """Prepare for a run of the network on a batch."""
        self.batch = batch
        self.n_calls.clear()
        self._running.clear()
        self._is_busy = False

    def on_input(self, module, args, kwargs):
        """Take what goes into a module, before it runs."""

    def on_output(self, module, output):
        """Take what a module returned."""

    def on_function(self, module, function, result):
        """Take what a function of torch returned that runs inside a module."""

    def count_call(self, module, source):
        """Return the number of this event on the stimuli that are shown now."""
        key = self.names[module], source
        self.n_calls[key] += 1
        return self.n_calls[key] - 1

    def fail(self, message):
        """Return an error that is not the network's."""
        error = ValueError(message)
        self.errors.append(error)
        return error

    @contextlib.contextmanager
    def attached(self, modules, watches_functions):
        """Be told of `modules`, and if `watches_functions` of functions in all modules.

        Functions are told with the innermost module that runs. All other modules of
        the network without parts look whether the network should stop.
        """
        everything = list(self.network.modules())
        followed = set(everything if watches_functions else modules)
        with contextlib.ExitStack() as stack:
            for module in everything:
                is_leaf = next(module.children(), None) is None
                if module in followed:
                    before = LocalHook(self._start)
                    hook = module.register_forward_pre_hook(before, with_kwargs=True)
                    stack.callback(hook.remove)
                    after = LocalHook(self._end)
                    stack.callback(module.register_forward_hook(after).remove)
                elif is_leaf:
                    check = LocalHook(self._check)
                    stack.callback(module.register_forward_hook(check).remove)
            if watches_functions:
                stack.enter_context(_function_mode_class()(self._return))
            yield

    def _check(self, *_):
        self.stop.check()

    def _start(self, module, args, kwargs):
        self.stop.check()
        self._running.append(module)
        return self._call(self.on_input, module, args, kwargs)

    def _end(self, module, args, output):
        self.stop.check()
        # A network may have caught what a part of it raised.
        while self._running and self._running.pop() is not module:
            pass
        return self._call(self.on_output, module, output)

    def _return(self, function, result):
        if self._is_busy or not self._running:
            return None
        self.stop.check()
        name = getattr(function, "__name__", "").removesuffix("_")
        return self._call(self.on_function, self._running[-1], name, result)

    def _call(self, function, *args):
        """Call a function, and keep what it raises."""
        self._is_busy = True
        try:
            return function(*args)
        except ValueError as error:
            self.errors.append(error)
            raise
        finally:
            self._is_busy = False


class SiteObserver(Observer):
    """Is told of some modules and functions only: those at recorded sites.

    Parameters
    ----------
    network, names, stop : object
        As in `Observer`.

    sites : list of RecordedSite
        The sites.
    """

    def __init__(self, network, names, stop, sites):
        super().__init__(network, names, stop)
        #: The names of modules, and what happens in them at the sites.
        self.watched = {site.key[:2] for site in sites}

    @property
    def modules(self):
        """Return the modules at the sites."""
        watched = {name for name, _ in self.watched}
        return [module for module, name in self.names.items() if name in watched]

    @property
    def watches_functions(self):
        """Return whether there are results of functions among the sites."""
        return any(source not in ("input", "output") for _, source in self.watched)


class LocalHook:
    """A hook that does nothing in copies of its module.

    Dask may send a network to another worker while it is recorded in this one.
    """

    def __init__(self, function=None):
        self.function = function

    def __call__(self, *args):
        return None if self.function is None else self.function(*args)

    def __reduce__(self):
        """Pickle and copy as a hook without a function."""
        return LocalHook, ()


@functools.cache
def _function_mode_class():
    """Return a class of contexts in which functions of torch are observed.

    It is made once: a class refers to itself, so that what its methods refer to, such
    as a network, would stay in memory until the garbage collector comes.
    """
    torch = import_torch()

    class FunctionMode(torch.overrides.TorchFunctionMode):
        def __init__(self, observe):
            super().__init__()
            self.observe = observe

        def __torch_function__(self, func, types, args=(), kwargs=None):
            result = func(*args, **(kwargs or {}))
            replacement = self.observe(func, result)
            return result if replacement is None else replacement

    return FunctionMode
