"""Recording the activations of networks shown stimuli."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sktopo._utils.fitting import fitted_copy
from sktopo._utils.interrupts import StopSignal, stop_other_threads
from sktopo._utils.output import StackOutputMixin
from sktopo._utils.parallel import run_parallel
from sktopo._utils.parameters import check_flag, check_n_jobs
from sktopo.recording._recorder import Recorder, RecordingOptions, record_sample
from sktopo.recording._samples import read_samples

if TYPE_CHECKING:
    from typing import Literal, Self

    import torch
    from numpy.typing import ArrayLike, NDArray
    from sklearn.utils import Tags

    from sktopo._typing import FloatArray, Layers, Networks, Stimuli


class ActivationExtractor(StackOutputMixin, TransformerMixin, BaseEstimator):
    r"""Show stimuli to torch networks and record the activations of their units.

    X holds what varies from sample to sample; what does not vary is a parameter:

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
        The network, if the stimuli vary.

    stimuli : array-like or torch.Tensor of shape (n_stimuli, ...), default=None
        The stimuli, if the networks vary.

    layers : None, str, type, or sequence of str and type, default=None
        Modules whose outputs are recorded: names (as in ``named_modules()``),
        patterns of :mod:`fnmatch`, or module types. None takes all modules of
        torch's activation functions (not softmax and attention). Modules that do not
        run are left out; it is an error if one of them is named exactly. Nodes are in
        the order of execution. The second output of a module that runs twice is
        labelled ``name#2``.

    reduce : {"mean", "max", "observations", "units"}, default="mean"
        How the output of a convolution or of a layer on tokens becomes nodes. Each
        channel (feature) is a node, with its mean or maximum over the positions, or
        with each position as an observation (rows are then stimuli times positions,
        the positions of a stimulus together); or every unit is a node.

    channel_axis : "auto" or int, default="auto"
        Axis of the channels in outputs of three or more dimensions; axis 0 is that of
        the stimuli. "auto" takes the axis of the last layer of a known type that ran
        before and whose output had as many axes, and as many channels on that axis:
        1 for convolution, pooling and batch normalisation, -1 for linear, recurrent,
        attention and layer normalisation. If there is no such layer, it is 1 for
        outputs of four or more dimensions and -1 for three.

    batch_size : int, default=256
        Largest number of stimuli shown at once.

    device : str, torch.device or None, default=None
        Where to run the networks, e.g. "cuda". The weights are copied there one
        network at a time. None runs each network where it is.

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
    Networks run without gradients and in evaluation mode, and are left as they were.
    `fit` and `transform` first show each network two stimuli to find mistakes early,
    and warn if what is recorded for a stimulus depends on the others. Besides input
    and output, memory holds one batch, and one sample per job if there are several.
    :doc:`/guide/recording_networks` explains what is restored, precision, jobs and
    threads, and caching with ``Pipeline(memory=...)``.

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
            If a network is not a torch module.

        ValueError
            If X does not fit `model` and `stimuli`, a parameter is out of range, no
            layer matches, a network cannot be run on the stimuli or raises an error,
            or numbers are not finite. The extractor is then as it was before.

        MemoryError
            If memory runs out, on the CPU or a GPU.

        ImportError
            If there are networks and torch is not installed.
        """
        options = self._check_parameters()
        with fitted_copy(self) as fitted:
            samples = read_samples(X, fitted, reset=True)
            plans = [Recorder(sample, options).plan() for sample in samples.items]
            if len({sum(site.n_nodes for site in plan) for plan in plans}) == 1:
                names = [name for site in plans[0] for name in site.node_names]
                fitted.node_names_ = np.array(names, dtype=object)
                fitted.n_nodes_ = len(names)
            if samples.is_table and plans[0][0].n_positions > 1:
                raise ValueError(
                    "reduce='observations' makes several rows of each stimulus, but "
                    "rows of a table X are samples. Give stimulus sets, or reduce "
                    "otherwise."
                )
            fitted.input_kind_ = samples.kind
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

        MemoryError
            If memory runs out, on the CPU or a GPU, or the result does not fit.
        """
        check_is_fitted(self)
        options = self._check_parameters()
        samples = read_samples(X, self, reset=False)
        if samples.activations is not None:
            return samples.activations
        plans = [Recorder(sample, options).plan() for sample in samples.items]
        shapes = []
        for sample, plan in zip(samples.items, plans, strict=True):
            width = sum(site.n_nodes for site in plan)
            shapes.append((len(sample.inputs) * plan[0].n_positions, width))
            if width != getattr(self, "n_nodes_", width):
                raise ValueError(
                    f"{sample.name} has {width} nodes, but ActivationExtractor was "
                    f"fitted on samples of {self.n_nodes_}."
                )
        dtype = samples.dtype
        if dtype is None:
            dtype = np.result_type(*(site.dtype for plan in plans for site in plan))
        is_stack = len(set(shapes)) == 1 and hasattr(self, "n_nodes_")
        activations = _make_empty(shapes, dtype, is_stack)
        self._record(samples, plans, options, activations)
        return activations[0] if samples.is_table else activations

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

    def _check_parameters(self):
        """Raise unless the parameters are valid; return those for the recorder."""
        check_flag("verbose", self.verbose)
        check_n_jobs(self.n_jobs)
        return RecordingOptions(
            self.layers, self.reduce, self.channel_axis, self.batch_size, self.device
        )

    def _record(self, samples, plans, options, activations):
        """Record all samples to `activations`, in parallel where asked."""
        in_turn = len(plans) == 1 or (self.n_jobs or effective_n_jobs(None)) == 1
        # Workers get what all samples share once, and not with each sample.
        removed = dict.fromkeys(samples.shared)
        items = [replace(sample, **removed) for sample in samples.items]
        outs = list(activations)
        sent = outs if in_turn else [(out.shape, out.dtype) for out in outs]
        stop = StopSignal()
        try:
            recorded = run_parallel(
                record_sample,
                list(zip(items, plans, sent, strict=True)),
                shared=(samples.shared, options, stop),
                n_jobs=1 if in_turn else self.n_jobs,
                verbose=self.verbose,
                description="activations",
            )
            for out, result in zip(outs, recorded, strict=True):
                if result is not out:
                    out[:] = result
        except BaseException:
            # joblib leaves threads that are recording a network to themselves.
            stop_other_threads(stop)
            raise

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _make_empty(shapes, dtype, is_stack):
    """Make arrays of the shapes, one or, if `is_stack`, all in one array."""
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
