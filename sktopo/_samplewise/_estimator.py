"""A transformer applied to one sample at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from joblib import effective_n_jobs
from sklearn.base import TransformerMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from sktopo._samplewise._alone import (
    Task,
    is_equal,
    only_row,
    record_warnings,
    report_warnings,
    stack_rows,
    transform_sample,
)
from sktopo._samplewise._items import Items, build, name_sample
from sktopo._samplewise._results import make_key
from sktopo._utils.base import BaseEstimator
from sktopo._utils.fitting import fitted_copy
from sktopo._utils.output import StackOutputMixin
from sktopo._utils.parallel import run_parallel
from sktopo._utils.parameters import check_flag, check_n_jobs, check_transformer
from sktopo._utils.samples import check_columns
from sktopo.comparison._cache import open_cache

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, Self

    import numpy as np
    from numpy.typing import ArrayLike, NDArray
    from sklearn.utils import Tags

    from sktopo._typing import FloatArray, MemoryLike


class SampleWise(StackOutputMixin, TransformerMixin, BaseEstimator):
    """Apply a transformer to one sample at a time, and stack the results.

    A pipeline keeps the results of every step for all samples: the activations of all
    networks, then all connectomes. Here the whole transformer, usually a pipeline, runs
    on one sample before the next is read. Memory holds one sample per job, and the
    final rows.

    The row of a sample is what a clone of the transformer returns from
    ``fit_transform`` on a sequence that holds this sample only. It therefore depends on
    nothing but the sample.

    Parameters
    ----------
    transformer : estimator
        A transformer, such as :class:`GraphPersistence`, or a pipeline of transformers.
        What it returns for a sample may not depend on the other samples; see Notes.

    n_jobs : int or None, default=None
        Number of samples to work on at once, see :term:`n_jobs`; in processes, unless
        joblib is told otherwise.

    memory : str, joblib.Memory or None, default=None
        A folder in which the row of each sample is kept as soon as it is computed, so
        that a run that was stopped goes on where it was. A row is found again for the
        same content of the sample, the same parameters of the transformer, and the same
        versions and code. Files are npz, without pickle, and say what made them; a
        damaged one is computed again with a warning. Workers on other machines must
        share the folder.

    verbose : bool, default=False
        Whether to show a progress bar over the samples (needs tqdm).

    Attributes
    ----------
    transformer_ : estimator
        A clone of the transformer, fitted on the first sample. It gives the names of
        the columns.

    n_features_in_ : int
        Width of X if that is a table, else `n_features_in_` of `transformer_` if it
        has it.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns of X if that is a data frame, else `feature_names_in_` of
        `transformer_` if it has them.

    See Also
    --------
    sktopo.ActivationExtractor : Records the activations of networks.
    sktopo.FunctionalConnectome : Relates the units of each sample.
    sktopo.GraphPersistence : Turns connectome rows into Wasserstein rows.

    Notes
    -----
    X may be an array, whose first axis is that of the samples; a sequence of samples:
    networks, pairs of a network and stimuli, recordings of different sizes; or any
    object that gives the samples anew in each ``for`` loop. A sample, or a part of a
    pair, may also be a callable without arguments that returns it, such as
    ``functools.partial(numpy.load, path)``: it is called by the job that needs the
    sample. If X has an attribute `names`, errors give the name of the sample.

    `fit` compares the row of the second sample with what a transformer that was fitted
    on the first gives for it. It raises a ValueError if they differ, because the
    transformer then learns from other samples, as :class:`~sklearn.decomposition.PCA`
    does. Put such a step after this one, where it is fitted on the rows of all samples,
    or give it fitted, as :class:`~sklearn.frozen.FrozenEstimator`.

    Warnings of jobs are repeated with the name of the first sample that had them. Jobs
    that run in threads give their warnings without it.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sktopo import FunctionalConnectome, GraphPersistence, SampleWise
    >>> rng = np.random.default_rng(0)
    >>> recordings = [rng.normal(size=(50, n_units)) for n_units in (4, 6, 9)]
    >>> chain = make_pipeline(FunctionalConnectome(), GraphPersistence(n_quantiles=3))
    >>> SampleWise(chain).fit_transform(recordings).shape
    (3, 6)
    """

    def __init__(
        self,
        transformer: Any,
        *,
        n_jobs: int | None = None,
        memory: MemoryLike = None,
        verbose: bool = False,
    ) -> None:
        self.transformer = transformer
        self.n_jobs = n_jobs
        self.memory = memory
        self.verbose = verbose

    def fit(self, X: ArrayLike | Iterable[Any], y: object = None) -> Self:
        """Fit a clone of the transformer on the first sample, and check it on the next.

        Parameters
        ----------
        X : array-like, or iterable of samples that can be read twice
            The samples, see Notes of the class. Only the first two are read.

        y : None
            Ignored.

        Returns
        -------
        self : SampleWise
            The fitted transformer.

        Raises
        ------
        TypeError
            If `transformer` is not a transformer, or X cannot be read sample by sample.

        ValueError
            If a parameter is out of range, X is empty, the transformer refuses a sample
            (the message names it), or its rows depend on other samples.
        """
        cache = self._check_parameters()
        items = Items(X)
        with fitted_copy(self) as fitted:
            if items.is_table:
                check_columns(fitted, X, X, reset=True)
            samples = iter(items)
            first = next(samples, None)
            if first is None:
                raise ValueError("X is empty (0 samples); expected at least 1.")
            fitted._fit_first(first, items)
            del first
            for second in samples:
                fitted._check_stands_alone(second, items, cache)
                break
        return self

    def _fit_first(self, first, items):
        """Fit a clone of the transformer on the first sample."""
        name, alone = first
        with name_sample(name, self.transformer):
            self.transformer_ = clone(self.transformer).fit(build(alone), None)
        self._width = None
        if items.is_table:
            return
        if items.is_array:
            self._width = alone.shape[-1]
        for attribute in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.transformer_, attribute):
                setattr(self, attribute, getattr(self.transformer_, attribute))

    def _check_stands_alone(self, second, items, cache):
        """Raise a ValueError if a row depends on the sample that was fitted."""
        name, alone = second
        _, row, _ = transform_sample(name, alone, self._make_task(cache))
        try:
            with record_warnings():  # the row of the sample repeats them, by its name
                other = only_row(self.transformer_.transform(build(alone)))
        except ValueError:
            # Samples of a sequence may be of different sizes, which many refuse.
            is_learnt = items.is_array
        else:
            is_learnt = not is_equal(row, other)
        if is_learnt:
            kind = type(self.transformer).__name__
            raise ValueError(
                f"{name}: its row depends on whether {kind} was fitted on this sample "
                "or on the first one, so it learns from other samples. SampleWise "
                "fits every sample alone. Put what learns after SampleWise, or give it "
                "fitted, as FrozenEstimator(fitted)."
            )

    def transform(self, X: ArrayLike | Iterable[Any]) -> FloatArray | list[FloatArray]:
        """Compute the rows, one sample after the other.

        Parameters
        ----------
        X : array-like, or iterable of samples that can be read twice
            The samples, see Notes of the class.

        Returns
        -------
        rows : ndarray of shape (n_samples, ...) or list of ndarray
            What the transformer returns for each sample; a list if the shapes differ.

        Raises
        ------
        TypeError
            If X cannot be read sample by sample.

        ValueError
            If X is empty, has another width than was fitted, or the transformer refuses
            a sample. Errors of the transformer are raised again with the name of the
            sample: TypeError, ValueError, MemoryError, ImportError and OSError with
            their type, others as RuntimeError.
        """
        check_is_fitted(self)
        cache = self._check_parameters()
        items = Items(X)
        self._check_width(X, items)
        found = run_parallel(
            transform_sample,
            items,
            shared=(self._make_task(cache),),
            n_jobs=self.n_jobs,
            verbose=self.verbose,
            description="samples",
            one_per_job=True,
        )
        rows, given = [], []
        for name, row, warned in found:
            rows.append(row)
            given.append((name, warned))
        if not rows:
            raise ValueError("X is empty (0 samples); expected at least 1.")
        report_warnings(given)
        return stack_rows(rows)

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> NDArray[np.object_] | Sequence[str]:
        """Name the columns, as the fitted transformer does.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns of X, handed to the transformer.

        Returns
        -------
        names : ndarray of str, or sequence of str
            The names that `transformer_` gives.

        Raises
        ------
        ValueError
            If `transformer_` gives no names, or refuses those of the input.
        """
        check_is_fitted(self)
        if not hasattr(self.transformer_, "get_feature_names_out"):
            raise ValueError(
                f"{type(self.transformer_).__name__} does not name its columns: it has "
                "no method get_feature_names_out."
            )
        names = self.transformer_.get_feature_names_out(input_features)
        return cast("NDArray[np.object_] | Sequence[str]", names)

    def _check_parameters(self):
        """Raise unless the parameters are valid; return the cache, or None."""
        check_flag("verbose", self.verbose)
        check_n_jobs(self.n_jobs)
        check_transformer(self.transformer)
        return open_cache(self.memory)

    def _make_task(self, cache):
        """Return what jobs do with each sample."""
        nested = {}
        if effective_n_jobs(self.n_jobs) > 1:
            # Dask would send what is nested in a job to all machines again.
            nested = {"require": "sharedmem", "n_jobs": 1}
        transformer = clone(self.transformer_)
        key = "" if cache is None else make_key(cache, transformer, "The transformer")
        names = getattr(self, "feature_names_in_", None)
        return Task(transformer, names, cache, key, nested)

    def _check_width(self, X, items):
        """Raise a ValueError if X is an array of another width than was fitted."""
        if items.is_table:
            check_columns(self, X, X, reset=False)
        elif items.is_array and self._width not in (None, X.shape[-1]):
            raise ValueError(
                f"X has {X.shape[-1]} entries along its last axis, but SampleWise was "
                f"fitted on samples of {self._width}."
            )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.transformer)
        tags.input_tags = inner.input_tags
        tags.input_tags.sparse = False
        if inner.transformer_tags is not None:
            tags.transformer_tags = inner.transformer_tags
        return tags
