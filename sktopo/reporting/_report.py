"""Reports of connectomes, rows, networks and recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

from sktopo._utils.parameters import check_flag, check_option
from sktopo.reporting._document import Document
from sktopo.reporting._networks import study_networks
from sktopo.reporting._recordings import study_recordings
from sktopo.reporting._sources import study_connectomes, study_rows
from sktopo.reporting._study import read_options

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import torch
    from numpy.typing import ArrayLike

    from sktopo._typing import (
        FloatArray,
        Layers,
        MemoryLike,
        Networks,
        RandomState,
        Reduce,
        Stimuli,
    )


class Report(Document):
    """A comparison of networks, recordings or connectomes, as one page of HTML.

    The page is for readers who do not program. It says first what was found, with a
    picture: whether classes differ, in what, where, whether that is more than chance
    and more than the mean weight says. Then follow all tables, tests, clusters compared
    with controls, figures, settings, and a paragraph on methods with citations. It is
    one file that needs no other, and no connection.

    Use :meth:`from_connectomes`, :meth:`from_rows`, :meth:`from_networks` or
    :meth:`from_recordings` to make one. A notebook shows the page if the report ends a
    cell.

    Parameters
    ----------
    title : str
        The title.

    headline : str
        The answer in one sentence.

    paragraphs : list of str
        The answer in full.

    tables : dict of str to DataFrame
        "samples" and, as far as they were computed, "classes", "differences", "tests",
        "pairs" and "clusters".

    figures : dict of str to matplotlib Figure
        As far as they were drawn: "differences", "embedding", "barycenters" and
        "connectomes".

    captions : dict of str to str
        What the figures show.

    facts : dict of str to str
        What was compared.

    notes : list of str
        What to look out for: all warnings of the steps, which are listed here instead
        of being issued, and more.

    methods : str
        A paragraph on what was run.

    bibtex : str
        The citations of that paragraph.

    settings : dict of str to str
        Parameters and versions.

    seconds : dict of str to float
        How long steps took.

    noun : str
        What a sample is called.

    date : str
        When the report was made.

    Examples
    --------
    >>> from sktopo.datasets import make_modular_connectomes
    >>> from sktopo.reporting import Report
    >>> X, y = make_modular_connectomes(6, n_nodes=20, random_state=0)
    >>> report = Report.from_connectomes(X, y, n_permutations=199)
    >>> report.headline
    'The 3 classes are not all alike: the difference is more than chance.'
    >>> report.html[:15]
    '<!DOCTYPE html>'
    """

    @classmethod
    def from_connectomes(
        cls,
        connectomes: ArrayLike | Sequence[Any],
        y: ArrayLike | None = None,
        *,
        sample_names: Sequence[str] | None = None,
        node_names: ArrayLike | None = None,
        groups: ArrayLike | Literal["layer"] | None = None,
        nodes_correspond: bool = True,
        sample_groups: ArrayLike | None = None,
        covariates: ArrayLike | None = None,
        title: str | None = None,
        n_permutations: int = 9999,
        random_state: RandomState = 0,
        n_jobs: int | None = None,
        memory: MemoryLike = None,
        verbose: bool = False,
    ) -> Self:
        """Report on connectomes that were computed before.

        Parameters
        ----------
        connectomes : array-like of shape (n_samples, n_edges) or \
(n_samples, n_nodes, n_nodes), or sequence of them
            Connectome rows or symmetric matrices, as
            :class:`~sktopo.GraphPersistence` takes them. Those of a sequence may differ
            in size; the report then compares whole graphs only.

        y : array-like of shape (n_samples,), default=None
            The class of each connectome: strings, or integers. If None, nothing is
            tested, and the connectomes are described.

        sample_names : sequence of str, default=None
            Names of the connectomes. If None, the index of a data frame, or numbers.

        node_names : array-like of str of shape (n_nodes,), default=None
            Names of the nodes. If None, those in the
            columns of a data frame, or numbers.

        groups : array-like of shape (n_nodes,), "layer" or None, default=None
            The group of each node, such as a brain system: the report says in which
            group, or between which two, classes differ. "layer" reads it from the names
            of nodes, such as ``"fc1[0]"``. Not for
            connectomes of different sizes.

        nodes_correspond : bool, default=True
            Whether a node is the same in all connectomes, as a brain region. If False,
            as for networks that were trained separately, the nodes of each group are
            sorted by strength before mean connectomes are drawn.

        sample_groups : array-like of shape (n_samples,), default=None
            The person, site or other group of each connectome, if some belong together,
            as in :func:`~sktopo.inference.difference_table`.

        covariates : array-like of shape (n_samples,) or (n_samples, n_covariates), \
