"""Recording the activations of networks shown stimuli."""

from __future__ import annotations

import sys
from numbers import Number
from typing import TYPE_CHECKING

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from sktopo._utils.output import StackOutputMixin
from sktopo._utils.parallel import run_parallel
from sktopo._utils.parameters import (
    check_flag,
    check_integer,
    check_option,
    is_integer,
    reset_fitted_attributes,
)
from sktopo._utils.samples import FLOATS, check_samples, check_units, is_stack
from sktopo.recording._recorder import (
    check_device,
    check_network,
    check_stimuli,
    is_tensor,
    plan_recording,
    record,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal, Self

    import torch
    from numpy.typing import ArrayLike, NDArray
    from sklearn.utils import Tags

    from sktopo._typing import FloatArray, Layers, Networks, Stimuli, T
    from sktopo.recording._recorder import Recorded


class ActivationExtractor(StackOutputMixin, TransformerMixin, BaseEstimator):
    r"""Show stimuli to torch networks and record the activations of their units.

    A sample is whatever varies; what does not is a parameter:

    ==================  =====================================  ========================
    given               X                                      result
    ==================  =====================================  ========================
    ``stimuli``         sequence of networks                   (n_networks,
                                                               n_stimuli, n_nodes)
    ``model``           (n_samples, n_features), one stimulus  (n_samples, n_nodes)
                        per row
    ``model``           sequence of stimulus sets              (n_sets, n_stimuli,
                        (n_stimuli, ...)                       n_nodes)
    neither             sequence of (network, stimuli) pairs   (n_pairs, n_stimuli,
                                                               n_nodes)
    neither             recorded activations, 2-D or 3-D       the same, validated
    ==================  =====================================  ========================

    Samples whose numbers of stimuli or of nodes differ come as a list of 2-D arrays,
    and with ``set_output(transform="pandas")`` all samples as a list of data frames.

    Parameters
    ----------
    model : torch.nn.Module, default=None
        The network, if it is the stimuli that vary.

    stimuli : array-like or torch.Tensor of shape (n_stimuli, ...), default=None
        The stimuli, if it is the networks that vary.

    layers : None, str, type, or sequence of str and type, default=None
        Modules whose outputs are recorded: names (as in ``named_modules()``),
        patterns of :mod:`fnmatch`, or module types. None takes all modules of
        torch's activation functions (not softmax and attention). Modules that do not
        run are left out, unless named exactly. Nodes stand in the order of execution;
        the second output of a module that runs twice is labelled ``name#2``.

    reduce : {"mean", "max", "observations", "units"}, default="mean"
        How the output of a convolution or of a layer on tokens becomes nodes. Each
        channel (feature) is a node, with its mean or maximum over the positions, or
        with each position as an observation (rows are then stimuli times positions,
        the positions of a stimulus together); or every unit is a node.

    channel_axis : "auto" or int, default="auto"
        Axis of the channels in outputs of three or more dimensions, the stimuli
        being axis 0. "auto" takes the axis on which the nearest layer worked that ran
        before and whose output had as many axes, and as many channels there: 1 for
        convolution, pooling and batch normalisation, -1 for linear, recurrent,
        attention and layer normalisation. If there is none, 1 for outputs of four or
        more dimensions and -1 for three.

    batch_size : int, default=256
        Largest number of stimuli shown at once.

    device : str, torch.device or None, default=None
        Where to run, e.g. "cuda". Copies of the weights go there one network at a
        time. None runs each network where it is.

    n_jobs : int or None, default=None
        Number of samples recorded at once, see :term:`n_jobs`; see Notes.

    verbose : bool, default=False
        Whether to show a progress bar over the samples (needs tqdm).

    Attributes
    ----------
    input_kind_ : {"networks", "stimuli", "stimulus sets", "pairs", "activations"}
        What X was in `fit`.

    n_nodes_ : int
        Number of nodes, if all samples have the same; not for activations.

    node_names_ : ndarray of shape (`n_nodes_`,)
        Names such as ``"lrelu1[0]"``, taken from the first sample.

    n_features_in_ : int
        Width of X, if X was a table, or recorded activations of one width.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns of X, if X was a data frame or a sequence of them.

    See Also
    --------
    FunctionalConnectome : Relates the units of each sample.

    Notes
    -----
    Networks run without gradients and in evaluation mode (``training`` is False in all
    modules; no ``eval()`` of their own is called). Their modes, hooks and weights, and
    torch's random numbers, are left as they were, also when a network raises; what a
    ``forward`` itself writes, such as a counter in a buffer, stays written. Numbers
    are taken over by value while the network runs, so that in-place activations that
    follow do no harm. Activations called as functions are not seen. Where a
    transformer masks padding, padded positions enter the mean over positions as well.

    Networks compute in their own precision: floating-point stimuli are converted to
    it; so are integers in arrays, unless the network has an embedding to look them up
    in. Activations come in the precision of the networks, or of X if that is a table.

    `fit` and `transform` first show each network two stimuli, to find mistakes before
    work is done, and warn if a stimulus changes what is recorded for another. Beyond
    input and output, memory holds one batch, and with several jobs a sample per job.
    Jobs are processes, or machines, unless joblib is told otherwise: each network is
    sent to one of them, and what its ``forward`` writes stays there. Results are the
    same to the last bit where they compute on as many threads as here, see
    ``torch.set_num_threads``. Threads share networks and take turns.

    Torch networks pickle by value but hash by the place of their weights in memory:
    ``Pipeline(memory=...)`` finds a cached result again for the same networks in the
    same process, not for their copies in other processes.

    References
    ----------
    .. [1] Songdechakraiwut & Wu, "Functional connectomes of neural networks",
       AAAI 2025, arXiv:2412.15279.

    Examples
    --------
    >>> from sktopo import ActivationExtractor
    >>> from sktopo.datasets import load_digit_networks
    >>> digits = load_digit_networks()
    >>> extractor = ActivationExtractor(stimuli=digits.stimuli)
    >>> extractor.fit_transform(digits.networks[:3]).shape
    (3, 450, 64)
    >>> extractor.get_feature_names_out()[:2]
    array(['lrelu1[0]', 'lrelu1[1]'], dtype=object)
    """

    def __init__(
        self,
        model: torch.nn.Module | None = None,
        *,
        stimuli: Stimuli | None = None,
        layers: Layers = None,
        reduce: Literal["mean", "max", "observations", "units"] = "mean",
        channel_axis: int | Literal["auto"] = "auto",
        batch_size: int = 256,
        device: str | torch.device | None = None,
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None:
        self.model = model
        self.stimuli = stimuli
        self.layers = layers
        self.reduce = reduce
        self.channel_axis = channel_axis
        self.batch_size = batch_size
        self.device = device
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X: Networks | Stimuli, y: object = None) -> Self:
        """Check that every network can be run, and learn the names of its nodes.

        Parameters
        ----------
        X : sequence of torch.nn.Module, array-like, sequence of array-like, or \
                sequence of (torch.nn.Module, array-like)
            The samples, see the table of the class.

        y : None
            Ignored.

        Returns
        -------
        self : ActivationExtractor
            The fitted transformer.

        Raises
        ------
        TypeError
            If a network is no torch module.

        ValueError
            If what varies is unclear, a parameter is out of range, no layer matches,
            a network cannot be run on the stimuli, or numbers are not finite.

        ImportError
            If there are networks and torch is not installed.
        """
        self._check_parameters()
        reset_fitted_attributes(self)
        kind = self._tell_kind(X)
        if kind == "activations":
            self._check_activations(X, reset=True)
        else:
            plans = self._plan(self._pair_up(X, kind, reset=True), kind)
            names = [[n for recorded in p for n in recorded.node_names] for p in plans]
            if len({len(n) for n in names}) == 1:
                self.node_names_ = np.array(names[0], dtype=object)
                self.n_nodes_ = len(names[0])
            if kind == "stimuli" and plans[0][0].n_positions > 1:
                raise ValueError(
                    "reduce='observations' makes several rows of each stimulus, but "
                    "rows of a table X are samples. Give stimulus sets, or reduce "
                    "otherwise."
                )
        self.input_kind_ = kind
        return self

    def transform(self, X: Networks | Stimuli) -> FloatArray | list[FloatArray]:
        """Record the activations.

        Parameters
        ----------
        X : sequence or array-like
            Samples of the kind seen in `fit`.

        Returns
        -------
        activations : ndarray of shape (n_samples, n_stimuli, n_nodes) or \
                (n_samples, n_nodes), or list of ndarray of shape (n_stimuli, n_nodes)
            The activations, see the table of the class; float32 or float64.

        Raises
        ------
        ValueError
            As `fit`, if X is of another kind or has another number of nodes, or if a
            network gives numbers that are not finite.
        """
        check_is_fitted(self)
        kind = self._tell_kind(X)
        if kind != self.input_kind_:
            raise ValueError(
                f"X holds {kind}, but ActivationExtractor was fitted on "
                f"{self.input_kind_}."
            )
        if kind == "activations":
            return self._check_activations(X, reset=False)
        pairs = self._pair_up(X, kind, reset=False)
        plans = self._plan(pairs, kind)
        widths = [sum(recorded.n_nodes for recorded in plan) for plan in plans]
        for sample, width in enumerate(widths):
            if width != getattr(self, "n_nodes_", width):
                raise ValueError(
                    f"Sample {sample} has {width} nodes, but ActivationExtractor was "
                    f"fitted on samples of {self.n_nodes_}."
                )
        shapes = [
            (len(stimuli) * plan[0].n_positions, width)
            for (_, stimuli), plan, width in zip(pairs, plans, widths, strict=True)
        ]
        dtype = np.result_type(*(recorded.dtype for plan in plans for recorded in plan))
        if kind == "stimuli" and pairs[0][1].dtype in FLOATS:
            dtype = pairs[0][1].dtype
        if len(set(shapes)) == 1 and hasattr(self, "n_nodes_"):
            activations = np.empty((len(pairs), *shapes[0]), dtype=dtype)
        else:
            activations = [np.empty(shape, dtype=dtype) for shape in shapes]
        self._record(pairs, plans, kind, activations)
        return activations[0] if kind == "stimuli" else activations

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> NDArray[np.object_]:
        """Name the nodes.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of recorded units; only used if X is activations.

        Returns
        -------
        names : ndarray of str
            ``"layer[unit]"``, or ``"layer[channel,row,column]"`` with
            ``reduce="units"``; for activations the names of the columns.

        Raises
        ------
        ValueError
            If samples differ in their number of nodes.
        """
        check_is_fitted(self)
        if self.input_kind_ == "activations" and hasattr(self, "n_features_in_"):
            return OneToOneFeatureMixin.get_feature_names_out(self, input_features)
        if not hasattr(self, "node_names_"):
            raise ValueError(
                "The fitted samples differ in their number of nodes, which have no "
                "common names."
            )
        return self.node_names_.copy()

    def _check_parameters(self) -> None:
        if self.model is not None and self.stimuli is not None:
            raise ValueError(
                "model and stimuli are both given, so nothing is left to vary; give "
                "stimuli= and networks as X, or model= and stimuli as X."
            )
        if self.model is not None:
            check_network(self.model, "model")
        check_option("reduce", self.reduce, ("mean", "max", "observations", "units"))
        if self.channel_axis != "auto":
            if not is_integer(self.channel_axis) or self.channel_axis == 0:
                raise ValueError(
                    "channel_axis must be 'auto' or an integer other than 0, the axis "
                    f"of the stimuli; got {self.channel_axis!r}."
                )
        check_integer("batch_size", self.batch_size, 1)
        check_flag("verbose", self.verbose)
        check_device(self.device)

    def _tell_kind(self, X: Any) -> str:
        """Tell what X holds, in the words of `input_kind_`."""
        if _is_network(X):
            raise TypeError(
                "X is a single network; samples come in a sequence: give [network], "
                "or list(X) if its parts are the networks."
            )
        if isinstance(X, (list, tuple)) and not X:
            raise ValueError("X is empty (0 samples); expected at least 1.")
        listed = isinstance(X, (list, tuple)) or (
            isinstance(X, np.ndarray) and X.ndim and len(X)
        )
        first: Any = X[0] if listed else None
        is_pair = isinstance(first, (tuple, list)) and len(first) == 2
        if _is_network(first):
            kind, needed = "networks", "stimuli"
        elif is_pair and (_is_network(first[0]) or _is_network(first[1])):
            kind, needed = "pairs", None
        elif listed and not _is_numeric(first[0] if is_pair else first):
            raise TypeError(
                f"X holds {type(first).__name__}; expected torch.nn.Module networks or "
                "arrays of numbers. Weights alone cannot be run: load them into "
                "modules (load_digit_networks gives modules if torch is installed: pip "
                "install 'sktopo[torch]')."
            )
        elif self.model is None and self.stimuli is None:
            kind, needed = "activations", None
        else:
            kind, needed = "stimulus sets" if is_stack(X) else "stimuli", "model"
        given = "model" if self.model is not None else "stimuli"
        if self.model is None and self.stimuli is None:
            given = None
        if given != needed:
            raise ValueError(
                f"X holds {kind}, which needs "
                f"{needed + '=' if needed else 'neither model= nor stimuli='}, but "
                f"{given + '=' if given else 'neither model= nor stimuli='} is given."
            )
        return kind

    def _check_activations(self, X: Any, reset: bool) -> Any:
        """Validate recorded activations; returns them as they are."""
        if not is_stack(X):
            return validate_data(self, X, dtype=FLOATS, reset=reset)
        activations = check_samples(X)
        one_width = len({sample.shape[1] for sample in activations}) == 1
        if (reset and one_width) or hasattr(self, "n_features_in_"):
            check_units(self, X, reset=reset)
        return activations

    def _pair_up(self, X: Any, kind: str, reset: bool) -> list[tuple[Any, Any]]:
        """Make (network, stimuli) pairs of X, one per run."""
        if kind == "networks":
            stimuli = check_stimuli(self.stimuli)
            for sample, network in enumerate(X):
                check_network(network, _name(sample, kind))
            pairs = [(network, stimuli) for network in X]
        elif kind == "stimuli":
            table = validate_data(self, _as_array(X), dtype="numeric", reset=reset)
            pairs = [(self.model, check_stimuli(X, "X") if is_tensor(X) else table)]
        elif kind == "stimulus sets":
            pairs = [
                (self.model, check_stimuli(stimuli, _name(sample, kind)))
                for sample, stimuli in enumerate(X)
            ]
        else:
            pairs = [_check_pair(sample, pair) for sample, pair in enumerate(X)]
        return pairs

    def _plan(
        self, pairs: list[tuple[torch.nn.Module, Any]], kind: str
    ) -> list[list[Recorded]]:
        """Plan all recordings before any work is done, naming the sample that fails."""
        device = check_device(self.device)
        return [
            _for_sample(
                sample,
                plan_recording,
                network,
                stimuli,
                name=_name(sample, kind),
                layers=self.layers,
                reduce=self.reduce,
                feature_axis=self.channel_axis,
                device=device,
            )
            for sample, (network, stimuli) in enumerate(pairs)
        ]

    def _record(
        self,
        pairs: list[tuple[torch.nn.Module, Any]],
        plans: list[list[Recorded]],
        kind: str,
        activations: FloatArray | list[FloatArray],
    ) -> None:
        """Fill in the activations, in parallel where asked."""
        here = len(pairs) == 1 or (self.n_jobs or effective_n_jobs(None)) == 1
        parts = [{"network": network, "stimuli": shown} for network, shown in pairs]
        # What all samples have in common travels apart from them.
        key = {"networks": "stimuli", "stimulus sets": "network"}.get(kind)
        shared = ({key: parts[0][key]},) if key else ()
        options = {
            "reduce": self.reduce,
            "batch_size": self.batch_size,
            "device": check_device(self.device),
        }
        items = []
        for sample, (part, plan, out) in enumerate(
            zip(parts, plans, activations, strict=True)
        ):
            own = {name: value for name, value in part.items() if name != key}
            own |= {"plan": plan, "name": _name(sample, kind), **options}
            items.append((sample, out if here else (out.shape, out.dtype), own))
        recorded = run_parallel(
            _record_sample,
            items,
            shared=shared,
            n_jobs=1 if here else self.n_jobs,
            verbose=self.verbose,
            description="activations",
        )
        for out, made in zip(activations, recorded, strict=True):
            if made is not None:
                out[:] = made

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _is_network(candidate: object) -> bool:
    # Where torch was never imported there can be no network.
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(candidate, torch.nn.Module)


def _as_array(X: Any) -> Any:
    """Turn a tensor into an array of its numbers, where it is."""
    if not is_tensor(X):
        return X
    X = X.detach().cpu()
    return (X.float() if X.is_floating_point() and X.itemsize < 4 else X).numpy()


def _check_pair(sample: int, pair: Any) -> tuple[torch.nn.Module, Any]:
    """Validate a sample of which both the network and the stimuli vary."""
    name = _name(sample, "pairs")
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise TypeError(
            f"{name} must be a pair (network, stimuli), got {type(pair).__name__}."
        )
    network, stimuli = pair
    check_network(network, name)
    return network, check_stimuli(stimuli, f"The stimuli of sample {sample}")


def _name(sample: int, kind: str) -> str:
    """Name a sample in errors."""
    if kind == "stimuli":
        return "The model"
    if kind == "stimulus sets":
        return f"Stimulus set {sample} of X (each X[i] is a set; for one set give [X])"
    return f"Sample {sample} of X"


def _is_numeric(candidate: object) -> bool:
    """Tell what may be an array from objects that cannot."""
    return hasattr(candidate, "__array__") or isinstance(
        candidate, (Number, list, tuple, str)
    )


def _record_sample(
    sample: int, out: Any, own: dict[str, Any], common: dict[str, Any] | None = None
) -> FloatArray | None:
    """Record to `out`, or return a new array if that is a shape and type only."""
    made = np.empty(*out) if isinstance(out, tuple) else None
    into = out if made is None else made
    _for_sample(sample, record, **own, **(common or {}), out=into)
    return made


def _for_sample(sample: int, do: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Call `do`; whatever it raises carries a note of the sample."""
    try:
        return do(*args, **kwargs)
    except Exception as error:
        error.add_note(f"This happened with sample {sample} of X.")
        raise
