"""What a report compares, and how: samples, their labels and the options of a run."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from sktopo._samplewise import SampleWise
from sktopo._utils.labels import check_labels
from sktopo._utils.nodes import check_node_names, find_layers
from sktopo._utils.optional import import_optional
from sktopo._utils.parameters import is_integer
from sktopo.comparison._cache import open_cache
from sktopo.inference import difference_table, permanova
from sktopo.inference._blocks import list_folds
from sktopo.inference._relabelling import check_run, make_exchange
from sktopo.inference._scheme import check_distinct, choose_units
from sktopo.inference._study import number_groups, read_groups

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sktopo._typing import FloatArray, MemoryLike

# Folds of the accuracy in a difference table, fewer where a class is smaller.
_MOST_FOLDS = 5


@dataclass(frozen=True)
class Options:
    """How a report is computed, from `read_options`."""

    title: str | None
    n_permutations: int
    seed: int
    n_jobs: int | None
    memory: MemoryLike
    verbose: bool


def read_options(title, n_permutations, random_state, n_jobs, memory, verbose):
    """Validate the options of a report, and draw its seed if none is given."""
    for module in ("jinja2", "matplotlib", "pandas"):
        import_optional(module, extra="report", purpose="A report")
    if title is not None and not (isinstance(title, str) and title.strip()):
        raise ValueError(f"title must be None or a text, got {title!r:.80}.")
    generator = check_run(n_permutations, n_jobs, random_state, verbose)
    open_cache(memory)
    seed = random_state
    if not is_integer(random_state):  # the report says which seed repeats it
        seed = generator.randint(2**31 - 1)
    return Options(title, n_permutations, int(seed), n_jobs, memory, verbose)


@dataclass(frozen=True, eq=False)
class Design:
    """Which samples belong to which class, and what tests make of that.

    Parameters
    ----------
    noun : str
        What a sample is called, such as "network".

    labels : ndarray of shape (n_samples,) or None
        The class of each sample.

    sample_groups : ndarray of shape (n_samples,) or None
        The person, site or other group of each sample.

    covariates : ndarray of shape (n_samples, n_covariates) or None
        Numbers that tests account for.

    covariate_names : tuple of str
        Names of the covariates, if they were given as a data frame.

    obstacle : str or None
        Why classes cannot be tested.

    n_folds : int or None
        Folds of the accuracy in a difference table; None if a class is too small.
    """

    noun: str
    labels: NDArray[Any] | None = None
    sample_groups: NDArray[Any] | None = None
    covariates: FloatArray | None = None
    obstacle: str | None = None
    n_folds: int | None = None
    covariate_names: tuple[str, ...] = ()

    @property
    def about_covariates(self) -> str:
        """The covariates in words: their names, or their number."""
        if self.covariate_names:
            return ", ".join(self.covariate_names)
        count = 0 if self.covariates is None else self.covariates.shape[1]
        return f"{count} covariate{'s' * (count != 1)}"

    @property
    def classes(self) -> list[Any]:
        """The classes, ascending."""
        return [] if self.labels is None else np.unique(self.labels).tolist()

    @property
    def names(self) -> NDArray[np.object_] | None:
        """The name of the class of each sample."""
        if self.labels is None:
            return None
        return np.array([name_class(label) for label in self.labels.tolist()], object)


def name_class(label):
    """Write the name of a class: 1.0 is 1."""
    return str(int(label)) if isinstance(label, float) else str(label)


def read_design(noun, y, n_samples, sample_groups, covariates):
    """Validate labels and what tests are given with them, before any work."""
    if y is None:
        for name, value in (
            ("sample_groups", sample_groups),
            ("covariates", covariates),
        ):
            if value is not None:
                raise ValueError(
                    f"{name} are for tests of classes, but y is None. Give the class "
                    f"of each {noun} as y, or leave out {name}."
                )
        return Design(noun)
    labels = check_labels(y, n_samples, discrete=True, of=noun)
    if sample_groups is not None:
        sample_groups = check_labels(sample_groups, n_samples, "sample_groups", of=noun)
    obstacle = find_obstacle(noun, labels, sample_groups)
    n_folds = None
    if obstacle is None:
        n_folds = choose_folds(labels, sample_groups)
        _try_tests(labels, sample_groups, covariates, n_folds)
    covariate_names = ()
    if covariates is not None:
        covariate_names = tuple(map(str, getattr(covariates, "columns", ())))
        covariates = np.asarray(covariates, dtype=np.float64).reshape(n_samples, -1)
    return Design(
        noun, labels, sample_groups, covariates, obstacle, n_folds, covariate_names
    )


def find_obstacle(noun, labels, sample_groups):
    """Say why classes cannot be tested; None if they can."""
    names, sizes = np.unique(labels, return_counts=True)
    if len(names) < 2:
        return (
            f"all {noun}s have the same label, {name_class(names[0])!r}, so there are "
            "no classes to compare"
        )
    if sizes.max() < 2:
        return (
            f"every class has a single {noun}. A test compares distances within "
            f"classes with distances between them, so it needs a class of two {noun}s "
            "or more"
        )
    groups = read_groups(sample_groups, len(labels), "sample_groups")
    try:
        units = choose_units(labels, groups, "sample_groups")
        numbers = number_groups(units.choose(labels))
        check_distinct(make_exchange(numbers, units.strata), units.name)
    except ValueError as error:
        return str(error).removesuffix(".")
    return None


def choose_folds(labels, sample_groups):
    """Choose the number of folds, as many as classes allow; None if none is possible.

    Folds keep the samples of a group together.
    """
    groups = read_groups(sample_groups, len(labels), "sample_groups")
    units = choose_units(labels, groups, "sample_groups")
    for n_folds in range(_MOST_FOLDS, 1, -1):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                list_folds(units.choose(labels), n_folds, units.strata)
        except ValueError:
            continue
        return n_folds
    return None


def _try_tests(labels, sample_groups, covariates, n_folds):
    """Run the tests once on random rows, so that what they refuse is refused early."""
    rows = np.random.default_rng(0).random((len(labels), 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if n_folds is None:
            options = {"groups": sample_groups, "covariates": covariates}
            permanova(rows, labels, n_permutations=1, random_state=0, **options)
            return
        difference_table(
            rows,
            labels,
            slices={"all": slice(0, 3)},
            level=None,
            cv=n_folds,
            sample_groups=sample_groups,
            covariates=covariates,
            n_permutations=1,
            random_state=0,
        )


@dataclass(eq=False)
class Study:
    """What is compared: rows and, if they are known, the connectomes behind them.

    Parameters
    ----------
    design : Design
        Classes of the samples.

    names : ndarray of shape (n_samples,)
        Names of the samples.

    rows : ndarray of shape (n_samples, n_features)
        Wasserstein rows.

    about_rows : str
        What the distance between rows is, in words.

    connectomes : ndarray of shape (n_samples, n_edges) or None
        Connectome rows, if they are known and have the same nodes.

    barcodes : dict or None
        "births" and "deaths" in units of the weights, (n_samples, n_values) each.

    level : ndarray of shape (n_samples,) or None
        The mean weight of each graph, or another level that was given.

    profiles : tuple of (ndarray, dict of str to slice) or None
        Rows of profiles and their columns, for a difference table without connectomes.

    node_names : ndarray of shape (n_nodes,) or None
        Names of nodes, if samples share them.

    groups : ndarray of shape (n_nodes,) or None
        The group of each node.

    are_matched : bool
        Whether a node of one sample is the same as that of another.

    facts, steps, notes, settings, seconds, cited
        What the report says of the samples, of the steps to the rows, and of what to
        look out for; parameters and durations of the steps; the papers they are from.

    columns : dict of str to sequence
        Further columns of the table of samples.
    """

    design: Design
    names: NDArray[Any]
    rows: FloatArray
    about_rows: str
    connectomes: FloatArray | None = None
    barcodes: dict[str, FloatArray] | None = None
    level: FloatArray | None = None
    profiles: tuple[FloatArray, dict[str, slice]] | None = None
    node_names: NDArray[Any] | None = None
    groups: NDArray[Any] | None = None
    are_matched: bool = True
    facts: dict[str, str] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    cited: list[str] = field(default_factory=list)
    columns: dict[str, Any] = field(default_factory=dict)

    @property
    def noun(self) -> str:
        """What a sample is called."""
        return self.design.noun


def read_names(names, n_samples, noun):
    """Return a name for each sample: text, "network 0" and so on if none are given."""
    if names is None:
        return np.array([f"{noun} {k}" for k in range(n_samples)], dtype=object)
    names = check_labels(names, n_samples, "sample_names", of=noun)
    return np.array([str(name) for name in names.tolist()], dtype=object)


def read_node_groups(groups, node_names):
    """Return the group of each node as text, None if there are none.

    `groups` are given for each node of `node_names`, "layer" to read them from the
    names, or None.
    """
    if groups is None:
        return None
    if isinstance(groups, str) and groups == "layer":
        layers, members = find_layers(node_names)
        return np.array(layers, dtype=object)[members]
    found = check_labels(groups, len(node_names), "groups", of="node")
    return np.array([str(group) for group in found.tolist()], dtype=object)


def read_node_names(names, n_nodes):
    """Return the names of nodes as text."""
    return np.array([str(name) for name in check_node_names(names, n_nodes)], object)


def run_by_sample(transformer, X, options):
    """Transform samples one by one, so that a run that was stopped goes on."""
    by_sample = SampleWise(
        transformer,
        n_jobs=options.n_jobs,
        memory=options.memory,
        verbose=options.verbose,
    )
    return by_sample.fit_transform(X)


def say_range(numbers):
    """Write a number, or the smallest and the largest of several."""
    low, high = np.min(numbers), np.max(numbers)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


@contextmanager
def take_notes(notes: list[str]) -> Iterator[None]:
    """List warnings, each once, instead of issuing them."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        yield
    texts = dict.fromkeys(str(warned.message) for warned in found)
    notes += [text for text in texts if text not in notes]


def group_notes(notes, names):
    """Join notes that differ in numbers and names of samples only.

    Warnings of one sample call it "Sample 3 of X"; notes call it by its name.
    """
    groups = {}
    for text in notes:
        kind = re.sub(r"\d+|\('.*?'\)|^Sample .*?: ", "#", text)
        groups.setdefault(kind.lstrip("#"), []).append(text)
    return [
        _name_sample(texts[0], names)
        + (f" ({len(texts) - 1} more notes like this.)" if texts[1:] else "")
        for texts in groups.values()
    ]


def _name_sample(text, names):
    """Call a sample by its name in a warning that was given for it alone."""
    known = re.match(r"Sample (\d+) of X(?: \('.*?'\))?(?=[:,])", text)
    if known is None:
        return text
    text = text[known.end() :].replace(" in 1 of 1 sample(s)", "")
    return names[int(known[1])] + text.replace(" in this sample", "")


@contextmanager
def measure_time(seconds: dict[str, float], step: str) -> Iterator[None]:
    """Add the seconds of a step to those of all steps."""
    start = perf_counter()
    yield
    seconds[step] = seconds.get(step, 0.0) + perf_counter() - start