default=None
            Numbers that all tests account for, such as age or motion. The report names
            the columns of a data frame.

        title : str, default=None
            The title of the page.

        n_permutations : int, default=9999
            Number of random relabellings of each test.

        random_state : int, RandomState instance or None, default=0
            Determines relabellings and clusters. The report says which int repeats it.

        n_jobs : int or None, default=None
            Number of parallel jobs, see :term:`n_jobs`.

        memory : str, joblib.Memory or None, default=None
            A folder to keep the row of each connectome in, so that a run that was
            stopped goes on, see :class:`~sktopo.SampleWise`.

        verbose : bool, default=False
            Whether to show progress bars (needs tqdm).

        Returns
        -------
        report : Report
            The report.

        Raises
        ------
        ValueError, TypeError
            Before any work, if a parameter is out of range or of the wrong kind, the
            connectomes cannot be read or are not finite, or labels do not fit.

        ImportError
            If Jinja2, matplotlib or pandas is not installed
            (``pip install 'sktopo[report]'``).
        """
        check_flag("nodes_correspond", nodes_correspond)
        options = read_options(
            title, n_permutations, random_state, n_jobs, memory, verbose
        )
        study = study_connectomes(
            connectomes,
            y,
            options,
            samples=sample_names,
            nodes=(node_names, groups),
            sample_groups=sample_groups,
            covariates=covariates,
            are_matched=nodes_correspond,
        )
        return cls._write(study, options)

    @classmethod
    def from_rows(
        cls,
        rows: ArrayLike,
        y: ArrayLike | None = None,
        *,
        slices: Mapping[str, slice] | None = None,
        level: ArrayLike | None = None,
        sample_names: Sequence[str] | None = None,
        sample_groups: ArrayLike | None = None,
        covariates: ArrayLike | None = None,
        title: str | None = None,
        n_permutations: int = 9999,
        random_state: RandomState = 0,
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> Self:
        """Report on Wasserstein rows that were computed before.

        Parameters
        ----------
        rows : array-like of shape (n_samples, n_features)
            Wasserstein rows, as :class:`~sktopo.GraphPersistence`,
            :class:`~sktopo.GraphProfiles` and :class:`~sktopo.ConnectomePersistence`
            return them.

        y : array-like of shape (n_samples,), default=None
            The class of each sample: strings, or integers. If None, nothing is tested,
            and the samples are described.

        slices : dict of str to slice, default=None
            The columns of each profile, such as the `profile_slices_` of
            :class:`~sktopo.GraphProfiles`, for a table of differences by profile.

        level : array-like of shape (n_samples,), default=None
            The mean weight of each graph, which the table of differences accounts for
            and which is a control of the clusters.

        sample_names : sequence of str, default=None
            Names of the samples. If None, the index of a data frame, or numbers.

        sample_groups : array-like of shape (n_samples,), default=None
            The person, site or other group of each sample, if some belong together,
            as in :func:`~sktopo.inference.difference_table`.

        covariates : array-like of shape (n_samples,) or (n_samples, n_covariates), \
