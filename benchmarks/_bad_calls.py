"""Calls of every public name with good arguments, and the bad values of parameters."""

import inspect
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import torch
from scipy.spatial.distance import squareform
from sklearn.cluster import KMeans
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import benchmarks._bad_values as bad
import sktopo
from sktopo.barcodes import barcode_rows, decompose_distance, scale_barcodes

# Holds checkpoints until this process ends.
FOLDER = TemporaryDirectory()


@dataclass
class Entry:
    """A call that succeeds with the good arguments, and bad values of its parameters.

    `kinds` has the bad values of each parameter by their labels. Every value is a
    function of the good one. Without `is_good` the good call is not tried.
    """

    name: str
    call: object
    good: dict
    kinds: dict
    is_good: bool = True

    @property
    def public_name(self):
        """The public name without a method and a variant."""
        return self.name.split(".")[0].split(" ")[0]

    def list_bad_calls(self):
        """List the parameter, the label and the call of each bad value."""
        return [
            (parameter, label, partial(self._run, parameter, make))
            for parameter, values in self.kinds.items()
            for label, make in values.items()
        ]

    def _run(self, parameter, make):
        bad_value = make(self.good.get(parameter))
        return self.call(**{**self.good, parameter: bad_value})


def without(values, *labels):
    """Leave out values that are not bad here; each label must be there."""
    left = dict(values)
    for label in labels:
        del left[label]
    return left


def make_data():
    """Make connectome rows of two groups, and activations."""
    rng = np.random.default_rng(0)
    rows = rng.random((8, 10)) / 2
    rows[4:] += 0.5
    return rows, rng.normal(size=(3, 12, 5))


ROWS, SAMPLES = make_data()
GROUPS = np.repeat([0, 1], 4)
COVARIATES = {
    **without(bad.VECTOR, "two axes", "none"),
    "constant": lambda good: np.ones(8),
    "follows groups": lambda good: GROUPS,
    "one short": lambda good: good[:-1],
    "too many": lambda good: np.eye(8)[:, :7],
}
CODES = barcode_rows(ROWS)
SCALED = scale_barcodes(CODES)
DISTANCES = np.linalg.norm(ROWS[:, None] - ROWS, axis=2)
DIAGRAMS = [[[0.1, 0.5]], [[0.1, 0.6], [0.2, 0.3]], [[0.2, 0.9]]]
NAMES = [f"a[{k}]" for k in range(5)]
PARTS = [0, 0, 1, 1, 1]
# Bad values of parameters that many names share.
RUN = {"n_jobs": bad.JOBS, "verbose": bad.NO_FLAG}
CACHED = {**RUN, "memory": bad.MEMORY}
# Lists of labels that may be right, as long as nobody knows the number of nodes.
LENGTHS = ("empty", "one short", "one more", "graph")
OPTIONAL_COUNT = without(bad.COUNT, "none")
STREAMING = {
    "measure": bad.NO_WORD,
    "absolute": bad.NO_FLAG,
    "device": bad.NO_WORD,
    "verbose": bad.NO_FLAG,
}
# Parameters of measures.
MEASURES = {
    "shrinkage": bad.SHARE,
    "max_lag": without(bad.COUNT, "zero"),
    "sampling_rate": bad.POSITIVE,
    "band": bad.constants(
        number=3, words=("a", "b"), three=(0, 0.1, 0.2), high=(8, 12)
    ),
    "segment_length": without(bad.COUNT, "none"),
}
FITTED = {**bad.ROWS, **bad.WIDTH}
STACKED = without(bad.ROWS, "one axis more")
NO_TRANSFORMER = without(
    bad.ESTIMATOR, "unfitted persistence", "unfitted connectome", "unfitted pipeline"
)


def list_estimator(kind, X, values, parameters, /, methods=(), of="", **good):
    """List the entries of an estimator: its parameters, `fit`, and other methods.

    `methods` holds the name of each method, its good arguments and its bad values.
    """
    name = kind.__name__ + of
    fitted = cache(lambda: kind(**good).fit(X))

    def use(X, **given):
        estimator = kind(**given).fit(X)
        results = [
            getattr(estimator, method)(X)
            for method in ("transform", "predict")
            if hasattr(estimator, method)
        ]
        return estimator, results

    def call(method, **arguments):
        return getattr(fitted(), method)(**arguments)

    def call_early(method, arguments, **_):
        return getattr(kind(**good), method)(**arguments)

    entries = [
        Entry(name, partial(use, X), good, parameters),
        Entry(f"{name}.fit", partial(use, **good), {"X": X}, {"X": values}),
    ]
    for method, arguments, kinds in methods:
        label = f"{name}.{method}"
        entries.append(Entry(label, partial(call, method), arguments, kinds))
        if method != "__call__":
            early = partial(call_early, method, arguments)
            skipped = {"fit": {"left out": lambda good: None}}
            entries.append(Entry(f"{label} before fit", early, {}, skipped, False))
    return entries


def list_matched(function, options):
    """List the entries of a comparison of two graphs, and of two sets of graphs."""
    many = getattr(sktopo.barcodes, f"{function.__name__}s")
    sets = {"connectomes_1": ROWS, "connectomes_2": ROWS}
    pair = {"connectome_1": ROWS[0], "connectome_2": ROWS[1]}
    rows = {**bad.ROWS, **bad.WIDTH}
    return [
        Entry(
            function.__name__,
            function,
            pair,
            {**dict.fromkeys(pair, bad.VECTOR), **options},
        ),
        Entry(
            many.__name__,
            many,
            sets,
            {"connectomes_1": rows, "connectomes_2": without(rows, "none"), **options},
        ),
    ]


