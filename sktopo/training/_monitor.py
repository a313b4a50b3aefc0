"""The topology of a network while it trains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sktopo._samplewise import SampleWise
from sktopo._samplewise._items import name_errors
from sktopo._utils.parameters import check_integer
from sktopo.barcodes._profile_blocks import read_scopes
from sktopo.recording import Checkpoints
from sktopo.recording._inputs import read_inputs
from sktopo.training._network_rows import NetworkRows
from sktopo.training._records import Records, check_step, order_steps
from sktopo.training._scalars import make_run_table, measure_changes
from sktopo.training._stopping import StoppingRule, check_rule
from sktopo.training._storage import copy_stimuli, describe_setting, digest_stimuli
from sktopo.training._undisturbed import undisturbed

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from typing import Any, Literal, Self

    import torch
    from numpy.typing import ArrayLike

    from sktopo._typing import (
        FloatArray,
        IntArray,
        Layers,
        MemoryLike,
        Network,
        Reduce,
        Stimuli,
        Table,
    )

# Changes when files of an older version would mean something else.
_VERSION = 1
_SETTINGS = (
    "layers",
    "profiles",
    "n_quantiles",
    "reduce",
    "mask",
    "channel_axis",
    "max_nodes",
    "random_state",
)


class TopologyMonitor:
    r"""Follow the topology of a network while it trains.

    Call `record` anywhere in a training loop. It shows the network fixed stimuli,
    computes the barcodes of its functional connectome, of each layer and of all layers
    together, and keeps them as Wasserstein rows; activations are not kept. `table`
    returns scalars, `should_stop` applies a stopping rule, and `save` and `resume`
    carry the records over a restart. `record_checkpoints` does the same for networks
    in files.

    Recording does not change the run: weights, buffers, gradients, training mode,
    hooks, attributes of modules and the random numbers of torch (on all devices), NumPy
    and Python are afterwards as before. It may be called at any point of a step.

    Parameters
    ----------
    stimuli : array-like, tensor, tuple, list, mapping or iterable
        What the network is shown at each record, see
        :class:`~sktopo.ActivationExtractor`; a few hundred inputs that the network is
        not trained on. Labels are not needed. Arrays and tensors are copied.

    layers : None, str, type, callable, or sequence of str and type, default=None
        What is recorded, see :class:`~sktopo.ActivationExtractor`. None takes all
        activation functions.

    every : int, default=1
        Only steps that are multiples of this number are recorded.

    profiles : sequence of str, default=None
        The profiles of each graph, see :class:`~sktopo.GraphProfiles`. None stands for
        births and deaths. These are computed without a matrix of weights, for any
        number of nodes.

    reference : torch.nn.Module or callable, default=None
        A network to which distances are measured, such as the trained one, or a
        function that builds it. It is recorded at the first record, and its row is
        saved and resumed with the others: a run that goes on keeps the reference that
        it began with.

    n_quantiles : int, default=200
        Each profile is kept as this many averages of its quantile function, see
        :func:`~sktopo.barcodes.quantile_vectors`.

    reduce : str or callable, default="mean"
        How outputs of convolutions and of layers on tokens become nodes, see
        :class:`~sktopo.ActivationExtractor`.

    mask : "auto", None or array-like of shape (n_stimuli, n_positions), default="auto"
        Which positions of the stimuli count, see :class:`~sktopo.ActivationExtractor`.

    channel_axis : "auto" or int, default="auto"
        Axis of the channels, see :class:`~sktopo.ActivationExtractor`.

    batch_size : "auto" or int, default="auto"
        Largest number of stimuli shown at once.

    max_nodes : int, default=None
        Keep a random part of the nodes, this many in all.

    random_state : int, default=0
        Chooses the nodes that `max_nodes` keeps.

    Attributes
    ----------
    rows_ : ndarray of shape (n_records, n_columns)
        Wasserstein rows, float32 or float64 as the activations.

    steps_ : ndarray of shape (n_records,)
        The step of each record, ascending.

    layer_slices_ : dict of str to slice
        The columns of rows that describe ``"all layers"`` together, and each layer.
        Layers of fewer than three nodes have no columns of their own, and a single
        layer is not listed twice.

    See Also
    --------
    StoppingRule : Stops a run when its rows hardly move any more.
    sktopo.recording.Checkpoints : Networks in files.

    Notes
    -----
    *Scalars.* The rows of a layer consist of profiles, here births and deaths. Each is
    a quantile function with a mean m and a standard deviation s, in units of the
    weights. For two records with quantile functions that correlate by :math:`\rho`,

    .. math:: W_2^2 = (m - m')^2 + (s - s')^2 + 2 s s' (1 - \rho)

    exactly, see :func:`~sktopo.barcodes.decompose_distance`. Each of the three parts is
    added up over the profiles. The columns of `table`:

    - `level` and `scale`: m and s, each averaged over the profiles;
      ``births_level``, ``births_scale`` and so on are those of one profile
    - `change`: the distance W2 from the record before (NaN at the first)
    - `level_change`, `scale_change`, `shape_change`: the roots of the three parts of
      its square, so that the sum of their squares is the square of `change`
    - `travelled`: the sum of all changes so far, the length of the path of rows
    - `from_first`, `to_last`, `to_reference`: the distance W2 from the first record, to
      the last record and to `reference` (only if that was given)
    - `n_constant`: the number of units that are constant over the stimuli, such as dead
      ones; their weights are 0

    Divide changes by the differences of `step` for a change per step.

    *Averages.* Averages of a quantile function have its mean, and at most its
    deviation. Distances between rows are never larger than those between the complete
    profiles.

    *Cost.* A record takes one pass over the stimuli, a trial with a few of them, and
    time for the graphs that grows with the square of the number of nodes.
    ``python -m benchmarks.monitor`` compares it with an epoch.

    Examples
    --------
    >>> import torch
    >>> from sktopo.training import TopologyMonitor
    >>> _ = torch.manual_seed(0)
    >>> network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU())
    >>> monitor = TopologyMonitor(torch.randn(50, 4), every=10)
    >>> [monitor.record(network, step) for step in range(3)]
    [True, False, False]
    >>> monitor.rows_.shape
    (1, 400)
    >>> monitor.layer_slices_
    {'all layers': slice(0, 400, None)}
    """

    def __init__(
        self,
        stimuli: Stimuli,
        layers: Layers = None,
        *,
        every: int = 1,
        profiles: Sequence[str] | None = None,
        reference: Network | None = None,
        n_quantiles: int = 200,
        reduce: Reduce = "mean",
        mask: ArrayLike | Literal["auto"] | None = "auto",
        channel_axis: int | Literal["auto"] = "auto",
        batch_size: int | Literal["auto"] = "auto",
        max_nodes: int | None = None,
        random_state: int = 0,
    ) -> None:
        if profiles is None:
            profiles = ("births", "deaths")
        read_scopes(profiles, has_groups=False)
        check_integer("every", every, 1)
        check_integer("n_quantiles", n_quantiles, 1)
        check_integer("random_state", random_state, 0)
        with undisturbed(None):
            read_inputs(stimuli, "stimuli", mask)
        self.every = every
        self.reference = reference
        self._extractor: NetworkRows | None = NetworkRows(
            copy_stimuli(stimuli),
            layers,
            profiles=tuple(profiles),
            n_quantiles=int(n_quantiles),
            reduce=reduce,
            mask=mask,
            channel_axis=channel_axis,
            batch_size=batch_size,
            max_nodes=max_nodes,
            random_state=int(random_state),
        )
        self._settings: dict[str, Any] | None = None
        self._records = Records()

    @property
    def rows_(self) -> FloatArray:
        """Wasserstein rows, an array (n_records, n_columns)."""
        layout = self._records.layout
        if layout is None or not self._records.rows:
            return np.empty((0, 0))
        rows: FloatArray = np.stack(self._records.rows)
        return rows[:, : layout.n_columns]

    @property
    def steps_(self) -> IntArray:
        """The step of each record, an array (n_records,)."""
        return np.array(self._records.steps, dtype=np.int64)

    @property
    def layer_slices_(self) -> dict[str, slice]:
        """The columns of rows that describe all layers, and each layer."""
        layout = self._records.layout
        return {} if layout is None else layout.slices

    def record(self, network: torch.nn.Module, step: int | None = None) -> bool:
        """Record a network, if its step is a multiple of `every`.

        Parameters
        ----------
        network : torch.nn.Module
            The network as it is now; it is left as it is.

        step : int, default=None
            The step of training, at least 0 and above all that were recorded. None
            counts the calls, from 0 or from the step of the last call.

        Returns
        -------
        is_recorded : bool
            Whether the network was recorded.

        Raises
        ------
        TypeError, ValueError, MemoryError, ImportError
            As :class:`~sktopo.ActivationExtractor`; also a ValueError if the step is
            not above the last one, or the network has other layers than those before.
            There is then no new record.
        """
        step = self._records.read_step(step)
        if step % self.every:
            self._records.next_step = step + 1
            return False
        self._check_stimuli()
        with name_errors(f"Step {step}"), undisturbed(network):
            self._add_reference()
            row, layout = self._compute(network)
            self._records.add([row], [step], layout)
        return True

    def record_checkpoints(
        self,
        checkpoints: Checkpoints | Sequence[Network],
        *,
        steps: Sequence[int] | None = None,
        n_jobs: int | None = None,
        memory: MemoryLike = None,
        verbose: bool = False,
    ) -> Self:
        """Record networks in files, such as all checkpoints of a run.

        One network per job is in memory at a time. All are recorded, whatever `every`
        is.

        Parameters
        ----------
        checkpoints : Checkpoints or sequence
            Networks, or functions without arguments that build one.

        steps : sequence of int, default=None
            The step of each. None reads them from the names of checkpoints. Records are
            sorted by step.

        n_jobs : int or None, default=None
            Number of networks to record at once, see :class:`~sktopo.SampleWise`.

        memory : str, joblib.Memory or None, default=None
            A folder in which the row of each network is kept, so that a run that was
            stopped goes on where it was.

        verbose : bool, default=False
            Whether to show a progress bar (needs tqdm).

        Returns
        -------
        self : TopologyMonitor
            The monitor with the records.

        Raises
        ------
        TypeError, ValueError, MemoryError, ImportError
            As `record`; also a ValueError if steps are missing or not different. There
            are then no new records.
        """
        self._check_stimuli()
        order, steps = order_steps(checkpoints, steps)
        self._records.read_step(steps[0])
        if isinstance(checkpoints, Checkpoints):
            chosen: Checkpoints | list[Network] = checkpoints[order]
        else:
            chosen = [checkpoints[i] for i in order]
        rows = SampleWise(
            self._extractor, n_jobs=n_jobs, memory=memory, verbose=verbose
        )
        with undisturbed(None):
            self._add_reference()
            found = rows.fit_transform(chosen)
        if isinstance(found, list):
            raise ValueError(
                "The checkpoints differ in their layers; those of a run have the same."
            )
        self._records.add(list(found), steps, rows.transformer_.layout_)
        return self

    def rewind(self, step: int) -> Self:
        """Forget the records at a step and after it.

        A run that goes on from an older checkpoint than the last record repeats the
        steps in between.

        Parameters
        ----------
        step : int
            The first step that will be recorded again, at least 0.

        Returns
        -------
        self : TopologyMonitor
            The monitor with the records before this step.
        """
        check_step("step", step)
        self._records.rewind(int(step))
        return self

    def table(self, run: object = 0) -> Table:
        """Return the scalars of each record and layer, in long form.

        Parameters
        ----------
        run : object, default=0
            What the column `run` holds, a number or a name.

        Returns
        -------
        table : pandas.DataFrame
            A row for each step and layer, by step. Columns: `run`, `step`, `layer`, and
            the scalars that the notes of the class define.

        Raises
        ------
        ValueError
            If there are no records.

        ImportError
            If pandas is not installed (``pip install 'sktopo[tables]'``).
        """
        if not self._records.rows:
            raise ValueError("The monitor has no records; call record first.")
        return make_run_table(self._records, run)

    def should_stop(self, rule: StoppingRule | None = None) -> bool:
        """Return whether training should stop at the last record.

        Parameters
        ----------
        rule : StoppingRule, default=None
            The rule. None stands for ``StoppingRule()``.

        Returns
        -------
        stops : bool
            Whether the rule stopped at the last record or before. False as long as
            there are no records.

        Raises
        ------
        ValueError
            If the layer of the rule is not recorded.

        TypeError
            If `rule` is of another type.
        """
        check_rule(rule)
        rule = StoppingRule() if rule is None else rule
        records, layout = self._records, self._records.layout
        if layout is None or not records.rows:
            return False
        blocks = layout.blocks
        name = rule.layer_name
        if name not in blocks:
            raise ValueError(f"No layer {name!r}; recorded are {list(blocks)}.")
        changes, *_ = measure_changes(np.stack(records.rows), blocks[name])
        return rule.find_record(self.steps_, changes) is not None

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save all records to a file, npz without pickle.

        The file is replaced in one step: if the run is killed meanwhile, it holds the
        old records or the new ones.

        Parameters
        ----------
        path : str or path-like
            The file.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        self._records.write(path, self._describe())

    def resume(self, path: str | os.PathLike[str]) -> Self:
        """Take over the records in a file, to go on with the same settings.

        Parameters
        ----------
        path : str or path-like
            A file that `save` wrote.

        Returns
        -------
        self : TopologyMonitor
            The monitor, with the records in the file in place of its own.

        Raises
        ------
        ValueError
            If the file was written with other stimuli, layers or other settings that
            decide about rows, or is damaged. The monitor is then as it was.

        OSError
            If the file cannot be read.
        """
        self._check_stimuli()
        records, saved = Records.read(path)
        own = self._describe()
        different = [
            f"{name} (there {saved.get(name)!r:.80}, here {own.get(name)!r:.80})"
            for name in dict.fromkeys([*own, *saved])
            if saved.get(name) != own.get(name)
        ]
        if different:
            raise ValueError(
                f"{path} cannot be resumed, because it was recorded with other "
                f"settings: {'; '.join(different)}. Use the same settings, or begin a "
                "new file."
            )
        self._records = records
        return self

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Load the records in a file, to look at.

        Parameters
        ----------
        path : str or path-like
            A file that `save` wrote.

        Returns
        -------
        monitor : TopologyMonitor
            A monitor with the records. It has no stimuli, so it cannot record: make one
            with the stimuli and call `resume` for that.

        Raises
        ------
        ValueError
            If the file is damaged, or was written by a version whose files mean
            something else.

        OSError
            If the file cannot be read.
        """
        records, settings = Records.read(path)
        version = settings.get("version")
        if version != _VERSION:
            raise ValueError(
                f"{path} has version {version} of the settings; expected {_VERSION}."
            )
        monitor = cls.__new__(cls)
        monitor.every, monitor.reference, monitor._extractor = 1, None, None
        monitor._settings, monitor._records = settings, records
        return monitor

    def __repr__(self) -> str:
        """Show how many records there are, and of which steps."""
        steps = self._records.steps
        ends = f", steps {steps[0]} to {steps[-1]}" if steps else ""
        return f"<TopologyMonitor: {len(steps)} records{ends}>"

    def _describe(self):
        """Return the settings that decide about rows, as plain values."""
        if self._settings is None:
            extractor = self._extractor
            self._settings = {
                "version": _VERSION,
                "reference": self.reference is not None,
                **{
                    name: describe_setting(getattr(extractor, name))
                    for name in _SETTINGS
                },
            }
            with undisturbed(None):
                self._settings["stimuli"] = digest_stimuli(extractor.stimuli)
        return self._settings

    def _check_stimuli(self):
        if self._extractor is None:
            raise ValueError(
                "This monitor was loaded without stimuli, to look at its records. To "
                "go on recording, make TopologyMonitor(stimuli, ...) and call resume."
            )

    def _compute(self, network):
        """Return the row of a network, and its layout."""
        # A clone would copy the stimuli, such as a loader with all of its data.
        extractor = NetworkRows(**self._extractor.get_params(deep=False))
        return extractor.fit_transform([network])[0], extractor.layout_

    def _add_reference(self):
        """Record the reference, if there is one that was not recorded yet."""
        if self.reference is not None and self._records.reference is None:
            with name_errors("reference"), undisturbed(self.reference):
                self._records.add_reference(*self._compute(self.reference))