default=None
            Numbers that all tests account for, such as age or motion. The report names
            the columns of a data frame.

        title : str, default=None
            The title of the page.

        n_permutations : int, default=9999
            Number of random relabellings of each test.

        random_state : int, RandomState instance or None, default=0
            Determines relabellings and clusters. The report says which int repeats it.

        n_jobs : int or None, default=None
            Number of parallel jobs, see :term:`n_jobs`.

        verbose : bool, default=False
            Whether to show progress bars (needs tqdm).

        Returns
        -------
        report : Report
            The report.

        Raises
        ------
        ValueError, TypeError
            Before any work, if a parameter is out of range or of the wrong kind,
            rows are not finite numbers, or labels do not fit.

        ImportError
            If Jinja2, matplotlib or pandas is not installed
            (``pip install 'sktopo[report]'``).
        """
        options = read_options(
            title, n_permutations, random_state, n_jobs, None, verbose
        )
        study = study_rows(
            rows,
            y,
            samples=sample_names,
            slices=slices,
            level=level,
            sample_groups=sample_groups,
            covariates=covariates,
        )
        return cls._write(study, options)

    @classmethod
    def from_networks(
        cls,
        networks: Networks,
        y: ArrayLike | None = None,
        *,
        stimuli: Stimuli | None,
        layers: Layers = None,
        reduce: Reduce = "mean",
        device: str | torch.device | None = None,
        constant_units: Literal["zero", "drop", "raise"] = "zero",
        matrix: bool | Literal["auto"] = "auto",
        sample_names: Sequence[str] | None = None,
        node_names: ArrayLike | None = None,
        groups: ArrayLike | Literal["layer"] | None = None,
        sample_groups: ArrayLike | None = None,
        covariates: ArrayLike | None = None,
        title: str | None = None,
        n_permutations: int = 9999,
        random_state: RandomState = 0,
        n_jobs: int | None = None,
        memory: MemoryLike = None,
        verbose: bool = False,
    ) -> Self:
        """Record networks one at a time, and report on their functional connectomes.

        Parameters
        ----------
        networks : sequence of networks, or of functions that build them
            What :class:`~sktopo.ActivationExtractor` takes, such as
            :class:`~sktopo.recording.Checkpoints`.

        y : array-like of shape (n_samples,), default=None
            The class of each network: strings, or integers. If None, nothing is tested,
            and the networks are described.

        stimuli : array-like, tensor, tuple, list, mapping or iterable, or None
            What the networks are shown, see :class:`~sktopo.ActivationExtractor`. None
            if `networks` are pairs of a network and its stimuli.

        layers : None, str, type, callable, or sequence of str and type, default=None
            What is recorded, see :class:`~sktopo.ActivationExtractor`.

        reduce : str or callable, default="mean"
            How outputs of convolutions and of layers on tokens become nodes, likewise.

        device : str, torch.device or None, default=None
            Where the networks run, likewise.

        constant_units : {"zero", "drop", "raise"}, default="zero"
            What to do with units that never vary ("dead" units), see
            :class:`~sktopo.FunctionalConnectome`. The report counts them. With "drop"
            networks keep different units, and whole graphs are compared only.

        matrix : bool or "auto", default="auto"
            Whether the matrix of weights of each network is computed. If False,
            :class:`~sktopo.ConnectomePersistence` computes births and deaths without
            it, and the report compares these for whole networks only. "auto" does that
            if any network has more than 2,000 units, and the report says so; of
            networks that are built one at a time, it looks at the first.

        sample_names : sequence of str, default=None
            Names of the networks. If None, those of
            :class:`~sktopo.recording.Checkpoints`, or numbers.

        node_names : array-like of str of shape (n_nodes,), default=None
            Names of the nodes. If None, those that were
            recorded, such as ``"fc1[0]"``.

        groups : array-like of shape (n_nodes,), "layer" or None, default=None
            The group of each node, such as a brain system: the report says in which
            group, or between which two, classes differ. "layer" reads it from the names
            of nodes, such as ``"fc1[0]"``. If None,
            layers.

        sample_groups : array-like of shape (n_samples,), default=None
            The person, site or other group of each network, if some belong together,
            as in :func:`~sktopo.inference.difference_table`.

        covariates : array-like of shape (n_samples,) or (n_samples, n_covariates), \
default=None
            Numbers that all tests account for, such as age or motion. The report names
            the columns of a data frame.

        title : str, default=None
            The title of the page.

        n_permutations : int, default=9999
            Number of random relabellings of each test.

        random_state : int, RandomState instance or None, default=0
            Determines relabellings and clusters. The report says which int repeats it.

        n_jobs : int or None, default=None
            Number of parallel jobs, see :term:`n_jobs`.

        memory : str, joblib.Memory or None, default=None
            A folder to keep the result of each network in, so that a run that was
            stopped goes on, see :class:`~sktopo.SampleWise`.

        verbose : bool, default=False
            Whether to show progress bars (needs tqdm).

        Returns
        -------
        report : Report
            The report.

        Raises
        ------
        ValueError, TypeError
            Before any work, if a parameter is out of range or of the wrong kind, a
            network cannot be run on the stimuli, or labels do not fit.

        ImportError
            If Jinja2, matplotlib or pandas is not installed
            (``pip install 'sktopo[report]'``), or torch is not.
        """
        check_option("constant_units", constant_units, ("zero", "drop", "raise"))
        if not (isinstance(matrix, str) and matrix == "auto"):
            check_flag("matrix, if not 'auto',", matrix)
        options = read_options(
            title, n_permutations, random_state, n_jobs, memory, verbose
        )
        study = study_networks(
            networks,
            y,
            options,
            stimuli=stimuli,
            extraction={"layers": layers, "reduce": reduce, "device": device},
            constant_units=constant_units,
            matrix=matrix,
            samples=sample_names,
            nodes=(node_names, groups),
            sample_groups=sample_groups,
            covariates=covariates,
        )
        return cls._write(study, options)

    @classmethod
    def from_recordings(
        cls,
        recordings: ArrayLike | Sequence[ArrayLike],
        y: ArrayLike | None = None,
        *,
        measure: str | Callable[[FloatArray], ArrayLike] = "correlation",
        absolute: bool = True,
        missing: Literal["raise", "drop_nodes", "drop_frames", "pairwise"] = "raise",
        constant_units: Literal["zero", "drop", "raise"] = "zero",
        min_observations: int = 10,
        sample_names: Sequence[str] | None = None,
        node_names: ArrayLike | None = None,
        groups: ArrayLike | Literal["layer"] | None = None,
        sample_groups: ArrayLike | None = None,
        covariates: ArrayLike | None = None,
        title: str | None = None,
        n_permutations: int = 9999,
        random_state: RandomState = 0,
        n_jobs: int | None = None,
        memory: MemoryLike = None,
        verbose: bool = False,
    ) -> Self:
        """Report on the functional connectomes of recordings.

        If recordings keep different nodes, because they have or leave out different
        ones, the report compares whole graphs only, and says so.

        Parameters
        ----------
        recordings : array-like of shape (n_samples, n_observations, n_nodes), or \