def list_functions_of_rows():
    """List the entries of the functions of barcodes and of measures."""
    b, flag = sktopo.barcodes, {"normalize": bad.NO_FLAG}
    codes, code, count = {"barcodes": CODES}, {"barcode_1": CODES[0]}, bad.COUNT
    pair, first = {"barcodes_1": CODES, "barcodes_2": CODES}, {"barcodes_1": CODES}
    listed = without(bad.BARCODES, "ragged")
    weights = {**bad.VECTOR, "one short": lambda good: good[:-1]}
    weights["negative"] = lambda good: bad.edit(good, 0, -1)
    weights["all zero"] = lambda good: 0 * good
    rows, split = {"connectomes": bad.ROWS}, {"barcodes": bad.NO_DATA}
    layout = {
        "n_edges": without(count, "zero"),
        "normalize": bad.NO_FLAG,
        "topology_weight": bad.SHARE,
        "homology_dimensions": bad.DIMENSIONS,
        "n_quantiles": OPTIONAL_COUNT,
        "factors": bad.constants(
            none=None, number=2.0, words=("a", "b"), one=(1.0,), zero=(0.0, 1.0)
        ),
    }

    def use_layout(rows=CODES, **given):
        made = b.BarcodeLayout(**given)
        return made.sizes, made.scales, made.split(rows), made.unscale(rows)

    use_rows = partial(use_layout, n_edges=10)
    wide = {**bad.NO_DATA, **bad.WIDTH}
    entries = [
        Entry("BarcodeLayout", use_layout, {"n_edges": 10}, layout),
        Entry("BarcodeLayout.split", use_rows, {"rows": CODES}, {"rows": wide}),
        Entry(
            "activation_barcode",
            b.activation_barcode,
            {"activations": SAMPLES[0]},
            {
                "activations": bad.ROWS,
                **STREAMING,
                "n_quantiles": OPTIONAL_COUNT,
            },
        ),
        Entry("barcode_edges", b.barcode_edges, {"connectomes": ROWS}, rows),
        Entry("barcode_rows", b.barcode_rows, {"connectomes": ROWS}, rows),
        Entry(
            "birth_death_decomposition",
            b.birth_death_decomposition,
            {"connectomes": ROWS},
            rows,
        ),
        Entry(
            "barycenter",
            b.barycenter,
            {**codes, "weights": np.arange(1.0, 9)},
            {"barcodes": bad.BARCODES, "weights": without(weights, "none")},
        ),
        Entry("check_barcodes", b.check_barcodes, codes, {"barcodes": bad.BARCODES}),
        Entry(
            "count_nodes",
            b.count_nodes,
            {"n_edges": 3},
            {"n_edges": without(count, "zero")},
        ),
        Entry(
            "quantile_vectors",
            b.quantile_vectors,
            {"values": CODES[:, :4], "n_quantiles": 3},
            {"values": bad.BARCODES, "n_quantiles": count},
        ),
        Entry(
            "decompose_distance",
            b.decompose_distance,
            pair,
            {
                "barcodes_1": listed,
                "barcodes_2": without(listed, "none"),
                **flag,
                "layout": bad.LAYOUT,
            },
        ),
        Entry(
            "decompose_distance",
            b.decompose_distance,
            {**first, "y": GROUPS},
            {"y": bad.LABELS, "barcodes_2": {"given": lambda good: CODES}},
        ),
        Entry(
            "decompose_distance",
            b.decompose_distance,
            {"barcodes_1": ROWS, "layout": b.BarcodeLayout(10)},
            {"barcodes_1": bad.ROWS},
        ),
        Entry("split_barcodes", b.split_barcodes, codes, split),
        *list_matched(b.matched_tree_distance, {"symmetric": bad.NO_FLAG}),
        *list_matched(b.merge_order_correlation, {}),
        Entry(
            "wasserstein_distance",
            b.wasserstein_distance,
            {**code, "barcode_2": CODES[1]},
            {"barcode_1": bad.BARCODE, "barcode_2": bad.BARCODE, **flag},
        ),
        Entry(
            "wasserstein_distances",
            b.wasserstein_distances,
            pair,
            {
                "barcodes_1": listed,
                "barcodes_2": without(listed, "none"),
                **flag,
                "squared": bad.NO_FLAG,
            },
        ),
    ]
    for function in (b.scale_barcodes, b.wasserstein_variance):
        kinds = {"barcodes": bad.BARCODES, **flag}
        entries.append(Entry(function.__name__, function, codes, kinds))
    kinds = {"scaled": bad.BARCODES, **flag}
    entries.append(
        Entry("unscale_barcodes", b.unscale_barcodes, {"scaled": SCALED}, kinds)
    )
    for profile in b.profiles.PROFILES.values():
        kinds, good = {"weights": bad.VECTOR}, {"weights": ROWS[0]}
        entries.append(Entry(profile.__name__, profile, good, kinds))
    for name, measure in sktopo.connectomes.measures.MEASURES.items():
        names = inspect.signature(measure).parameters
        kinds = {"activations": bad.ROWS}
        kinds |= {key: MEASURES[key] for key in names if key in MEASURES}
        good = {"activations": SAMPLES[0]}
        entries.append(Entry(name.replace(" ", "_"), measure, good, kinds))
    return entries


def list_connectomes():
    """List the entries of matrices and confounds."""
    c, flag = sktopo.connectomes, {"global_signal": bad.NO_FLAG}
    matrices = np.array([np.corrcoef(sample.T) for sample in SAMPLES])
    columns = bad.constants(
        real=1.5, too_large=99, flag=[True], name="motion", none_inside=[None]
    )
    methods = [
        ("transform", {"X": SAMPLES}, {"X": bad.SAMPLES}),
        (
            "get_feature_names_out",
            {"input_features": NAMES},
            {"input_features": bad.NAMES},
        ),
    ]
    kind, own = sktopo.RegressConfounds, {"confounds": columns, **flag}
    frames = [("transform", {"X": SAMPLES[0]}, {"X": FITTED})]
    # The first number of a matrix lies on its diagonal, which is ignored.
    first = ("NaN", "infinity", "minus infinity", "None inside")
    off_diagonal = without(bad.SAMPLES, *first, "NaN in a sample of a list")
    table = without(bad.ROWS, "none", "no columns")
    return [
        Entry(
            "connectome_rows",
            c.connectome_rows,
            {"X": matrices},
            {
                "X": off_diagonal,
                "layout": bad.NO_WORD,
                "diagonal": bad.constants(flag=True, word="yes", number=1),
            },
        ),
        Entry(
            "regress_confounds",
            c.regress_confounds,
            {"activations": SAMPLES[0], "confounds": SAMPLES[0][:, :1]},
            {"activations": bad.ROWS, "confounds": table, **flag},
        ),
        *list_estimator(kind, SAMPLES, bad.SAMPLES, own, methods),
        *list_estimator(kind, SAMPLES[0], STACKED, {}, frames, of=" of frames"),
        *list_factorization(),
    ]


def list_factorization():
    """List the entries of SemiNMF and of the table of its features."""
    c = sktopo.connectomes
    own = {
        "n_components": {**bad.COUNT, "too many": lambda good: 100},
        "keep": without({**bad.POSITIVE, "above": lambda good: 1.5}, "none"),
        "init": bad.NO_WORD,
        "n_init": bad.COUNT,
        "max_iter": bad.COUNT,
        "tol": without(bad.POSITIVE, "zero"),
        "random_state": bad.SEED,
        "n_jobs": bad.JOBS,
        "verbose": bad.NO_FLAG,
    }
    methods = [("transform", {"X": SAMPLES}, {"X": bad.SAMPLES})]
    table = {
        "weights": SAMPLES[0][:, :2],
        "components": SAMPLES[0][:2],
        "unit_names": list("abcde"),
        "stimulus_names": [f"stimulus {k}" for k in range(12)],
    }
    return [
        *list_estimator(
            c.SemiNMF, SAMPLES, bad.SAMPLES, own, methods, n_components=2, tol=0.01
        ),
        Entry(
            "feature_table",
            c.feature_table,
            table,
            {
                **dict.fromkeys(table, bad.ROWS),
                **dict.fromkeys(("unit_names", "stimulus_names"), bad.NAMES),
                "n_largest": bad.COUNT,
            },
        ),
    ]


