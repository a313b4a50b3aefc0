"""Recording the activations of networks shown stimuli."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sktopo._utils.base import BaseEstimator
from sktopo._utils.caller import warn_caller
from sktopo._utils.fitting import fitted_copy
from sktopo._utils.output import StackOutputMixin
from sktopo._utils.parameters import check_flag, check_n_jobs
from sktopo.recording._masks import check_mask_option
from sktopo.recording._recorder import RecordingOptions
from sktopo.recording._runs import plan_samples, record_lazy, record_planned
from sktopo.recording._samples import read_samples

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal, Self

    import torch
    from numpy.typing import ArrayLike, NDArray
    from sklearn.utils import Tags

    from sktopo._typing import (
        FloatArray,
        Layers,
        Networks,
        RandomState,
        Reduce,
        Stimuli,
    )


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
    as do samples with other nodes than were fitted, and all samples come as a list of
    data frames with ``set_output(transform="pandas")``.

    A network may be given as a function without arguments that builds it. X may then be
    a list of such functions, :class:`sktopo.recording.Checkpoints`, or any iterable of
    networks: each is built, recorded and forgotten, and memory holds one per job.

    Parameters
    ----------
    model : torch.nn.Module or callable, default=None
        The network, or a function that builds it, if the stimuli vary.

    stimuli : array-like, tensor, tuple, list, mapping or iterable, default=None
        The stimuli, if the networks vary. Sets of stimuli in X have the same forms:

        - an array or a tensor (n_stimuli, ...)
        - a tuple, or a list of arrays of two or more dimensions: inputs by position
        - a mapping, such as a tokenizer returns: inputs by name
        - lists of tokens of unequal lengths: they are padded with 0 on the right, and
          the network is given the mask
        - an iterable of batches that can be repeated, such as a DataLoader without
          shuffling: each batch has one of the forms above, perhaps with targets behind
          the inputs or among them. What ``forward`` does not need is left out. The
          batches are gone through again for each network and never held together.

        All inputs have a row for each stimulus.

    layers : None, str, type, callable, or sequence of str and type, default=None
        What is recorded. None takes all activation functions, in the order of
        execution: modules of torch, modules without parameters that compute a nonlinear
        function of each number by itself, and functions such as ``F.relu`` that modules
        call. Softmax is none of them. What has no row for each stimulus is left out
        with a warning; another warning says if less than half of the units that layers
        read are recorded. Otherwise one or several of:

        - a name as in ``named_modules()``: the output of that module. Names are those
          of the network inside of ``torch.compile``, ``DataParallel`` and adapters
        - a pattern of names: ``*`` and ``?`` stay within one part between dots, ``**``
          and a leading ``*.`` cross them
        - a type of module
        - ``"name:input"``: what goes into the module; ``"name:relu"``: the results of a
          function of torch that the module calls; ``"name:entry"`` or ``"name:1"``: an
          entry of its output, if that is a dict, a dataclass or a tuple. ``name`` may
          be a pattern, or empty for the network itself

        The second call of a module or function in one run is labelled and selected by
        ``#2`` at the end. A callable gets the network and returns names. Each entry
        must match in at least one network, and each network must have a match.

    reduce : str or callable, default="mean"
        How the output of a convolution or of a layer on tokens becomes nodes:

        - "mean", "max" or "last": each channel (feature) is a node, with its mean,
          maximum or last value over the positions
        - "observations": each channel is a node, and each position an observation
          (rows are then stimuli times positions, the positions of a stimulus together)
        - "units": every unit is a node
        - a callable, which gets the output, a tensor (n_stimuli, ...), and the mask, a
          boolean tensor (n_stimuli, n_positions) or None, and returns the nodes, a
          tensor (n_stimuli, n_nodes). :class:`sktopo.recording.split_heads` is one

    mask : "auto", None or array-like of shape (n_stimuli, n_positions), default="auto"
        Which positions (tokens) of the stimuli count in `reduce`: those that are True
        or 1. "auto" takes the input named "attention_mask", or the opposite of
        "key_padding_mask" or "src_key_padding_mask". With None all positions count.
        The network gets these inputs in any case. If an attention mask has padding on
        the left and ``forward`` takes `position_ids`, positions are counted from the
        first token, as in the prompt alone.

    channel_axis : "auto" or int, default="auto"
        Axis of the channels in outputs of three or more dimensions; axis 0 is that of
        the stimuli. "auto" takes the axis of the last layer of a known type that ran
        before and whose output had as many axes, and as many channels on that axis:
        1 for convolution, pooling and batch normalisation, -1 for linear, recurrent,
        attention and layer normalisation. If there is no such layer, it is 1 for
        outputs of four or more dimensions and -1 for three.

    batch_size : "auto" or int, default="auto"
        Largest number of stimuli shown at once. "auto" chooses it for each network by
        the size of what it computes for one stimulus, and halves it if memory runs out.

    max_nodes : int, default=None
        Keep a random part of the nodes, this many in all and the same share of each
        layer. The choice is the same for networks of one architecture. None keeps all.

    random_state : int, RandomState instance or None, default=None
        Chooses the nodes that `max_nodes` keeps, once in `fit`.

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
    sktopo.recording.Checkpoints : Networks in files, loaded one at a time.
    sktopo.recording.split_heads : Makes nodes of attention heads.

    Notes
    -----
    Networks run without gradients and in evaluation mode, and are left as they were.
    Each network is first shown a few stimuli, to find what there is to record and
    mistakes early. All networks are looked at before the first is recorded;
    of those that are built one at a time, `fit` looks at the first. The run on all
    stimuli ends when the last layer was recorded, and warns if the first stimulus gave
    other activations than in the trial. Besides input
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
        model: torch.nn.Module | Callable[[], torch.nn.Module] | None = None,
        *,
        stimuli: Stimuli | None = None,
        layers: Layers = None,
        reduce: Reduce = "mean",
        mask: ArrayLike | Literal["auto"] | None = "auto",
        channel_axis: int | Literal["auto"] = "auto",
        batch_size: int | Literal["auto"] = "auto",
        max_nodes: int | None = None,
        random_state: RandomState = None,
        device: str | torch.device | None = None,
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None:
        self.model = model
        self.stimuli = stimuli
        self.layers = layers
        self.reduce = reduce
        self.mask = mask
        self.channel_axis = channel_axis
        self.batch_size = batch_size
        self.max_nodes = max_nodes
        self.random_state = random_state
        self.device = device
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X: Networks | Stimuli, y: object = None) -> Self:
        """Check that every network can be run, and learn the names of its nodes.

        Parameters
        ----------
        X : sequence or iterable of networks, of stimuli, or of pairs of both
            The samples, see the table of the class. An iterable that can be gone
            through only once, such as a generator, needs `fit_transform`.

        y : None
            Ignored.

        Returns
        -------
        self : ActivationExtractor
            The fitted transformer.

        Raises
        ------
        TypeError
            If a network is not a torch module, or stimuli have none of the forms above.

        ValueError
            If X does not fit `model` and `stimuli`, a parameter is out of range, an
            entry of `layers` matches no network, a network does not take the stimuli,
            cannot be built or raises an error, or numbers are not finite. The
            extractor is then as it was before.

        MemoryError
            If memory runs out, on the CPU or a GPU.

        ImportError
            If there are networks and torch is not installed.
        """
        with fitted_copy(self) as fitted:
            samples, options = fitted._read(X, reset=True)
            if samples.is_used_up:
                raise TypeError(
                    f"X is of type {type(X).__name__}, which fit would use up: it can "
                    "be gone through only once. Call fit_transform, or give a list or "
                    "sktopo.recording.Checkpoints."
                )
            fitted._learn(samples, plan_samples(samples, options))
        return self

    def fit_transform(
        self, X: Networks | Stimuli, y: object = None
    ) -> FloatArray | list[FloatArray]:
        """Fit to X and record the activations; each network is visited once.

        Parameters
        ----------
        X : sequence or iterable of networks, stimuli or pairs
            The samples, see the table of the class.

        y : None
            Ignored.

        Returns
        -------
        activations : ndarray of shape (n_samples, n_stimuli, n_nodes) or \
                (n_samples, n_nodes), or list of ndarray of shape (n_stimuli, n_nodes)
            As `transform` returns them.

        Raises
        ------
        TypeError, ValueError, MemoryError, ImportError
            As `fit` and `transform`. The extractor is then as it was before.
        """
        with fitted_copy(self) as fitted:
            samples, options = fitted._read(X, reset=True)
            if samples.is_lazy:
                activations, plans = fitted._record_lazy(samples, options)
                fitted._learn(samples, plans)
            else:
                plans = plan_samples(samples, options)
                fitted._learn(samples, plans)
                activations = fitted._record(samples, options, plans)
        return activations

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
            As `fit`, if X is of another kind, or if a network gives numbers that are
            not finite.

        MemoryError
            If memory runs out, on the CPU or a GPU, or the result does not fit.
        """
        check_is_fitted(self)
        samples, options = self._read(X, reset=False)
        if samples.is_lazy:
            activations, _ = self._record_lazy(samples, options)
            is_fitted_width = activations[0].shape[1] == getattr(self, "n_nodes_", None)
            return activations if is_fitted_width else list(activations)
        plans = plan_samples(samples, options, is_fitted=True)
        return self._record(samples, options, plans)

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

    def _read(self, X, *, reset):
        """Return the samples in X and what the recorder needs, as `RecordingOptions`.

        `reset` is whether X is fitted, which draws the seed of the nodes that are kept.
        """
        check_flag("verbose", self.verbose)
        check_n_jobs(self.n_jobs)
        check_mask_option(self.mask)
        if reset:
            generator = check_random_state(self.random_state)
            self._seed = 0 if self.max_nodes is None else generator.randint(2**31 - 1)
        options = RecordingOptions(
            layers=self.layers,
            reduce=self.reduce,
            channel_axis=self.channel_axis,
            batch_size=self.batch_size,
            max_nodes=self.max_nodes,
            seed=self._seed,
            device=self.device,
        )
        return read_samples(X, self, reset=reset), options

    def _learn(self, samples, plans):
        """Set the fitted attributes; `plans` are those of the samples, or of some."""
        if len({plan.n_nodes for plan in plans}) == 1:
            self.node_names_ = np.array(plans[0].node_names, dtype=object)
            self.n_nodes_ = plans[0].n_nodes
        if samples.is_table and plans[0].is_by_position:
            raise ValueError(
                "reduce='observations' makes several rows of each stimulus, but "
                "rows of a table X are samples. Give stimulus sets, or reduce "
                "otherwise."
            )
        self.input_kind_ = samples.kind
        # Networks of one study are alike, so that one hint is enough.
        hint = next((plan.hint for plan in plans if plan.hint), None)
        if hint:
            warn_caller(hint)

    def _record(self, samples, options, plans):
        """Return the activations of samples that were planned."""
        if samples.activations is not None:
            return samples.activations
        activations = record_planned(
            samples,
            options,
            plans,
            as_stack=plans[0].n_nodes == getattr(self, "n_nodes_", None),
            n_jobs=self.n_jobs,
            verbose=self.verbose,
        )
        return activations[0] if samples.is_table else activations

    def _record_lazy(self, samples, options):
        """Return the activations of samples that are built in turn, and their plans."""
        return record_lazy(samples, options, n_jobs=self.n_jobs, verbose=self.verbose)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
