"""Callbacks of trainers that call a monitor after each step of the optimiser."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from sktopo.training._monitor import TopologyMonitor
from sktopo.training._stopping import StoppingRule, check_rule

if TYPE_CHECKING:
    from typing import Any


class Follower:
    """What all callbacks do: record, save and say whether to stop.

    Parameters
    ----------
    monitor : TopologyMonitor
        What records.

    path : str, path-like or None
        Where records are saved.

    rule : StoppingRule or None
        When to stop.
    """

    def __init__(self, monitor, path, rule):
        if not isinstance(monitor, TopologyMonitor):
            raise TypeError(
                f"monitor is of type {type(monitor).__name__}; expected a "
                "TopologyMonitor."
            )
        check_rule(rule)
        if path is not None and not isinstance(path, (str, os.PathLike)):
            raise TypeError(
                f"path is of type {type(path).__name__}; expected a path or None."
            )
        self.monitor = monitor
        self.path = None if path is None else Path(path)
        self.rule = rule
        self.last_step = None

    def start(self, network, step, saves=True):
        """Begin at a step, 0 or that of the checkpoint from which a run goes on."""
        monitor = self.monitor
        is_empty = not len(monitor.steps_)
        if step and is_empty and self.path is not None and self.path.exists():
            monitor.resume(self.path)
        monitor.rewind(step)
        self.last_step = None
        return self.follow(network, step, saves)

    def follow(self, network, step, saves=True):
        """Record the network at a step; return whether to stop.

        Trainers call this after each batch, perhaps several times in a step.
        """
        if step == self.last_step:
            return False
        self.last_step = step
        if not self.monitor.record(network, step):
            return False
        if self.path is not None and saves:
            self.monitor.save(self.path)
        return self.rule is not None and self.monitor.should_stop(self.rule)


def lightning_callback(
    monitor: TopologyMonitor,
    *,
    path: str | os.PathLike[str] | None = None,
    rule: StoppingRule | None = None,
) -> Any:
    """Make a callback for Lightning that records the module after each step.

    Parameters
    ----------
    monitor : TopologyMonitor
        What records. Steps are those of the optimiser, ``trainer.global_step``, and
        step 0 is the network before training.

    path : str or path-like, default=None
        A file in which the records are saved after each record. A run that goes on from
        a checkpoint resumes them; a run that begins at step 0 begins the file anew.

    rule : StoppingRule, default=None
        Stops the run. None never does.

    Returns
    -------
    callback : lightning.pytorch.Callback
        For ``Trainer(callbacks=[...])``.

    Raises
    ------
    TypeError
        If `monitor`, `path` or `rule` is of another type.

    ImportError
        If Lightning is not installed.

    See Also
    --------
    transformers_callback : The same for the Trainer of transformers.
    skorch_callback : The same for skorch.

    Examples
    --------
    >>> from sktopo.training import lightning_callback
    >>> callback = lightning_callback(monitor, path="run.npz")  # doctest: +SKIP
    >>> Trainer(callbacks=[callback]).fit(module, loader)  # doctest: +SKIP
    """
    follower = Follower(monitor, path, rule)
    # The two packages of Lightning have classes of their own.
    is_old = "pytorch_lightning" in sys.modules and "lightning" not in sys.modules
    package = "pytorch_lightning" if is_old else "lightning"
    module = package if is_old else "lightning.pytorch"

    base = _import(module, package).Callback

    class LightningMonitor(base):  # type: ignore[misc, valid-type]
        def on_train_start(self, trainer, pl_module):
            self._call(follower.start, trainer, pl_module)

        def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
            self._call(follower.follow, trainer, pl_module)

        def _call(self, function, trainer, network):
            stops = function(network, trainer.global_step, trainer.is_global_zero)
            if rule is not None:
                decide = trainer.strategy.reduce_boolean_decision
                trainer.should_stop = trainer.should_stop or decide(stops, all=False)

        def __reduce__(self):
            return _remake, (lightning_callback, monitor, path, rule)

    return LightningMonitor()


def transformers_callback(
    monitor: TopologyMonitor,
    *,
    path: str | os.PathLike[str] | None = None,
    rule: StoppingRule | None = None,
) -> Any:
    """Make a callback for the Trainer of transformers.

    Parameters
    ----------
    monitor : TopologyMonitor
        What records. Steps are those of the optimiser, ``state.global_step``, and step
        0 is the network before training.

    path : str or path-like, default=None
        As in :func:`lightning_callback`.

    rule : StoppingRule, default=None
        Stops the run. None never does.

    Returns
    -------
    callback : transformers.TrainerCallback
        For ``Trainer(callbacks=[...])``.

    Raises
    ------
    TypeError
        If `monitor`, `path` or `rule` is of another type.

    ImportError
        If transformers is not installed.

    See Also
    --------
    lightning_callback : The same for Lightning.
    skorch_callback : The same for skorch.

    Examples
    --------
    >>> from sktopo.training import transformers_callback
    >>> callback = transformers_callback(monitor, path="run.npz")  # doctest: +SKIP
    >>> Trainer(model, callbacks=[callback]).train()  # doctest: +SKIP
    """
    follower = Follower(monitor, path, rule)

    base = _import("transformers").TrainerCallback

    class TransformersMonitor(base):  # type: ignore[misc, valid-type]
        def on_train_begin(self, args, state, control, model=None, **kwargs):
            self._call(follower.start, state, control, model)

        def on_step_end(self, args, state, control, model=None, **kwargs):
            self._call(follower.follow, state, control, model)

        def _call(self, function, state, control, network):
            if function(network, state.global_step, state.is_world_process_zero):
                control.should_training_stop = True

        def __reduce__(self):
            return _remake, (transformers_callback, monitor, path, rule)

    return TransformersMonitor()


def skorch_callback(
    monitor: TopologyMonitor,
    *,
    path: str | os.PathLike[str] | None = None,
    rule: StoppingRule | None = None,
) -> Any:
    """Make a callback for the networks of skorch.

    Parameters
    ----------
    monitor : TopologyMonitor
        What records. Steps are batches that the network was trained on, counted in its
        history, and step 0 is the network before training.

    path : str or path-like, default=None
        As in :func:`lightning_callback`.

    rule : StoppingRule, default=None
        Stops the run. None never does.

    Returns
    -------
    callback : skorch.callbacks.Callback
        For ``NeuralNet(callbacks=[...])``.

    Raises
    ------
    TypeError
        If `monitor`, `path` or `rule` is of another type.

    ImportError
        If skorch is not installed.

    See Also
    --------
    lightning_callback : The same for Lightning.
    transformers_callback : The same for the Trainer of transformers.

    Examples
    --------
    >>> from sktopo.training import skorch_callback
    >>> callback = skorch_callback(monitor, path="run.npz")  # doctest: +SKIP
    >>> NeuralNet(Module, callbacks=[callback]).fit(X, y)  # doctest: +SKIP
    """
    Follower(monitor, path, rule)

    base = _import("skorch.callbacks", "skorch").Callback

    class SkorchMonitor(base):  # type: ignore[misc, valid-type]
        def __init__(self, monitor, path, rule):
            self.monitor, self.path, self.rule = monitor, path, rule

        def on_train_begin(self, net, **kwargs):
            self.follower_ = Follower(self.monitor, self.path, self.rule)
            batches = [batch for epoch in net.history for batch in epoch["batches"]]
            self.step_ = sum("train_batch_size" in batch for batch in batches)
            self._stop_if(self.follower_.start(net.module_, self.step_))

        def on_batch_end(self, net, training=False, **kwargs):
            if training:
                self.step_ += 1
                self._stop_if(self.follower_.follow(net.module_, self.step_))

        def _stop_if(self, stops):
            if stops:  # skorch ends the training and keeps the network
                raise KeyboardInterrupt

        def __reduce__(self):
            return _remake, (skorch_callback, self.monitor, self.path, self.rule)

    return SkorchMonitor(monitor, path, rule)


def _import(module, package=None):
    """Import a module of a trainer."""
    package = package or module
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(
            f"A callback for {package} needs {package}, which could not be imported: "
            f"{error}. Install it with: pip install {package}"
        ) from error


def _remake(make, monitor, path, rule):
    """Make a callback again, from a pickle."""
    return make(monitor, path=path, rule=rule)