def list_steps():
    """List the entries of the estimators of the pipeline."""
    n_clusters = {**bad.COUNT, "too many": lambda good: 100}
    seed = {"random_state": bad.SEED}
    names = {"input_features": bad.NAMES}
    X = {"X": FITTED}
    rows = {"X": ROWS}
    given = {"input_features": [f"e{k}" for k in range(10)]}
    initial = {
        **without(bad.ROWS, "function", "network", "type"),  # callables
        **bad.WIDTH,
        "unknown word": lambda good: "nope",
    }
    samples = {"X": bad.SAMPLES}
    return [
        *list_estimator(
            sktopo.TopClusterer,
            ROWS,
            bad.ROWS,
            {
                "n_clusters": n_clusters,
                "init": initial,
                "n_init": {**bad.COUNT, "unknown word": lambda good: "nope"},
                "max_iter": bad.COUNT,
                "tol": without(bad.POSITIVE, "zero"),
                **seed,
            },
            [(method, rows, X) for method in ("predict", "transform", "score")],
            n_clusters=2,
            init=ROWS[[0, -1]],
        ),
        *list_estimator(
            sktopo.WassersteinKernel,
            ROWS,
            bad.ROWS,
            {
                "kernel": bad.NO_WORD,
                "gamma": {**bad.POSITIVE, "unknown word": lambda good: "nope"},
            },
            [
                ("transform", rows, X),
                (
                    "__call__",
                    {"X": ROWS, "Y": ROWS},
                    {
                        "X": without(FITTED, "one row"),
                        "Y": without(FITTED, "none", "one row"),
                    },
                ),
            ],
        ),
        *list_estimator(
            sktopo.GraphPersistence,
            ROWS,
            STACKED,
            {
                "normalize": bad.NO_FLAG,
                "center": bad.NO_WORD,
                "topology_weight": bad.SHARE,
                "homology_dimensions": bad.DIMENSIONS,
                "n_quantiles": OPTIONAL_COUNT,
                "fit_inverse_transform": bad.NO_FLAG,
                **RUN,
            },
            [
                ("transform", rows, {"X": without(FITTED, "one axis more")}),
                ("inverse_transform", {"X": SCALED}, X),
                (
                    "edge_names",
                    {**rows, **given},
                    {"X": without(FITTED, "one axis more"), **names},
                ),
            ],
            fit_inverse_transform=True,
        ),
        *list_estimator(
            sktopo.GraphProfiles,
            ROWS,
            STACKED,
            {
                "profiles": {
                    **bad.NO_WORD,
                    **bad.constants(
                        none=None,
                        nothing=(),
                        twice=("births", "births"),
                        not_text=(["births"],),
                        unknown_scope={"births": "nope"},
                        no_scope={"births": None},
                        unknown_in_a_dictionary={"nope": "graph"},
                        set={"births"},
                    ),
                },
                "groups": {
                    **without(bad.LABELS, "complex"),
                    **bad.constants(
                        dictionary={},
                        text_as_size={"five": GROUPS[:5]},
                        another_size={4: GROUPS[:4]},
                        a_word_for_a_size={5: "layer"},
                        no_labels={5: None},
                    ),
                },
                "balance": bad.NO_FLAG,
                "n_quantiles": OPTIONAL_COUNT,
                **RUN,
            },
            [("transform", rows, {"X": without(FITTED, "one axis more")})],
            groups=GROUPS[2:7],
        ),
        *list_estimator(
            sktopo.FunctionalConnectome,
            SAMPLES,
            bad.SAMPLES,
            {
                "measure": {
                    **without(bad.NO_WORD, "list"),
                    "returns None": lambda good: lambda activations: None,
                    "returns a row": lambda good: lambda activations: activations[0],
                    "returns NaN": lambda good: lambda a: np.full((5, 5), np.nan),
                    "returns words": lambda good: lambda a: np.full((5, 5), "word"),
                    "is not symmetric": lambda good: lambda a: np.triu(np.ones((5, 5))),
                },
                "nodes": bad.NO_WORD,
                "absolute": bad.NO_FLAG,
                "constant_units": bad.NO_WORD,
                "shrinkage": without(bad.SHARE, "none"),
                "fisher": bad.NO_FLAG,
                "missing": bad.NO_WORD,
                "min_observations": bad.COUNT,
                **RUN,
            },
            [
                ("transform", {"X": SAMPLES}, samples),
                ("get_feature_names_out", {"input_features": NAMES}, names),
            ],
        ),
        *list_estimator(
            sktopo.FunctionalConnectome,
            SAMPLES,
            bad.SAMPLES,
            {},
            [("transform", {"X": SAMPLES}, samples)],
            of=" of stimuli",
            nodes="stimuli",
        ),
        *list_estimator(
            sktopo.ConnectomePersistence,
            SAMPLES,
            bad.SAMPLES,
            {
                **STREAMING,
                "constant_units": bad.NO_WORD,
                "normalize": bad.NO_FLAG,
                "homology_dimensions": bad.DIMENSIONS,
                "n_quantiles": OPTIONAL_COUNT,
            },
            [
                ("transform", {"X": SAMPLES}, samples),
                ("get_feature_names_out", {"input_features": NAMES}, names),
            ],
        ),
        *list_windows(),
        *list_dynamic(),
        *list_representations(),
        *list_frames(),
        *list_class_wise(),
        *list_sample_wise(),
        *list_recording(),
        Entry(
            "align_units",
            sktopo.connectomes.align_units,
            {
                "recordings": [pd.DataFrame(x).add_prefix("unit") for x in SAMPLES],
                "how": "union",
                "min_share": 0.5,
            },
            {
                "recordings": bad.NO_DATA,
                "how": bad.NO_WORD,
                "min_share": without(bad.SHARE, "none"),
            },
        ),
    ]


def list_representations():
    """List the entries of the transformers of representations, and their functions."""
    groups = {
        **without(bad.LABELS, "complex"),
        **bad.constants(
            dictionary={},
            text_as_size={"five": PARTS},
            another_size={4: PARTS[:4]},
            a_word_for_a_size={5: "layer"},
            no_labels={5: None},
            lists_of_other_groups=[PARTS, PARTS[::-1]],
            lists_of_words=[list("ab"), "layer"],
        ),
    }
    shared = {"groups": groups, "balance": bad.NO_FLAG, **RUN}
    floor = {**bad.SHARE, **bad.constants(zero=0)}
    samples = bad.SAMPLES
    geometry = {
        "power": bad.POSITIVE,
        "n_stimuli": {**OPTIONAL_COUNT, **bad.constants(one=1, too_many=13)},
        "random_state": bad.SEED,
    }
    spectrum = {
        "normalize": bad.NO_FLAG,
        "floor": floor,
        "n_quantiles": OPTIONAL_COUNT,
    }
    parameters = {
        sktopo.StimulusGeometry: geometry,
        sktopo.CovarianceSpectrum: spectrum,
    }
    entries = []
    for kind, own in parameters.items():
        methods = [("transform", {"X": SAMPLES}, {"X": samples})]
        known = {**own, **shared}
        entries += list_estimator(kind, SAMPLES, samples, known, methods, groups=PARTS)
    functions = {"gram_row": ("power",), "log_spectrum": ("normalize", "floor")}
    for name, names in functions.items():
        kinds = {"activations": bad.ROWS} | {
            parameter: {**geometry, **spectrum}[parameter] for parameter in names
        }
        function, good = getattr(sktopo.representations, name), SAMPLES[0]
        entries.append(Entry(name, function, {"activations": good}, kinds))
    return entries


def list_windows():
    """List the entries of SlidingWindows and phase_randomize."""
    samples, names = {"X": bad.SAMPLES}, {"input_features": bad.NAMES}
    count = {**bad.COUNT, **bad.constants(too_many=13)}
    methods = [
        ("transform", {"X": SAMPLES}, samples),
        ("locate", {"X": SAMPLES}, samples),
        ("get_feature_names_out", {"input_features": NAMES}, names),
    ]
    kinds = {
        "width": {**without(count, "none"), **bad.constants(one=1)},
        "step": bad.COUNT,
    }
    surrogates = {**samples, "common": bad.NO_FLAG, "random_state": bad.SEED}
    return [
        *list_estimator(
            sktopo.SlidingWindows, SAMPLES, bad.SAMPLES, kinds, methods, width=4
        ),
        Entry(
            "phase_randomize",
            sktopo.connectomes.phase_randomize,
            {"X": SAMPLES},
            surrogates,
        ),
    ]


