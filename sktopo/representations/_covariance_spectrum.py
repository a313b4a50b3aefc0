"""Spectra of the covariance of units, as Wasserstein rows."""

from __future__ import annotations

from functools import partial
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from sktopo._utils.caller import warn_caller
from sktopo._utils.columns import name_values
from sktopo._utils.parameters import (
    check_flag,
    check_integer,
    check_positive,
    check_real,
)
from sktopo.barcodes._quantiles import average_quantiles
from sktopo.representations._base import LayerTransformer
from sktopo.representations._spectra import compute_log_spectrum

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Literal

    from numpy.typing import ArrayLike


class CovarianceSpectrum(LayerTransformer):
    r"""Describe each network by the spectrum of the covariance of its nodes, by layer.

    The row of a network holds, for each layer, the logarithms of the eigenvalues of the
    covariance of its nodes, ascending: in how many directions activations vary, and how
    much in each. The Euclidean distance between rows is the 2-Wasserstein distance
    between the distributions of these logarithms, and the mean row is the barycenter.
    Networks may differ in their nodes and in the stimuli they were shown.

    Parameters
    ----------
    groups : array-like (n_nodes,), list, mapping, "layer" or None, default=None
        The layer of each node. Each layer has a block of columns. "layer" reads it
        from the names of nodes, such as ``"fc1[0]"``, so samples must be data frames,
        which ``ActivationExtractor().set_output(transform="pandas")`` returns. For
        networks of different widths, a list with such an array for each sample of
        `fit`, or a mapping from each number of nodes to one. None: all nodes together.

    balance : bool, default=True
        Whether `fit` learns factors with which the blocks of all layers have the same
        Wasserstein variance. Their mean variance stays what it was. A block that does
        not vary, or by rounding only, keeps its scale.

    normalize : bool, default=True
        Whether eigenvalues are divided by their mean, for each layer, so that the scale
        of the activations does not count. Otherwise a factor of the activations adds
        twice its logarithm to the logarithms. A common factor of all networks changes
        no distance either way.

    floor : float, default=0.01
        Eigenvalues below this share of their mean, in (0, 1], are raised to it. All
        that are raised together hold less than this share of the variance of a layer.

    n_quantiles : int or None, default=None
        If given, the logarithms of each layer are replaced by this many averages of
        their quantile function, see :func:`sktopo.barcodes.quantile_vectors`. That puts
        layers of different widths into one space.

    n_jobs : int or None, default=None
        Number of networks to work on at once, see :term:`n_jobs`; threads are
        preferred.

    verbose : bool, default=False
        Whether to show a progress bar (needs tqdm).

    Attributes
    ----------
    group_slices_ : dict of str to slice
        Which columns belong to which layer; ``"all"`` without groups.

    scales_ : dict of str to float
        The factor that turns the values of each block into its columns: one over the
        root of their number, times the factor that balances.

    group_names_ : list of str
        The names of the layers, in the order of their first node; empty without groups.

    members_ : dict of int to ndarray of shape (n_nodes,)
        For each number of nodes the layer of each node, an index into `group_names_`;
        empty without groups, and if data frames of different widths name them.

    input_kind_ : {"samples", "ragged samples", "table"}
        What was fitted. Samples are ragged if they differ in their number of nodes.

    n_features_in_ : int
        Number of nodes, if all samples have the same; number of observations of a
        table.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the nodes, if X was a sequence of data frames, or of the observations
        of a table.

    See Also
    --------
    StimulusGeometry : Compares networks that saw the same stimuli.
    sktopo.barcodes.profiles.spectrum : The spectrum of a connectome.
    sktopo.representations.log_spectrum : The logarithms of one layer.

    Notes
    -----
    *Invariance.* Rotations and permutations of the nodes of a layer, offsets of single
    nodes and the order of stimuli change nothing; with ``normalize=True`` the scale of
    a layer does not either.

    *Scale.* With ``normalize=False`` the logarithm of the mean variance of a layer is
    added to all its logarithms, so rows also tell apart layers that differ by nothing
    but a factor. Such distances may be mostly differences in scale: compare with those
    of the logarithm of the variance alone.

    *Floor.* A direction without variance has the logarithm minus infinity, and in the
    directions of little variance logarithms differ most and matter least: rounding,
    units that hardly ever fire, and the number of stimuli decide about them. Raising
    the eigenvalues to a floor, which follows their mean, keeps rows finite, continuous
    in the activations and independent of their unit. The floor is that of a principal
    component analysis that keeps 99 % of the variance: what is below holds less than
    0.01 of it.

    *Stimuli.* Fewer stimuli than nodes leave eigenvalues of 0, and few stimuli spread
    the eigenvalues. A warning says if samples differ in their number of observations by
    more than a tenth.

    *Tables.* A table ``(n_samples, n_observations)`` has a single eigenvalue for each
    sample, the variance of its row, and so only ``normalize=False`` says something.

    *Constant nodes.* If no node of a layer varies, its columns are 0, and a warning
    says so. With ``normalize=False`` this is an error, because the logarithm of the
    variance is minus infinity.

    Examples
    --------
    >>> import numpy as np
    >>> from sktopo import CovarianceSpectrum
    >>> rng = np.random.default_rng(0)
    >>> wide, narrow = rng.normal(size=(500, 40)), rng.normal(size=(500, 20))
    >>> networks = [wide, narrow, wide * np.linspace(0.1, 3, 40)]
    >>> rows = CovarianceSpectrum(n_quantiles=10).fit_transform(networks)
    >>> np.linalg.norm(rows - rows[0], axis=1).round(1)
    array([0. , 0.1, 1.5])
    """

    def __init__(
        self,
        *,
        groups: ArrayLike
        | Literal["layer"]
        | Sequence[ArrayLike]
        | Mapping[int, ArrayLike]
        | None = None,
        balance: bool = True,
        normalize: bool = True,
        floor: float = 0.01,
        n_quantiles: int | None = None,
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None:
        self.groups = groups
        self.balance = balance
        self.normalize = normalize
        self.floor = floor
        self.n_quantiles = n_quantiles
        self.n_jobs = n_jobs
        self.verbose = verbose

    def _check_parameters(self):
        super()._check_parameters()
        check_flag("normalize", self.normalize)
        check_real("floor", self.floor, 0, 1)
        check_positive("floor", self.floor)
        if self.n_quantiles is not None:
            check_integer("n_quantiles", self.n_quantiles, 1)

    def _count_columns(self, sample, members):
        n_layers = max(len(self.group_names_), 1)
        if self.n_quantiles is not None:
            return [int(self.n_quantiles)] * n_layers
        return np.bincount(members, minlength=n_layers).tolist()

    def _find_scale(self, size):
        return sqrt(1 / size)

    def _choose(self, samples, given, *, reset):
        """Use all; warn if their numbers differ by more than a tenth."""
        lengths = [len(sample) for sample in samples]
        shortest, longest = np.argmin(lengths), np.argmax(lengths)
        if 10 * lengths[longest] > 11 * lengths[shortest]:
            warn_caller(
                "The samples differ in their number of observations, from "
                f"{lengths[shortest]} (sample {shortest}) to {lengths[longest]} "
                f"(sample {longest}). Spectra depend on that number: few observations "
                "spread the eigenvalues, and leave those beyond it 0. Cut all samples "
                "to one length before you compare them."
            )
        return samples

    def _refuse_constant(self, what):
        if not self.normalize:
            raise ValueError(
                f"{what}: the logarithm of their variance is minus infinity. Leave "
                "these samples or layers out, or choose normalize=True."
            )

    def _make_function(self):
        given = self.normalize, self.floor, self.n_quantiles
        return partial(_describe_layer, *given)

    def _count_working_bytes(self, n_observations, n_nodes):
        """Count the bytes that a row needs: copies of the activations."""
        return 8 * 3 * n_observations * n_nodes

    def _describe_size(self, samples):
        widest = max(sample.shape[1] for sample in samples)
        what = f"{len(samples[0]):,} observations of {widest:,} nodes"
        return what, "max_nodes of ActivationExtractor records fewer nodes"

    def _make_namer(self):
        mark = "eigenvalue" if self.n_quantiles is None else "q"
        return partial(name_values, self.group_slices_, mark)


def _describe_layer(normalize, floor, n_quantiles, activations):
    """Compute the logarithms of one layer, or averages of their quantile function."""
    logs = compute_log_spectrum(activations, normalize, floor)
    if n_quantiles is None:
        return logs
    return average_quantiles(logs[np.newaxis], n_quantiles)[0]
