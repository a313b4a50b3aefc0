"""Recording all samples: what is planned when, where results go, and on how many jobs.

Networks that are built already are all planned before the first is recorded, so that
mistakes are found before work is lost. Networks that are built when they are needed
are planned and recorded in one visit, and then forgotten.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import count, repeat

import numpy as np
from joblib import effective_n_jobs

from sktopo._utils.caller import warn_caller
from sktopo._utils.interrupts import StopSignal, stop_other_threads
from sktopo._utils.memory import check_memory
from sktopo._utils.parallel import run_parallel
from sktopo.recording._recorder import Recorder


def plan_samples(samples, options, is_fitted=False):
    """Return the plans of all samples, or of the first one if they are lazy.

    Raises if an entry of `layers` matches none of them, unless that `is_fitted`.
    """
    if samples.is_lazy:
        return [Recorder(next(iter(samples.items)).build(), options).plan()]
    plans = [Recorder(sample, options).plan() for sample in samples.items]
    if not plans or is_fitted:  # no plans: recorded activations
        return plans
    idle = _describe_idle_layers(plans, options)
    if idle:
        raise ValueError(f"{idle} Leave it out, or correct its name.")
    return plans


def record_planned(samples, options, plans, *, as_stack, n_jobs, verbose):
    """Record samples that have plans; return a list of arrays, or one array.

    An array of shape (n_samples, n_rows, n_nodes) is returned if `as_stack` and if the
    samples have one shape.
    """
    shapes = [(plan.n_rows, plan.n_nodes) for plan in plans]
    dtype = samples.dtype
    if dtype is None:
        dtype = np.result_type(*(plan.dtype for plan in plans))
    activations = _make_empty(shapes, dtype, as_stack and len(set(shapes)) == 1)
    outs = list(activations)
    in_turn = _is_in_turn(samples, n_jobs)
    sent = outs if in_turn else [(out.shape, out.dtype) for out in outs]
    recorded = _run(samples, options, plans, sent, in_turn, n_jobs, verbose)
    for out, (_, result) in zip(outs, recorded, strict=True):
        if result is not out:
            out[:] = result
    return activations


def record_lazy(samples, options, *, n_jobs, verbose):
    """Build, plan and record each sample in turn; return activations and plans.

    The activations are an array of shape (n_samples, n_rows, n_nodes), or a list of
    arrays if samples differ in their shapes.
    """
    in_turn = _is_in_turn(samples, n_jobs)
    # Other processes, perhaps on other machines, hold their own sample only.
    copies = _count_copies(samples.n_items) if in_turn else repeat(1)
    recorded = _run(samples, options, repeat(None), copies, in_turn, n_jobs, verbose)
    results, plans = _Results(samples.n_items), []
    for plan, activations in recorded:
        plans.append(plan)
        results.add(activations)
    idle = _describe_idle_layers(plans, options)
    if idle:
        warn_caller(idle)
    return results.finish(), plans


def _is_in_turn(samples, n_jobs):
    """Return whether samples are recorded one after the other in this process."""
    return samples.n_items == 1 or (n_jobs or effective_n_jobs(None)) == 1


def _run(samples, options, plans, outs, in_turn, n_jobs, verbose):
    """Yield the plan and the activations of each sample, in parallel where asked."""
    # Workers get what all samples share once, and not with each sample.
    remove = partial(replace, **dict.fromkeys(samples.shared))
    # zip would keep the last sample while the next is built.
    items = map(_make_item, map(remove, samples.items), plans, outs)
    stop = StopSignal()
    try:
        yield from run_parallel(
            record_sample,
            items if samples.is_lazy else list(items),
            shared=(samples.shared, options, stop),
            n_jobs=1 if in_turn else n_jobs,
            verbose=verbose,
            description="activations",
            total=samples.n_items,
            one_per_job=samples.is_lazy,
        )
    except BaseException:
        # joblib leaves threads that are recording a network to themselves.
        stop_other_threads(stop)
        raise


def _make_item(sample, plan, out):
    return sample, plan, out


def record_sample(sample, plan, out, shared, options, stop):
    """Record one sample, perhaps in another process.

    `plan` is None if the network is to be built and planned first. `out` is then for
    how many arrays of its size there must be memory, else the array to write to, or the
    shape and dtype of a new one. `shared` holds the fields of `sample` that were sent
    apart from it. `stop` is a `StopSignal`. Returns the plan and the array.
    """
    sample = replace(sample, **shared)
    if plan is None:
        sample = sample.build()
        plan = Recorder(sample, options, stop).plan()
        shape = plan.n_rows, plan.n_nodes
        _check_size([shape] * out, plan.dtype)
        out = shape, plan.dtype
    if isinstance(out, tuple):
        out = np.empty(*out)
    Recorder(sample, options, stop).run(plan, out)
    return plan, out


def _count_copies(n_samples):
    """Yield for how many arrays of the size of each sample there must be memory.

    Beside its own, these are the samples of the result that is made with the first of
    them or, if their number is not known, out of all at the end.
    """
    if n_samples is None:
        yield from count(2)
    yield 1 + n_samples
    yield from repeat(1)


class _Results:
    """Collects the activations of samples, whose shapes are not known before."""

    def __init__(self, n_samples):
        self.n_samples = n_samples
        self.tables = []
        self.stack = None

    def add(self, table):
        """Add the activations of the next sample."""
        place = len(self.tables)
        if place == 0 and self.n_samples is not None:
            shape = [table.shape] * self.n_samples
            self.stack = _make_empty(shape, table.dtype, is_stack=True)
        if self.stack is not None:
            is_alike = table.shape == self.stack.shape[1:]
            if is_alike and table.dtype == self.stack.dtype and place < len(self.stack):
                self.stack[place] = table
                table = self.stack[place]
            else:
                self.stack = None
        self.tables.append(table)

    def finish(self):
        """Return an array (n_samples, n_rows, n_nodes) or a list of arrays."""
        tables = self.tables
        if self.stack is not None and len(self.stack) == len(tables):
            return self.stack
        dtype = np.result_type(*tables)
        shapes = [table.shape for table in tables]
        result = _make_empty(shapes, dtype, is_stack=len(set(shapes)) == 1)
        for out, table in zip(result, tables, strict=True):
            out[:] = table
        return result


def _describe_idle_layers(plans, options):
    """Say which entries of `layers` matched no network; "" if all matched one."""
    layers = options.layers
    entries = layers if isinstance(layers, (list, tuple)) else [layers]
    matched = set().union(*(plan.matched for plan in plans))
    idle = [entry for index, entry in enumerate(entries) if index not in matched]
    if not idle:
        return ""
    networks = "network" if len(plans) == 1 else f"{len(plans)} networks in X"
    said = " or ".join(map(repr, idle))
    return f"No layer of the {networks} matches {said}, given in layers=."


def _make_empty(shapes, dtype, is_stack):
    """Make arrays of the shapes, one or, if `is_stack`, all in one array."""
    _check_size(shapes, dtype)
    try:
        if is_stack:
            return np.empty((len(shapes), *shapes[0]), dtype=dtype)
        return [np.empty(shape, dtype=dtype) for shape in shapes]
    except MemoryError as error:
        raise MemoryError(
            f"The activations of {len(shapes)} samples do not fit into memory "
            f"({error}). Transform fewer samples at once, show fewer stimuli or record "
            "fewer layers."
        ) from error


def _check_size(shapes, dtype):
    """Raise a MemoryError if arrays of the shapes do not fit in memory."""
    itemsize = np.dtype(dtype).itemsize
    n_bytes = itemsize * sum(n_rows * n_nodes for n_rows, n_nodes in shapes)
    n_nodes = max(n_nodes for _, n_nodes in shapes)
    check_memory("ActivationExtractor", n_bytes, n_nodes)