def list_dynamic():
    """List the entries of DynamicConnectome and of its affinities."""
    kind, frames = sktopo.DynamicConnectome, SAMPLES[0]
    word = {**bad.NO_WORD, **bad.constants(none=None)}
    parameters = {
        "n_components": bad.COUNT,
        "affinity": word,
        "n_init": bad.COUNT,
        "max_iter": bad.COUNT,
        "tol": bad.SHARE,
        "random_state": bad.SEED,
    }
    methods = [
        ("transform", {"X": SAMPLES}, {"X": bad.SAMPLES}),
        ("get_feature_names_out", {"input_features": None}, {}),
    ]
    of_frames = [("transform", {"X": frames}, {"X": FITTED})]
    good = {"random_state": 0, "n_init": 1}
    a = sktopo.connectomes.affinities
    table = {"recording": bad.ROWS}
    bandwidth = bad.constants(number="1", none=None, zero=0, wide=100.0, nan=np.nan)
    return [
        *list_estimator(kind, SAMPLES, bad.SAMPLES, parameters, methods, **good),
        *list_estimator(kind, frames, STACKED, {}, of_frames, " of frames", **good),
        Entry(
            "differential",
            a.differential,
            {"recording": frames, "bandwidth": 1.0},
            {**table, "bandwidth": bandwidth},
        ),
        Entry("activity", a.activity, {"recording": frames}, table),
        Entry(
            "affinity_rows", a.affinity_rows, {"signals": frames}, {"signals": bad.ROWS}
        ),
    ]


def list_states():
    """List the entries of the test and the tables of states, and of their display."""
    i, display = sktopo.inference, sktopo.plotting.StatesDisplay
    chain = make_pipeline(
        sktopo.SlidingWindows(6, step=3),
        sktopo.FunctionalConnectome(),
        sktopo.TopClusterer(2, random_state=0),
    )
    tested = {
        "X": bad.SAMPLES,
        "estimator": bad.ESTIMATOR,
        "statistic": bad.NO_WORD,
        "n_surrogates": bad.COUNT,
        "random_state": bad.SEED,
        **RUN,
    }
    good = {"labels": GROUPS, "recordings": PARTS + [2, 2, 2]}
    labels = without(bad.LABELS, "complex")
    kinds = {"labels": {**labels, **bad.NONE}, "recordings": {**labels, **bad.NONE}}
    interval, ax = {"interval": bad.POSITIVE}, {"ax": bad.AXES}
    unit = {"unit": bad.constants(number=3, nan=np.nan, list=["s"], bytes=b"s")}
    times = {
        **without(bad.VECTOR, "none"),
        "descending": lambda good: good[::-1],
        "one short": lambda good: good[:-1],
    }
    drawn = {"estimator": bad.ESTIMATOR, "X": bad.SAMPLES, "names": labels}
    fitted = chain.fit(SAMPLES)
    plot = display.from_labels(**good).plot
    return [
        Entry(
            "state_test",
            i.state_test,
            {"X": SAMPLES, "estimator": chain, "n_surrogates": 2},
            tested,
        ),
        Entry("state_table", i.state_table, good, {**kinds, **interval}),
        Entry("transition_table", i.transition_table, good, kinds),
        Entry(
            "StatesDisplay.from_estimator",
            display.from_estimator,
            {"estimator": fitted, "X": SAMPLES, "names": [0, 1, 2]},
            {**drawn, **interval, **unit, **ax},
        ),
        Entry(
            "StatesDisplay.from_labels",
            display.from_labels,
            {**good, "times": np.arange(8.0)},
            {**kinds, "times": times, **unit, **ax},
        ),
        Entry("StatesDisplay.plot", plot, {}, ax),
    ]


def list_reports():
    """List the entries of reports."""
    report = sktopo.reporting.Report
    labels = without(bad.LABELS, "complex")
    measured = {"continuous": lambda good: np.asarray(good) + 0.1}
    design = {
        "y": {**bad.LABELS, **measured},
        "sample_names": labels,
        "sample_groups": labels,
        "covariates": COVARIATES,
        "title": bad.constants(number=3, empty="", list=["a"]),
        "n_permutations": bad.COUNT,
        "random_state": bad.SEED,
        **RUN,
    }
    # All classmethods read these in the same way.
    few = {name: dict(list(values.items())[:2]) for name, values in design.items()}
    nodes = {"node_names": bad.NAMES, "groups": without(labels, "graph")}
    kept = {"memory": bad.MEMORY}
    run = {
        "y": GROUPS,
        "sample_names": list(range(8)),
        "sample_groups": [0, 1, 2, 3] * 2,
        "covariates": np.arange(8.0) ** 2,
        "n_permutations": 1,
    }
    recordings = np.random.default_rng(0).normal(size=(8, 12, 5))
    related = {
        "measure": bad.NO_WORD,
        "absolute": bad.NO_FLAG,
        "missing": bad.NO_WORD,
        "constant_units": bad.NO_WORD,
        "min_observations": bad.COUNT,
    }
    networks = [torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU())] * 8
    shown = {
        "stimuli": bad.NO_DATA,
        "layers": bad.constants(number=3, unknown="fc9", list=[3]),
        "reduce": bad.NO_WORD,
        "device": bad.NO_WORD,
        "constant_units": bad.NO_WORD,
        "matrix": without(bad.NO_FLAG, "text"),
    }
    stimuli = np.random.default_rng(0).normal(size=(9, 3)).astype(np.float32)
    good = {"networks": networks, "stimuli": stimuli, **run}
    four = {"node_names": NAMES[:4], "groups": PARTS[:4]}
    return [
        Entry(
            "Report.from_connectomes",
            report.from_connectomes,
            {"connectomes": ROWS, "node_names": NAMES, "groups": PARTS, **run},
            {
                "connectomes": without(bad.ROWS, "graph", "list of graphs", "ragged"),
                "nodes_correspond": bad.NO_FLAG,
                **nodes,
                **few,
                **kept,
            },
        ),
        Entry(
            "Report.from_rows",
            report.from_rows,
            {"rows": SCALED, "level": np.arange(8.0), **run},
            {
                "rows": bad.ROWS,
                "slices": bad.constants(number=3, empty={}, words={"a": "b"}),
                "level": without(bad.VECTOR, "none"),
                **design,
            },
        ),
        Entry(
            "Report.from_networks",
            report.from_networks,
            {**good, **four},
            {"networks": bad.NO_DATA, **shown, **nodes, **few, **kept},
        ),
        Entry(
            "Report.from_recordings",
            report.from_recordings,
            {"recordings": recordings, "node_names": NAMES, "groups": PARTS, **run},
            {"recordings": bad.SAMPLES, **related, **nodes, **few, **kept},
        ),
    ]


def list_frames():
    """List the entries of FunctionalConnectome on frames."""
    kind, frames = sktopo.FunctionalConnectome, SAMPLES[0]
    methods = [("transform", {"X": frames}, {"X": FITTED})]
    return list_estimator(kind, frames, STACKED, {}, methods, of=" of frames")


def list_class_wise():
    """List the entries of ClassWise on activations and on tables."""
    kind = sktopo.ClassWise
    chain = make_pipeline(sktopo.FunctionalConnectome(), sktopo.GraphPersistence())
    classes = [0, 1] * 6
    parameters = {
        "transformer": NO_TRANSFORMER,
        "stimulus_classes": {
            **bad.LABELS,
            "alone": lambda good: [2, *good[1:]],
        },
        "balance": bad.NO_FLAG,
    }
    samples, names = {"X": bad.SAMPLES}, {"input_features": bad.NAMES}
    methods = [
        ("transform", {"X": SAMPLES}, samples),
        ("get_feature_names_out", {"input_features": NAMES}, names),
    ]
    rows = [("transform", {"X": ROWS}, {"X": FITTED})]
    table = {"transformer": StandardScaler(), "stimulus_classes": [0, 1] * 5}
    return [
        *list_estimator(
            kind,
            SAMPLES,
            bad.SAMPLES,
            parameters,
            methods,
            transformer=chain,
            stimulus_classes=classes,
        ),
        *list_estimator(kind, ROWS, STACKED, {}, rows, of=" of a table", **table),
    ]


