"""Features of activations, learnt by semi-nonnegative matrix factorization."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from sktopo._utils.base import BaseEstimator
from sktopo._utils.caller import warn_caller
from sktopo._utils.fitting import fitted_copy
from sktopo._utils.geometry import find_unit
from sktopo._utils.output import StackOutputMixin
from sktopo._utils.parallel import run_parallel
from sktopo._utils.parameters import (
    check_flag,
    check_integer,
    check_n_jobs,
    check_option,
    check_positive,
    check_real,
    read_random_state,
)
from sktopo._utils.samples import check_units
from sktopo.connectomes._base import read_fitted_samples, read_frames
from sktopo.connectomes._inputs import read_samples
from sktopo.connectomes._semi_factorization import factorize, solve_weights

if TYPE_CHECKING:
    from typing import Any, Self

    from numpy.random import RandomState
    from numpy.typing import ArrayLike
    from sklearn.utils import Tags


class SemiNMF(
    StackOutputMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    r"""Learn features, groups of units that are active together.

    The activations of a network are approximated by the sum of a few features, each
    times a weight that is not negative. A feature is a row of numbers of any sign, one
    for each unit. The weights can take the place of units: features become the nodes of
    the connectome, in ``make_pipeline(ActivationExtractor(stimuli=...), SemiNMF(20),
    FunctionalConnectome())``.

    Parameters
    ----------
    n_components : int, default=8
        Number of features.

    keep : float in (0, 1] or None, default=None
        The share of units in each feature: its largest absolute numbers are kept, at
        least one, and the others are 0. None keeps all.

    init : {"kmeans", "random"}, default="kmeans"
        First weights of the features: k-means clusters of the stimuli, or random
        numbers.

    n_init : int, default=1
        Number of starts; that of the smallest error is kept.

    max_iter : int, default=500
        Largest number of iterations of a start.

    tol : float, default=1e-5
        Iterations end when the squared error falls by at most this share of the squared
        activations.

    random_state : int, RandomState instance or None, default=None
        Seed of the starts. All samples of a stack get the same, so the result for one
        does not depend on the others. See :term:`random_state`.

    n_jobs : int or None, default=None
        Number of samples that are factorized at a time. See :term:`n_jobs`.

    verbose : bool, default=False
        Whether to show a progress bar over samples; needs tqdm.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_units), dtype float64
        The features, each of length 1; only if X was a table of one network.

    losses_ : ndarray of shape (n_iter\_ + 1,)
        Squared error as a share of the squared activations, after the start and after
        each iteration; only if X was a table of one network.

    n_iter_ : int
        Number of iterations; only if X was a table of one network.

    input_kind_ : {"samples", "ragged samples", "frames"}
        What was fitted: the activations of several networks, which may differ in their
        number of units, or the table of one network.

    n_features_in_ : int
        Number of units, if all samples have the same.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the units, if X was a data frame or a sequence of data frames.

    See Also
    --------
    sktopo.connectomes.feature_table : Which units a feature holds, and which stimuli
        activate it.
    sktopo.metrics.concept_separation : How well features tell classes of stimuli apart.
    FunctionalConnectome : Relates the features.

    Notes
    -----
    Activations A (n_stimuli, n_units) are approximated by :math:`G F^\top` with
    :math:`G \ge 0` [1]_. Given G, :math:`F = A^\top G (G^\top G + \epsilon I)^{-1}`.
    With `keep`, the smallest numbers of each column of F become 0 [2]_. Columns of F
    are scaled to length 1, and those of G inversely. Then G is multiplied by

    .. math::

        \sqrt{\frac{[AF]^+ + G [F^\top F]^-}{[AF]^- + G [F^\top F]^+}},

    where :math:`[\cdot]^+` and :math:`[\cdot]^-` are the positive and the negative
    parts. Without `keep` the error never grows; with `keep` it can. `transform` solves
    for the weights that fit given features best (non-negative least squares).

    Units of different networks do not correspond, so each sample of a stack gets
    features of its own in `transform`, and `fit` only reads it. A table (n_stimuli,
    n_units) is one network, whose features `fit` learns and `transform` applies, also
    to other stimuli. Arithmetic is in float64. The largest arrays are the activations
    of one network in float64 and its approximation.

    References
    ----------
    .. [1] Ding, Li & Jordan, "Convex and Semi-Nonnegative Matrix Factorizations", IEEE
       Transactions on Pattern Analysis and Machine Intelligence 32(1), 2010, equations
       9 and 10.

    .. [2] Shafran, Geiger & Geva, "Decomposing MLP Activations into Interpretable
       Features via Semi-Nonnegative Matrix Factorization", arXiv:2506.10920, 2025.

    Examples
    --------
    Two groups of units, each active for half of the stimuli:

    >>> import numpy as np
    >>> from sktopo import SemiNMF
    >>> A = np.kron(np.eye(2), np.ones((10, 3)))
    >>> model = SemiNMF(2, keep=0.5, random_state=0).fit(A)
    >>> print(np.abs(model.components_).round(2))
    [[0.58 0.58 0.58 0.   0.   0.  ]
     [0.   0.   0.   0.58 0.58 0.58]]
    >>> print(model.transform(A)[[0, 19]].round(2))
    [[1.73 0.  ]
     [0.   1.73]]
    """

    def __init__(
        self,
        n_components: int = 8,
        *,
        keep: float | None = None,
        init: str = "kmeans",
        n_init: int = 1,
        max_iter: int = 500,
        tol: float = 1e-5,
        random_state: int | RandomState | None = None,
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None:
        self.n_components = n_components
        self.keep = keep
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the features of one network, or read those of several.

        Parameters
        ----------
        X : array-like of shape (n_stimuli, n_units), array-like of shape (n_samples, \
                n_stimuli, n_units), or sequence of array-like of shape (n_stimuli, \
                n_units)
            Activations of one network, or of several.

        y : None
            Ignored.

        Returns
        -------
        self : SemiNMF
            The fitted transformer.

        Raises
        ------
        ValueError
            If a parameter has a wrong value, X holds numbers that are not finite, or
            there are fewer stimuli than features.

        TypeError
            If X, or a sample in it, is not an array of numbers.
        """
        with fitted_copy(self) as fitted:
            fitted._learn(X)
        return self

    def transform(self, X: ArrayLike) -> Any:
        """Return the weights of features for each stimulus.

        Parameters
        ----------
        X : array-like or sequence
            Activations of several networks if those were fitted, a table of one network
            if one was.

        Returns
        -------
        weights : ndarray of shape (n_samples, n_stimuli, n_components), list of \
                ndarray, or ndarray of shape (n_stimuli, n_components)
            Weights, not negative, in the units of the activations; float32 if X is,
            else float64. A list if X is a sequence.

        Raises
        ------
        ValueError
            For the reasons that `fit` raises one, or if X is of another kind than what
            was fitted.

        TypeError
            If X, or a sample in it, is not an array of numbers.
        """
        check_is_fitted(self)
        self._check_parameters()
        samples = read_fitted_samples(self, X)
        if samples is None:
            table = read_frames(self, X, reset=False)
            return _weigh(table, self.components_)
        weights = self._factorize_all(samples)
        return np.stack(weights) if getattr(X, "ndim", 0) == 3 else weights

    def _check_parameters(self):
        check_integer("n_components", self.n_components, 1)
        if self.keep is not None:
            check_real("keep", self.keep, 0, 1)
            check_positive("keep", self.keep)
        check_option("init", self.init, ("kmeans", "random"))
        check_integer("n_init", self.n_init, 1)
        check_integer("max_iter", self.max_iter, 1)
        check_real("tol", self.tol, 0, np.inf)
        check_n_jobs(self.n_jobs)
        check_flag("verbose", self.verbose)

    def _learn(self, X):
        """Learn the features of a table, or read the activations of samples."""
        self._check_parameters()
        rng = read_random_state(self.random_state)
        samples = read_samples(X)
        if samples is None:
            table = read_frames(self, X, reset=True)
            self._check_size(table, "X")
            found = _factorize(table, rng, self._options())
            self._report_stops([found.converged])
            self.components_ = found.features
            self.losses_ = found.losses
            self.n_iter_ = len(found.losses) - 1
            self.input_kind_ = "frames"
        else:
            for i, sample in enumerate(samples):
                self._check_size(sample, f"Sample {i} of X")
            same_width = len({sample.shape[1] for sample in samples}) == 1
            if same_width:
                check_units(self, X, samples, reset=True)
            self.input_kind_ = "samples" if same_width else "ragged samples"
            self._seed = int(rng.randint(2**31 - 1))
        self._n_features_out = self.n_components

    def _options(self):
        """Return the parameters of `factorize`."""
        names = ("n_components", "keep", "init", "n_init", "max_iter", "tol")
        return {name: getattr(self, name) for name in names}

    def _check_size(self, sample, name):
        """Raise a ValueError if there are fewer stimuli than features."""
        if len(sample) < self.n_components:
            raise ValueError(
                f"{name} has n_samples={len(sample)} stimuli for n_components="
                f"{self.n_components} features; expected at least one stimulus for "
                "each feature."
            )

    def _factorize_all(self, samples):
        """Return the weights of the features of each sample."""
        for i, sample in enumerate(samples):
            self._check_size(sample, f"Sample {i} of X")
        found = list(
            run_parallel(
                _factorize_and_weigh,
                [(sample,) for sample in samples],
                shared=(self._seed, self._options()),
                n_jobs=self.n_jobs,
                verbose=self.verbose,
                description="Factorizing activations",
            )
        )
        self._report_stops([converged for _, converged in found])
        return [weights for weights, _ in found]

    def _report_stops(self, converged):
        """Warn once if iterations ended before the error was almost stationary."""
        stopped = np.flatnonzero(~np.array(converged))
        if len(stopped):
            warn_caller(
                f"SemiNMF did not converge in max_iter={self.max_iter} iterations for "
                f"{len(stopped)} of {len(converged)} network(s), the first sample "
                f"{stopped[0]}. Increase max_iter or tol.",
                ConvergenceWarning,
            )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _factorize(table, rng, options):
    """Factorize activations in float64 and in a unit near their largest number."""
    scaled, _ = _scale(table)
    return factorize(scaled, **options, rng=rng)


def _factorize_and_weigh(table, seed, options):
    """Return the weights of the features of one sample, and whether it converged."""
    found = _factorize(table, np.random.RandomState(seed), options)
    return _weigh(table, found.features), found.converged


def _weigh(table, features):
    """Return the weights of features that fit activations best, in their dtype."""
    scaled, unit = _scale(table)
    with np.errstate(over="ignore"):
        weights = (solve_weights(scaled, features) * unit).astype(table.dtype)
    if not np.isfinite(weights).all():
        raise ValueError(
            f"The weights of features are too large for {table.dtype}. Divide the "
            "activations by one constant first."
        )
    return weights


def _scale(table):
    """Divide activations by a power of two near the largest: float64, and that unit."""
    unit = find_unit(table, 0.0, "SemiNMF")
    return table.astype(np.float64) / unit, unit