sequence of array-like of shape (n_observations, n_nodes)
            Recordings; their numbers of observations and of nodes may differ.

        y : array-like of shape (n_samples,), default=None
            The class of each recording: strings, or integers. If None, nothing is
            tested, and the recordings are described.

        measure : str or callable, default="correlation"
            What relates two nodes, see :class:`~sktopo.FunctionalConnectome`.

        absolute : bool, default=True
            Whether to take absolute values of the weights.

        missing : {"raise", "drop_nodes", "drop_frames", "pairwise"}, default="raise"
            What to do with NaN, see :class:`~sktopo.FunctionalConnectome`.

        constant_units : {"zero", "drop", "raise"}, default="zero"
            What to do with nodes that never vary ("dead" regions), likewise.

        min_observations : int, default=10
            The least number of observations that may be left, likewise.

        sample_names : sequence of str, default=None
            Names of the recordings. If None, numbers.

        node_names : array-like of str of shape (n_nodes,), default=None
            Names of the nodes. If None, the columns of
            data frames, or numbers.

        groups : array-like of shape (n_nodes,), "layer" or None, default=None
            The group of each node, such as a brain system: the report says in which
            group, or between which two, classes differ. "layer" reads it from the names
            of nodes, such as ``"fc1[0]"``. Not for
            recordings with different numbers of nodes.

        sample_groups : array-like of shape (n_samples,), default=None
            The person, site or other group of each recording, if some belong together,
            as in :func:`~sktopo.inference.difference_table`.

        covariates : array-like of shape (n_samples,) or (n_samples, n_covariates), \
default=None
            Numbers that all tests account for, such as age or motion. The report names
            the columns of a data frame.

        title : str, default=None
            The title of the page.

        n_permutations : int, default=9999
            Number of random relabellings of each test.

        random_state : int, RandomState instance or None, default=0
            Determines relabellings and clusters. The report says which int repeats it.

        n_jobs : int or None, default=None
            Number of parallel jobs, see :term:`n_jobs`.

        memory : str, joblib.Memory or None, default=None
            A folder to keep the connectome of each recording in, so that a run that
            was stopped goes on, see :class:`~sktopo.SampleWise`.

        verbose : bool, default=False
            Whether to show progress bars (needs tqdm).

        Returns
        -------
        report : Report
            The report.

        Raises
        ------
        ValueError, TypeError
            Before any work, if a parameter is out of range or of the wrong kind,
            recordings cannot be related, or labels do not fit.

        ImportError
            If Jinja2, matplotlib or pandas is not installed
            (``pip install 'sktopo[report]'``).
        """
        check_option("constant_units", constant_units, ("zero", "drop", "raise"))
        options = read_options(
            title, n_permutations, random_state, n_jobs, memory, verbose
        )
        study = study_recordings(
            recordings,
            y,
            options,
            samples=sample_names,
            nodes=(node_names, groups),
            sample_groups=sample_groups,
            covariates=covariates,
            parameters={
                "measure": measure,
                "absolute": absolute,
                "missing": missing,
                "constant_units": constant_units,
                "min_observations": min_observations,
            },
        )
        return cls._write(study, options)