def list_sample_wise():
    """List the entries of SampleWise on connectome rows and on samples."""
    kind, transformer = sktopo.SampleWise, sktopo.GraphPersistence()
    # Graphs and rows of different sizes give a list of rows.
    rows = without(STACKED, "ragged", "list of graphs")
    fitted = {"X": {**rows, **bad.WIDTH}}
    names = {"input_features": bad.NAMES}
    given = {"input_features": [f"e{k}" for k in range(10)]}
    methods = [
        ("transform", {"X": ROWS}, fitted),
        ("get_feature_names_out", given, names),
    ]
    parameters = {"transformer": NO_TRANSFORMER, **CACHED}
    connectome = {"transformer": sktopo.FunctionalConnectome()}
    samples = [("transform", {"X": SAMPLES}, {"X": bad.SAMPLES})]
    return [
        *list_estimator(kind, ROWS, rows, parameters, methods, transformer=transformer),
        *list_estimator(
            kind, SAMPLES, bad.SAMPLES, {}, samples, of=" of samples", **connectome
        ),
    ]


def list_recording():
    """List the entries of ActivationExtractor on networks, pairs and stimuli."""
    kind = sktopo.ActivationExtractor
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.ReLU())
    other = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU())
    broken = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.ReLU())
    torch.nn.init.constant_(broken[0].weight, torch.nan)
    stimuli = SAMPLES[0]
    networks = {
        **without(bad.NO_DATA, "network"),
        "a single network": lambda good: network,
        "a class among networks": lambda good: [network, torch.nn.ReLU],
        "None among networks": lambda good: [network, None],
        "text among networks": lambda good: [network, "text"],
        "weights": lambda good: [network.state_dict()],
        "another width": lambda good: [other],
        "NaN in weights": lambda good: [broken],
        "nothing to record": lambda good: [torch.nn.Linear(5, 4)],
        "numbers": lambda good: np.ones((3, 4)),
    }
    pairs = {
        "a pair of None": lambda good: [(network, None)],
        "a pair of text": lambda good: [(network, "text")],
        "three parts": lambda good: [good[0], (network, stimuli, stimuli)],
        "the other way round": lambda good: [(stimuli, network)],
        "NaN in stimuli": lambda good: [(network, stimuli * np.nan)],
        "no pair": lambda good: [good[0], network],
    }
    shown = without(
        bad.SAMPLES,
        "none",
        "gradient",
        "one axis more",
        "no nodes",
        "NaN in a sample of a list",
        "masked array",
        "dates",
        "numbers as text",
    )
    parameters = {
        "stimuli": shown,
        "layers": bad.constants(
            unknown="nope",
            number=3,
            empty=[],
            dictionary={},
            none_inside=[None],
            nan=np.nan,
            no_function="0:relu",
            no_entry="1:mean",
            no_third_call="1#3",
            bad_range="[",
        ),
        "reduce": bad.NO_WORD,
        "channel_axis": {
            **without(bad.COUNT, "minus one"),
            "unknown word": lambda good: "nope",
        },
        "batch_size": bad.COUNT,
        "mask": {
            **without(bad.NO_WORD, "nan"),
            "one short": lambda good: np.ones((len(stimuli) - 1, 2)),
            "one axis": lambda good: np.ones(len(stimuli)),
            "twos": lambda good: np.full((len(stimuli), 2), 2),
            "nothing counts": lambda good: np.zeros((len(stimuli), 2)),
            "complex": lambda good: np.ones((len(stimuli), 2)) * 1j,
        },
        "max_nodes": without(bad.COUNT, "none"),
        "random_state": bad.SEED,
        "device": bad.constants(unknown="nope", number=-3.5, empty="", list=["cpu"]),
        **RUN,
    }
    models = {"model": without(bad.NO_DATA, "none", "network")}
    good, model = {"stimuli": stimuli}, {"model": network}
    sets = without(bad.SAMPLES, "gradient", "one axis more")
    # A generator of networks can be transformed; fit would use it up.
    bad_networks = without(networks, "generator")
    methods = [("transform", {"X": [network]}, {"X": bad_networks})]
    two = [network, network]
    return [
        *list_estimator(kind, two, networks, parameters, methods, **good),
        *list_estimator(kind, [(network, stimuli)] * 2, pairs, {}, of=" of pairs"),
        *list_estimator(
            kind,
            stimuli,
            without(STACKED, "gradient"),
            models,
            of=" of stimuli",
            **model,
        ),
        *list_estimator(kind, SAMPLES, sets, {}, of=" of stimulus sets", **model),
        *list_estimator(kind, SAMPLES, bad.SAMPLES, {}, of=" of activations"),
    ]


def list_interaction_basis():
    """List the entries of InteractionBasis."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Linear(5, 4), torch.nn.Tanh(), torch.nn.Linear(4, 3)
    )
    parameters = {
        "model": without(bad.NO_DATA, "network"),
        "layers": bad.constants(
            unknown="nope", one_only="1", number=3, empty=[], none_inside=[None]
        ),
        "basis": bad.NO_WORD,
        "n_intervals": {**bad.NO_INTEGER, **bad.NONE},
        "tol": bad.SHARE,
        "batch_size": bad.COUNT,
    }
    X = SAMPLES[0]
    # Tensors are stimuli as good as arrays.
    values = without(STACKED, "gradient")
    counts = bad.constants(
        minus_one=-1, fraction=1.5, text="2", too_many=[9], none=[None]
    )
    methods = [
        ("transform", {"X": X}, {"X": values}),
        (
            "reduced_outputs",
            {"X": X, "n_features": 2},
            {"X": values, "n_features": counts},
        ),
        ("interaction_graph", {}, {}),
    ]
    kind = sktopo.recording.InteractionBasis
    return list_estimator(kind, X, values, parameters, methods, model=network)


def list_checkpoints():
    """List the entries of Checkpoints and split_heads."""
    network = torch.nn.Linear(2, 2)
    for name in ("step1.pt", "step2.pt"):
        torch.save(network.state_dict(), Path(FOLDER.name, name))
    paths = {
        **without(bad.NO_DATA, "generator", "map"),
        "no such folder": lambda good: Path(good, "nowhere"),
        "a pattern of nothing": lambda good: str(Path(good, "*.bin")),
        "no such file in a list": lambda good: [Path(good, "step3.pt")],
        "an open file": lambda good: [open],
    }
    names = bad.constants(
        text="ab", number=3, one_short=["a"], numbers=[1, 2], dictionary={"a": 1}
    )
    kinds = {
        "build": without(bad.NO_DATA, "function", "type", "generator", "map"),
        "paths": paths,
        "names": names,
        "trust": bad.NO_FLAG,
    }
    good = {"build": lambda: network, "paths": FOLDER.name}
    return [
        Entry("Checkpoints", sktopo.recording.Checkpoints, good, kinds),
        Entry(
            "split_heads",
            sktopo.recording.split_heads,
            {"n_heads": 2},
            {"n_heads": bad.COUNT, "statistic": bad.NO_WORD},
        ),
    ]


def list_training():
    """List the entries of monitors, of the stopping rule, and of callbacks."""
    t, stimuli = sktopo.training, SAMPLES[0]
    network = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.ReLU())
    table = pd.DataFrame({"step": [0, 1, 2], "change": [np.nan, 0.2, 0.1]})

    def record(**parameters):
        monitor = t.TopologyMonitor(**parameters)
        monitor.record(network)
        return monitor.table()

    def stop(**parameters):
        return t.StoppingRule(**parameters).find_stop(table.assign(layer="all layers"))

    extractor = list_recording()[0].kinds
    shared = ("stimuli", "layers", "reduce", "mask", "channel_axis", "batch_size")
    monitor = {
        **{name: extractor[name] for name in (*shared, "max_nodes")},
        "stimuli": {**extractor["stimuli"], **bad.NONE},
        "every": bad.COUNT,
        "profiles": bad.constants(
            number=3, unknown=["birth"], empty=[], text="births", groups={"births": "a"}
        ),
        "reference": without(bad.NO_DATA, "none", "network", "generator", "map"),
        "n_quantiles": bad.COUNT,
        "random_state": {**bad.NO_INTEGER, **bad.NONE},
    }
    rule = {
        "tolerance": bad.SHARE,
        "patience": bad.COUNT,
        "window": bad.COUNT,
        "burn_in": without(bad.COUNT, "zero"),
        "layer": without(bad.NO_WORD, "true"),
    }
    good = {"monitor": t.TopologyMonitor(stimuli)}
    called = {
        "monitor": without(bad.NO_DATA, "generator", "map"),
        "path": bad.constants(number=3, list=["run.npz"], nan=np.nan),
        "rule": bad.constants(text="stop", number=3, type=t.StoppingRule),
    }
    callbacks = (t.lightning_callback, t.skorch_callback, t.transformers_callback)
    return [
        Entry("TopologyMonitor", record, {"stimuli": stimuli}, monitor),
        Entry("StoppingRule", stop, {}, rule),
        *(
            # The packages need not be installed.
            Entry(make.__name__, make, good, called, is_good=False)
            for make in callbacks
        ),
    ]


def list_inference():
    """List the entries of tests, attribution and metrics."""
    i, m = sktopo.inference, sktopo.metrics
    good = {
        "X": SCALED,
        "y": GROUPS,
        "groups": [0, 0, 1, 1, 2, 2, 3, 3],
        "covariates": np.arange(8.0) ** 2,
        "n_permutations": 19,
        "random_state": 0,
    }
    shared = {
        "y": bad.GROUPS,
        "groups": without(bad.LABELS, "complex"),
        "covariates": COVARIATES,
        "metric": bad.NO_WORD,
        "homology_dimensions": bad.DIMENSIONS,
        "n_permutations": bad.COUNT,
        "random_state": bad.SEED,
        **RUN,
    }
    extra = {
        i.permanova: {},
        i.permutation_test: {"squared": bad.NO_FLAG},
        i.pairwise_permutation_test: {"test": bad.NO_WORD, "correction": bad.NO_WORD},
    }
    entries = []
    for test, own in extra.items():
        name = test.__name__
        kinds = {"X": bad.ROWS, **shared, **own}
        entries.append(Entry(name, test, good, kinds))
        far = {**good, "X": DISTANCES, "metric": "precomputed"}
        entries.append(Entry(f"{name} of distances", test, far, {"X": bad.DISTANCES}))
    entries.append(
        Entry(
            "attribute_distance",
            i.attribute_distance,
            {"connectomes": ROWS, "y": GROUPS, "unit_names": NAMES},
            {
                "connectomes": bad.ROWS,
                "y": without(bad.GROUPS, "each its own"),
                "by": bad.NO_WORD,
                "unit_names": bad.NAMES,
                "homology_dimension": bad.constants(
                    two=2, minus_one=-1, text="0", none=None, list=[0], nan=np.nan
                ),
            },
        )
    )
    entries += list_differences("difference_table", i.difference_table, "X")
    labels = {"labels_true": GROUPS, "labels_pred": GROUPS}
    kinds = dict.fromkeys(labels, bad.CLASSES)
    for score in (m.purity_score, m.matched_accuracy_score):
        entries.append(Entry(score.__name__, score, labels, kinds))
    separation = {"activations": ROWS, "classes": GROUPS}
    kinds = {"activations": bad.ROWS, "classes": bad.CLASSES}
    entries.append(Entry("concept_separation", m.concept_separation, separation, kinds))
    return entries


def list_differences(name, call, rows):
    """List the entries of a table of differences; `rows` is the name of its rows."""
    good = {
        rows: ROWS,
        "y": GROUPS,
        "n_permutations": 19,
        "cv": 2,
        "profiles": ["births", "strengths"],
        "groups": [0, 0, 0, 1, 1],
        "sample_groups": [0, 1, 2, 3, 1, 2, 3, 0],
        "covariates": np.arange(8.0) ** 2,
    }
    kinds = {
        rows: bad.ROWS,
        "y": bad.GROUPS,
        "profiles": bad.constants(
            none=None, text="births", number=3, empty=(), unknown=["nope"], words=[3]
        ),
        "groups": without(bad.LABELS, "complex"),
        "sample_groups": without(bad.LABELS, "complex"),
        "covariates": COVARIATES,
        "n_permutations": bad.COUNT,
        "cv": {**bad.FOLDS, **bad.NONE},
        "random_state": bad.SEED,
        "n_jobs": RUN["n_jobs"],
    }
    good["level"] = np.sqrt(good["covariates"])
    kinds["level"] = kinds["covariates"]
    if rows != "X":
        return [Entry(name, call, good, kinds)]
    kinds["verbose"] = bad.NO_FLAG
    scaled = {"X": SCALED, "y": GROUPS, "n_permutations": 19, "cv": 2, "level": None}
    slices = bad.constants(
        text="births",
        number=3,
        empty={},
        list=[slice(0, 3)],
        no_slice={"births": 3},
        no_name={3: slice(0, 3)},
        no_columns={"births": slice(3, 3)},
        words={"births": slice("a", "b")},
    )
    return [
        Entry(name, call, good, kinds),
        Entry(
            f"{name} of rows",
            call,
            {**scaled, "slices": {"births": slice(0, 4)}},
            {"X": bad.ROWS, "slices": slices, "groups": bad.constants(layer="layer")},
        ),
    ]


def list_baselines():
    """List the entries of the baselines."""
    b = sktopo.baselines
    seed = {"random_state": bad.SEED}
    n_clusters = {"n_clusters": {**bad.COUNT, "too many": lambda good: 100}}
    word, count, width = bad.NO_WORD, bad.COUNT, {"bandwidth": bad.POSITIVE}
    diagrams = [("transform", {"X": DIAGRAMS}, {"X": bad.DIAGRAMS})]
    rows = [("transform", {"X": ROWS}, {"X": FITTED})]
    labels = [("predict", {"X": ROWS}, {"X": FITTED})]
    far = without(bad.DISTANCES, "not symmetric", "diagonal")
    fitted = {**without(far, "not square"), **bad.WIDTH}
    parameters = {
        b.DiagramDistance: {"metric": word, **width, "n_directions": count, **CACHED},
        b.DiagramKernel: {"kernel": word, **width, **CACHED},
        b.PersistenceImages: {"resolution": count, **width, "weighted": bad.NO_FLAG},
        b.PersistenceLandscapes: {"n_landscapes": count, "resolution": count},
        b.RipsDiagrams: {
            "distance": word,
            "homology_dimension": without(count, "zero"),
            **CACHED,
        },
        b.GraphSummaries: CACHED,
        b.WeightSummaries: {"kind": word},
    }
    entries = []
    for kind, kinds in parameters.items():
        if kind in (b.RipsDiagrams, b.GraphSummaries, b.WeightSummaries):
            entries += list_estimator(kind, ROWS, bad.ROWS, kinds, rows)
        else:
            entries += list_estimator(kind, DIAGRAMS, bad.DIAGRAMS, kinds, diagrams)
    options = {"method": word, "init": word, "max_iter": count, **seed}
    scale = {"scale": {**bad.POSITIVE, "unknown word": lambda good: "nope"}}
    two = {"n_clusters": 2}
    named = {"distance": word, "groups": without(bad.LABELS, "complex", *LENGTHS)}
    return [
        *entries,
        *list_estimator(
            b.WeightSummaries,
            ROWS,
            bad.ROWS,
            {"groups": {**without(bad.LABELS, "complex"), **bad.NONE}},
            rows,
            of=" of blocks",
            kind="blocks",
            groups=PARTS,
        ),
        *list_estimator(
            b.DistanceKernel,
            DISTANCES,
            without(far, "not square"),
            scale,
            [("transform", {"X": DISTANCES}, {"X": fitted})],
        ),
        *list_estimator(
            b.MedoidClusterer,
            DISTANCES,
            far,
            {**n_clusters, "metric": without(word, "list"), **options},
            [("predict", {"X": DISTANCES}, {"X": fitted})],
            **two,
        ),
        *list_estimator(
            b.MedoidClusterer,
            ROWS,
            bad.ROWS,
            {},
            labels,
            of=" of rows",
            metric="euclidean",
            **two,
        ),
        *list_estimator(
            b.SimilarityClusterer,
            ROWS,
            bad.ROWS,
            {**n_clusters, "method": word, **seed},
            labels,
            **two,
        ),
        *list_representation_distances(),
        Entry("baseline_kernels", b.baseline_kernels, {"groups": PARTS}, named),
        Entry(
            "baseline_clusterers",
            b.baseline_clusterers,
            {**two, "groups": PARTS},
            {"n_clusters": count, **named, **seed},
        ),
    ]


def list_representation_distances():
    """List the entries of RepresentationDistance on networks and on rows."""
    kind = sktopo.baselines.RepresentationDistance
    bandwidth = {**bad.POSITIVE, "too wide": lambda good: 1e4}
    neighbors = {"n_neighbors": {**bad.COUNT, "too many": lambda good: 12}}
    groups = {
        **without(bad.LABELS, "complex"),
        **bad.constants(dictionary={}, another_size={4: GROUPS[:4]}),
    }
    parameters = {
        "measure": bad.NO_WORD,
        "kernel": bad.NO_WORD,
        "bandwidth": bandwidth,
        "unbiased": bad.NO_FLAG,
        "variance": bad.SHARE,
        "groups": groups,
        **RUN,
    }
    one_axis_less = {"a single network": lambda good: np.asarray(good)[0]}
    others = {
        **bad.SAMPLES,
        **one_axis_less,
        "fewer stimuli": lambda good: np.asarray(good)[:, 1:],
        "stimuli of one network": lambda good: [good[0], good[1][1:]],
    }
    samples = [("transform", {"X": SAMPLES}, {"X": others})]
    rows = [("transform", {"X": ROWS}, {"X": FITTED})]
    jaccard = {"measure": "jaccard", "n_neighbors": 3}
    return [
        *list_estimator(
            kind, SAMPLES, bad.SAMPLES, parameters, samples, groups=GROUPS[2:7]
        ),
        *list_estimator(kind, SAMPLES, {}, neighbors, of=" by neighbors", **jaccard),
        *list_estimator(kind, ROWS, bad.ROWS, {}, rows, of=" of rows"),
    ]


def list_comparison():
    """List the entries of comparisons and data sets."""
    c, d = sktopo.comparison, sktopo.datasets
    svm = {"a": (SVC(), {"C": [1.0, 2.0]})}
    means = {"a": (KMeans(2, n_init=1), {"tol": [0.1, 0.2]})}
    good = {"X": ROWS, "y": GROUPS, "cv": 2}
    folds = bad.FOLDS
    X = {"X": {**bad.NO_DATA, "one short": lambda good: good[:-1]}}
    y = {**bad.LABELS, **bad.NONE}
    table = c.compare_clusterers(ROWS, GROUPS, means, n_starts=1)
    made = {
        "n_networks": bad.COUNT,
        "n_nodes": {**bad.COUNT, "one": lambda good: 1},
        "n_modules": bad.constants(
            text="23",
            number=2,
            none=None,
            empty=(),
            zero=(0,),
            fraction=(1.5,),
            many=(99,),
        ),
        "p_within": bad.SHARE,
        "mu": without(bad.POSITIVE, "zero", "minus one"),
        "sigma": without(bad.POSITIVE, "zero"),
        "random_state": bad.SEED,
    }
    states = {
        "n_recordings": bad.COUNT,
        "n_observations": bad.COUNT,
        "dwell": bad.POSITIVE,
        "strength": bad.SHARE,
        "autocorrelation": {**bad.SHARE, **bad.constants(one=1.0)},
        **{name: made[name] for name in ("n_nodes", "n_modules", "random_state")},
    }
    trained = {"n_networks": bad.COUNT, "random_state": bad.SEED}
    return [
        Entry(
            "compare_classifiers",
            c.compare_classifiers,
            {**good, "candidates": svm, "inner_cv": 2, "groups": np.arange(8) % 4},
            {
                **X,
                "y": y,
                "candidates": bad.CANDIDATES,
                "cv": folds,
                "inner_cv": folds,
                "groups": without(bad.LABELS, "complex"),
                "scoring": bad.SCORING,
                **CACHED,
            },
        ),
        Entry(
            "compare_clusterers",
            c.compare_clusterers,
            {**good, "candidates": means, "n_starts": 1, "groups": np.arange(8) % 4},
            {
                **X,
                "y": y,
                "candidates": bad.CANDIDATES,
                "cv": folds,
                "groups": without(bad.LABELS, "complex"),
                "n_starts": bad.COUNT,
                **CACHED,
                "random_state": bad.SEED,
            },
        ),
        Entry("summarize", c.summarize, {"table": table}, {"table": bad.TABLE}),
        *list_readers(),
        Entry("make_modular_connectomes", d.make_modular_connectomes, {}, made),
        Entry(
            "make_state_recordings",
            d.make_state_recordings,
            {"n_recordings": 1, "n_observations": 9},
            states,
        ),
        Entry("train_digit_networks", d.train_digit_networks, {}, trained, False),
    ]


def list_comparison_display():
    """List the entries of the display of comparisons."""
    table = sktopo.comparison.compare_clusterers(
        ROWS, GROUPS, {"Top": sktopo.TopClusterer(2)}, n_starts=2, random_state=0
    )
    display, ax = sktopo.plotting.ComparisonDisplay, {"ax": bad.AXES}
    return [
        Entry(
            "ComparisonDisplay.from_table",
            display.from_table,
            {"table": table},
            {"table": bad.TABLE, "score": bad.NO_WORD, **ax},
        ),
        Entry("ComparisonDisplay.plot", display.from_table(table).plot, {}, ax),
    ]


def list_trajectory():
    """List the entries of the display of networks over steps."""
    display, ax = sktopo.plotting.TrajectoryDisplay, {"ax": bad.AXES}
    table = pd.DataFrame({"step": [0, 1, 2], "level": [0.1, 0.3, 0.2]})
    steps = {**bad.VECTOR, "twice": lambda good: np.zeros(len(good))}
    from_table = {"y": bad.NO_WORD, "hue": bad.NO_WORD, "average": bad.NO_WORD}
    return [
        Entry(
            "TrajectoryDisplay.from_table",
            display.from_table,
            {"table": table},
            {"table": bad.TABLE, **from_table, "log_steps": bad.NO_FLAG, **ax},
        ),
        Entry(
            "TrajectoryDisplay.from_rows",
            display.from_rows,
            {"rows": ROWS, "steps": np.arange(float(len(ROWS))), "runs": GROUPS},
            {
                "rows": bad.ROWS,
                "steps": steps,
                "runs": without(bad.LABELS, "complex"),
                "log_steps": bad.NO_FLAG,
                **ax,
            },
        ),
        Entry("TrajectoryDisplay.plot", display.from_table(table).plot, {}, ax),
    ]


def list_interactive():
    """List the entries of the interactive figures of displays."""
    p, names = sktopo.plotting, without(bad.LABELS, "complex")
    embedding = p.EmbeddingDisplay.from_rows(ROWS, y=GROUPS)
    diagram = p.PersistenceDiagramDisplay.from_barcodes(CODES[0])
    return [
        Entry(
            "EmbeddingDisplay.to_plotly",
            embedding.to_plotly,
            {"sample_names": np.arange(len(ROWS))},
            {"sample_names": names},
        ),
        Entry(
            "PersistenceDiagramDisplay.to_plotly",
            diagram.to_plotly,
            {"edge_names": np.arange(CODES.shape[1])},
            {"edge_names": names},
        ),
    ]


def make_worms():
    """Make the table of a recording of two neurons."""
    return pd.DataFrame(
        {
            "source_dataset": "Kato2015",
            "raw_data_file": "WT_Stim.mat",
            "worm": "worm0",
            "neuron": ["AVAL", "AVAR"],
            "is_labeled_neuron": True,
            "calcium_data": [[0.1, 0.5], [0.2, 0.3]],
            "time_in_seconds": [[0.0, 0.5], [0.0, 0.5]],
        }
    )


def list_readers():
    """List the entries of the readers of files."""
    path = Path(FOLDER.name, "table.npy")
    np.save(path, squareform(np.arange(1.0, 7.0)))
    kinds = {
        "paths": {
            **without(bad.NO_DATA, "generator", "map"),
            "no such file": lambda good: good.with_name("nowhere.csv"),
            "no table": lambda good: [__file__],
        },
        "key": bad.constants(number=3, list=["x"], true=True, bytes=b"x"),
        "as_frame": bad.NO_FLAG,
    }
    axis = {"node_axis": bad.constants(text="rows", two=2, none=None, true=True)}
    worms = {
        "path_or_frame": {
            **without(bad.NO_DATA, "none"),
            "no such file": lambda good: Path("nowhere.parquet"),
            "no rows": lambda good: good[:0],
            "no columns": lambda good: good[[]],
        },
        "signal": bad.NO_WORD,
        "labeled_only": bad.NO_FLAG,
        "sources": bad.constants(text="Kato2015", number=3, numbers=[3], unknown=["a"]),
    }
    d, good = sktopo.datasets, {"paths": path}
    recording = {**good, "node_axis": 1}
    return [
        Entry("load_celegans", d.load_celegans, {"path_or_frame": make_worms()}, worms),
        Entry("read_connectomes", d.read_connectomes, good, kinds),
        Entry("read_recordings", d.read_recordings, recording, {**kinds, **axis}),
    ]


def list_displays():
    """List the entries of the displays."""
    p = sktopo.plotting
    persistence = sktopo.GraphPersistence(fit_inverse_transform=True).fit(ROWS)
    connectome = sktopo.FunctionalConnectome().fit(SAMPLES)
    clusterer = sktopo.TopClusterer(2, random_state=0).fit(ROWS)
    flag, word, ax = bad.NO_FLAG, bad.NO_WORD, {"ax": bad.AXES}
    # Groups may have any names that can be sorted.
    labels = without(bad.LABELS, "complex")
    y = {"y": labels}
    cmap = {"cmap": bad.constants(unknown="nope", number=3, list=["x"])}
    of_nodes = {"groups": labels}
    mean = {"reorder": flag, "colorbar": flag, **of_nodes, **cmap, **ax}
    tree = {"label_nodes": flag, **of_nodes, **ax}
    grouped = {**y, **ax}
    against = {"against": word, **grouped}
    persistent = {"estimator": persistence, "X": ROWS, "y": GROUPS}
    related = {"estimator": connectome, "X": SAMPLES, "groups": PARTS}
    clustered = {"estimator": clusterer, "X": ROWS, "y": GROUPS}
    codes = {"barcodes": CODES, "y": GROUPS}
    weights = {"connectomes": ROWS, "node_names": NAMES, "groups": PARTS}
    averaged = {"connectomes": without(STACKED, "one row"), "node_names": bad.NAMES}
    sample = {
        "sample": {**without(bad.COUNT, "zero", "minus one"), "99": lambda good: 99}
    }
    calls = {
        p.BarcodeDisplay: (
            persistent,
            against,
            "barcodes",
            codes,
            {"barcodes": bad.BARCODES},
        ),
        p.BettiCurvesDisplay: (
            persistent,
            grouped,
            "barcodes",
            codes,
            {"barcodes": bad.BARCODES},
        ),
        p.PersistenceDiagramDisplay: (
            without(persistent, "y"),
            {**sample, **ax},
            "barcodes",
            {"barcode": CODES[0]},
            {"barcode": bad.BARCODE},
        ),
        p.ConnectomeDisplay: (related, mean, "connectomes", weights, averaged),
        p.SpanningTreeDisplay: (related, tree, "connectomes", weights, averaged),
        p.DecompositionDisplay: (
            persistent,
            {"y": {**labels, **bad.NONE}, **ax},
            "decomposition",
            {"decomposition": decompose_distance(CODES, y=GROUPS)},
            {"decomposition": bad.DECOMPOSITION},
        ),
        p.EmbeddingDisplay: (
            clustered,
            {"continuous": flag, **grouped},
            "rows",
            {"rows": ROWS, "y": GROUPS},
            {"rows": bad.ROWS},
        ),
        p.ClusterConfusionDisplay: (
            clustered,
            {"y": {**labels, **bad.NONE}, **ax},
            "labels",
            {"labels_true": GROUPS, "labels_pred": GROUPS},
            dict.fromkeys(("labels_true", "labels_pred"), {**labels, **bad.NONE}),
        ),
    }
    color = {"color": word, **ax}
    table = sktopo.inference.difference_table(ROWS, GROUPS, cv=2, n_permutations=19)
    difference = p.DifferenceDisplay
    (entry,) = list_differences(
        "DifferenceDisplay.from_connectomes", difference.from_connectomes, "connectomes"
    )
    entry.kinds |= color
    entries = [
        entry,
        Entry(
            "DifferenceDisplay.from_table",
            difference.from_table,
            {"table": table},
            {"table": bad.TABLE, **color},
        ),
        Entry("DifferenceDisplay.plot", difference.from_table(table).plot, {}, ax),
        *list_comparison_display(),
        *list_trajectory(),
        *list_interactive(),
    ]
    for display, (given, options, form, good, kinds) in calls.items():
        name = display.__name__
        X = bad.SAMPLES if given["X"] is SAMPLES else without(FITTED, "one axis more")
        both = {"estimator": bad.ESTIMATOR, "X": X, **options}
        entries.append(
            Entry(f"{name}.from_estimator", display.from_estimator, given, both)
        )
        options = {key: options[key] for key in options if key not in ("sample",)}
        if form in ("labels", "decomposition"):
            options = ax
        entries.append(
            Entry(
                f"{name}.from_{form}",
                getattr(display, f"from_{form}"),
                good,
                {**kinds, **options},
            )
        )
        shown = set(options) - {"y", "reorder", "groups", "continuous"}
        shown = {key: options[key] for key in options if key in shown}
        drawn = cache(partial(getattr(display, f"from_{form}"), **good))
        plot = partial(lambda drawn, **given: drawn().plot(**given), drawn)
        entries.append(Entry(f"{name}.plot", plot, {}, shown))
    return entries


def list_entries():
    """List the entries of all public names."""
    return [
        *list_functions_of_rows(),
        *list_connectomes(),
        *list_steps(),
        *list_checkpoints(),
        *list_interaction_basis(),
        *list_inference(),
        *list_baselines(),
        *list_comparison(),
        *list_displays(),
        *list_states(),
        *list_training(),
        *list_reports(),
    ]
