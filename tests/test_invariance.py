"""What changes nothing: a common shift, the unit, the order, the precision, threads.

Every public class and function is a case of this module, or excluded with a reason. A
case says what happens to each of its outputs. All numbers of the data are multiples of
one power of two, so that shifts and changes of unit are exact.
"""

import importlib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import squareform
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics.cluster import contingency_matrix
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

import sktopo
from sktopo import (
    barcodes,
    baselines,
    comparison,
    inference,
    metrics,
    representations,
)
from sktopo.barcodes.profiles import PROFILES
from sktopo.connectomes import phase_randomize
from sktopo.connectomes._measure import OF_TIME
from sktopo.connectomes.affinities import AFFINITIES, affinity_rows
from sktopo.connectomes.measures import MEASURES

EXCLUDED = {
    "AFFINITIES": "the dictionary of the affinities",
    "MEASURES": "the dictionary of the measures",
    "PROFILES": "the dictionary of the profiles",
    "BarcodeLayout": "says which column is what, from integers",
    "count_nodes": "takes an integer",
    "PermanovaResult": "holds what permanova computes",
    "PermutationResult": "holds what permutation_test computes",
    "Checkpoints": "loads files",
    "TopologyMonitor": "records networks; tests/training holds units of its scalars",
    "lightning_callback": "calls a TopologyMonitor",
    "skorch_callback": "calls a TopologyMonitor",
    "transformers_callback": "calls a TopologyMonitor",
    "align_units": "moves columns and computes nothing",
    "feature_table": "lists the largest of the numbers it is given",
    "split_heads": "is called by a network's recording",
    "load_celegans": "loads a file",
    "load_digit_networks": "loads a file",
    "show_versions": "prints versions",
    "load_fmri_recording": "loads a file",
    "read_connectomes": "reads files",
    "read_recordings": "reads files",
    "make_modular_connectomes": "makes random numbers in a unit of its own",
    "train_digit_networks": "trains networks on given images",
    "baseline_kernels": "makes pipelines of the estimators tested here",
    "baseline_clusterers": "makes pipelines of the estimators tested here",
    "purity_scorer": "scikit-learn's scorer of purity_score",
    "matched_accuracy_scorer": "scikit-learn's scorer of matched_accuracy_score",
    "BarcodeDisplay": "draws births and deaths",
    "BettiCurvesDisplay": "draws births and deaths",
    "ClusterConfusionDisplay": "draws counts of labels",
    "ComparisonDisplay": "draws a table of compare_classifiers or compare_clusterers",
    "DecompositionDisplay": "draws what decompose_distance computes",
    "DistanceDecomposition": "holds what decompose_distance computes",
    "DistanceParts": "holds what decompose_distance computes",
    "SurrogateResult": "holds what state_test computes",
    "make_state_recordings": "makes random numbers in a unit of its own",
    "state_table": "counts labels",
    "transition_table": "counts labels",
    "StatesDisplay": "draws labels over time",
    "DifferenceDisplay": "draws a table of difference_table",
    "PersistenceDiagramDisplay": "draws births and deaths",
    "SpanningTreeDisplay": "draws the births of a mean connectome",
    "Report": "writes what tests, clusterers and displays compute",
}
# Groups of 8, whose means are exact too.
N_SAMPLES, N_NODES = 16, 6
GROUPS = np.repeat([0, 1], N_SAMPLES // 2)
FIRST, SECOND = np.triu_indices(N_NODES, 1)
# Powers of two near 1e-30 and 1e30, and near 1e-26 and 1e18.
UNITS = {np.float64: (-99, 99), np.float32: (-86, 59)}
# Larger than the data by far, and their sum is exact.
SHIFTS = {np.float64: 2.0**30, np.float32: 2.0**10}
ROUNDING = {np.float64: 1e-10, np.float32: 2e-5}
DTYPES = (np.float64, np.float32)


@dataclass(frozen=True)
class Rule:
    """What happens to an output.

    unit : the power of the unit that it has; an array for columns of several units.
    shift : "same" or "moves" (by the output of the constant alone); None: no rule.
    samples : the axes that follow the order of the samples; None: no rule.
    columns : "same", or what follows the order of columns or nodes: "columns" (the
        last axis), "edges" (likewise) or "matrix" (the last two); None: no rule.
    labels : whether numbers are only names.
    """

    unit: object = 0
    shift: str | None = "same"
    samples: tuple | None = ()
    columns: str | None = "same"
    labels: bool = False


@dataclass(frozen=True)
class Case:
    """A public name, the data it takes, how it is called, and a rule for each output.

    `call` takes the data, the groups and the unit, which parameters may need, and
    returns a dict of outputs.
    """

    name: str
    kind: str
    call: object
    rules: dict
    note: str = ""

    @property
    def label(self):
        return f"{self.name} {self.note}".strip()


# ---- data: multiples of a power of two, in two groups
def make_data(kind, dtype):
    rng = np.random.default_rng(7)
    if kind == "activations":
        X = rng.integers(-128, 128, (N_SAMPLES, 16, N_NODES))
        X[..., 1] += X[..., 0]
        return (X / 64).astype(dtype)
    if kind == "diagrams":
        X = np.sort(rng.integers(0, 64, (N_SAMPLES, 4, 2)), axis=2) + [0, 9]
        return list((X / 64).astype(dtype))
    n_columns = 150 if kind == "wide rows" else len(FIRST)
    # Distinct in each row, so that each birth has one edge.
    X = np.array([rng.permutation(256)[:n_columns] for _ in range(N_SAMPLES)])
    X = ((X + 256 * GROUPS[:, None]) / 512).astype(dtype)
    if kind == "barcodes":
        return barcodes.barcode_rows(X)
    if kind == "distances":
        return np.abs(X[:, None] - X).sum(axis=2)
    return X


def move(kind, X, shift):
    return [x + x.dtype.type(shift) for x in X] if kind == "diagrams" else X + shift


def scale(kind, X, unit):
    if kind == "diagrams":
        return [x * x.dtype.type(unit) for x in X]
    return X * X.dtype.type(unit)


def order_samples(kind, X, order):
    if kind == "diagrams":
        return [X[k] for k in order]
    return X[np.ix_(order, order)] if kind == "distances" else X[order]


def order_edges(order):
    """Return where the edges of nodes in another order stood in the row."""
    places = squareform(np.arange(len(FIRST)))
    return places[order[FIRST], order[SECOND]]


def order_columns(kind, X, order):
    if kind == "connectomes":
        return X[:, order_edges(order)]
    return X[..., order]


# ---- how each public name is called
def fitted(estimator, X, *names, y=None):
    """Fit an estimator; return what its methods and attributes of these names give."""
    estimator.fit(X)
    found = {}
    for name in names:
        value = getattr(estimator, name)
        found[name] = value(X) if callable(value) else value
    return found


def call_clusterer(X, y, unit):
    top = sktopo.TopClusterer(2, init=X[[0, -1]], n_init=1)
    names = ("cluster_centers_", "labels_", "inertia_", "cluster_std_")
    return fitted(top, X, *names, "predict", "transform", "score")


def call_stopping_rule(X, y, unit):
    rule = sktopo.training.StoppingRule(patience=2, window=2, burn_in=1)
    return {"record": rule.find_record(np.arange(N_SAMPLES), X[:, 0])}


CLUSTERER = {
    "labels_": Rule(samples=(0,)),
    "predict": Rule(samples=(0,)),
    "transform": Rule(unit=1, samples=(0,)),
    "score": Rule(unit=2),
    "inertia_": Rule(unit=2),
    "cluster_std_": Rule(unit=1),
    "cluster_centers_": Rule(unit=1, shift="moves", columns="columns"),
}


def call_kernel(kernel):
    def call(X, y, unit):
        found = fitted(
            sktopo.WassersteinKernel(kernel=kernel), X, "transform", "gamma_"
        )
        found["__call__"] = sktopo.WassersteinKernel(kernel=kernel)(X)
        if kernel == "linear":
            del found["gamma_"]
        return found

    return call


PAIRS = dict.fromkeys(("transform", "__call__"), Rule(samples=(0, 1)))
GAUSSIAN, LAPLACIAN = ({**PAIRS, "gamma_": Rule(unit=unit)} for unit in (-2, -1))


def call_persistence(**parameters):
    def call(X, y, unit):
        persistence = sktopo.GraphPersistence(fit_inverse_transform=True, **parameters)
        rows = persistence.fit_transform(X)
        kinds = persistence.layout_.split(rows)
        layout = {"factors": persistence.layout_.factors}
        return {**kinds, **layout, "template": persistence.template_}

    return call


BARCODE = Rule(unit=1, shift="moves", samples=(0,))
PERSISTENCE = {
    "edge": Rule(unit=1, shift="moves", samples=(0,), columns="edges"),
    "birth": BARCODE,
    "death": BARCODE,
    "template": Rule(unit=1, shift="moves", columns="edges"),
    "factors": Rule(),
}
# The power of the unit that centred weights have.
CENTERS = {"level": 1, "scale": 0, "rank": 0}


def list_centered(unit):
    """List the rules of graphs whose weights are centred."""
    barcode = Rule(unit=unit, samples=(0,))
    return {
        "edge": Rule(unit=unit, samples=(0,), columns="edges"),
        "birth": barcode,
        "death": barcode,
        "template": Rule(unit=unit, columns="edges"),
    }


def call_profiles(**parameters):
    def call(X, y, unit):
        fitted = sktopo.GraphProfiles(**parameters)
        rows = fitted.fit_transform(X)
        return {name: rows[:, k] for name, k in fitted.profile_slices_.items()}

    return call


def call_blocks(X, y, unit):
    return {"rows": sktopo.GraphProfiles(groups=[0, 0, 0, 1, 1, 1]).fit_transform(X)}


def rule_profile(name):
    is_moved = name != "spectrum"
    return Rule(unit=is_moved, shift="moves" if is_moved else None, samples=(0,))


def pick(rules, *names):
    return {name: rules[name] for name in names}


def call_connectome(measure, absolute, **parameters):
    def call(X, y, unit):
        connectome = sktopo.FunctionalConnectome(
            measure, absolute=absolute, **parameters
        )
        return {"rows": connectome.fit_transform(X)}

    return call


def call_confounds(X, y, unit):
    cleaner = sktopo.RegressConfounds([0], global_signal=True)
    table = cleaner.fit_transform(X[0])
    return {"samples": cleaner.fit_transform(X), "frames": table}


def call_regression(X, y, unit):
    confounds = np.arange(X.shape[1]) ** 2
    return {"result": sktopo.connectomes.regress_confounds(X[0], confounds)}


def call_factorization(X, y, unit):
    model = sktopo.SemiNMF(2, keep=0.5, tol=1e-3, random_state=0)
    return {"samples": model.fit_transform(X), "frames": model.fit_transform(X[0])}


def call_separation(X, y, unit):
    return {"separation": metrics.concept_separation(X, y)}


def call_rows(X, y, unit):
    matrices = np.array([squareform(row) for row in X])
    rows = sktopo.connectomes.connectome_rows(matrices)
    lower = matrices[(slice(None), *np.tril_indices(N_NODES))]
    options = {"layout": "lower", "diagonal": True}
    return {
        "rows": rows,
        "lower": sktopo.connectomes.connectome_rows(lower, **options),
    }


def call_holed(measure, missing):
    def call(X, y, unit):
        X = X.copy()
        np.put_along_axis(X, X.argmax(axis=1, keepdims=True), np.nan, axis=1)
        connectome = sktopo.FunctionalConnectome(
            measure, missing=missing, constant_units="drop", min_observations=2
        )
        return {"rows": np.array(connectome.fit_transform(X))}

    return call


def call_class_wise(measure, **parameters):
    def call(X, y, unit):
        chain = make_pipeline(
            sktopo.FunctionalConnectome(measure), sktopo.GraphPersistence()
        )
        classes = np.arange(X.shape[1]) % 2
        wise = sktopo.ClassWise(chain, stimulus_classes=classes, **parameters)
        rows = wise.fit_transform(X)
        return {"rows": rows, "scales": np.array(list(wise.scales_.values()))}

    return call


def call_streaming(measure, absolute, n_quantiles):
    def call(X, y, unit):
        persistence = sktopo.ConnectomePersistence(
            measure, absolute=absolute, n_quantiles=n_quantiles
        )
        return {"rows": persistence.fit_transform(X)}

    return call


def call_windows(X, y, unit):
    windows = np.array(sktopo.SlidingWindows(8, step=4).fit_transform(X))
    return {"windows": windows.reshape(len(X), -1, *windows.shape[1:])}


def call_dynamic(affinity, frames=False, **parameters):
    def call(X, y, unit):
        dynamic = sktopo.DynamicConnectome(
            2, affinity=affinity, n_init=2, max_iter=15, tol=0, random_state=0
        )
        with pytest.warns(ConvergenceWarning):
            dynamic.fit(X.reshape(-1, X.shape[2]) if frames else X)
        return {
            "components": dynamic.components_,
            "times": dynamic.time_courses_,
            "loadings": dynamic.loadings_,
            "error": dynamic.reconstruction_err_,
        }

    return call


def center(recording):
    return recording - recording.mean(axis=0)


def rule_dynamic(unit=0, samples=(0,)):
    return {
        "components": Rule(unit, samples=samples and (), columns="edges"),
        "times": Rule(samples=samples and ()),
        "loadings": Rule(samples=samples),
        "error": Rule(samples=samples and ()),
    }


def call_surrogates(common):
    def call(X, y, unit):
        return {"surrogates": phase_randomize(X, common=common, random_state=0)}

    return call


def call_states(statistic):
    def call(X, y, unit):
        chain = make_pipeline(
            sktopo.SlidingWindows(8, step=8),
            sktopo.FunctionalConnectome(),
            sktopo.GraphPersistence(),
            sktopo.TopClusterer(2, n_init=2, random_state=0),
        )
        result = inference.state_test(
            X, chain, statistic=statistic, n_surrogates=2, random_state=0
        )
        return {
            "statistic": result.statistic,
            "pvalue": result.pvalue,
            "null": result.null_distribution,
        }

    return call


def call_representation(kind, **parameters):
    def call(X, y, unit):
        return {"rows": kind(**parameters).fit_transform(X)}

    return call


def call_barcode(X, y, unit):
    births, _, deaths = barcodes.activation_barcode(X[0])
    return {"births": births, "deaths": deaths}


def call_frames(X, y, unit):
    connectome = sktopo.FunctionalConnectome().fit(X[0])
    rows = connectome.transform(X[0])
    return {"rows": rows, "mean": connectome.mean_, "scale": connectome.scale_}


def call_test(test, **parameters):
    def call(X, y, unit):
        result = test(X, y, n_permutations=10_000, **parameters)
        found = {"statistic": result.statistic, "pvalue": result.pvalue}
        for name in ("r_squared", "omega_squared"):
            if hasattr(result, name):
                found[name] = getattr(result, name)
        return found

    return call


def call_test_of_persons(test, *, beside=False):
    """Call a test with persons, and covariates, that can be told from the rows."""

    def call(X, y, unit):
        rank = np.argsort(np.argsort((X - X.min()).sum(axis=1)))  # without ties
        # A sample of each group for each person: few enough for all relabellings.
        persons = rank % (len(rank) // 2)
        given = {"groups": persons, "covariates": rank**2 if beside else None}
        return call_test(test, **given)(X, y, unit)

    return call


def call_pairwise(X, y, unit):
    pytest.importorskip("pandas")
    y = y + (np.arange(len(y)) % 3 == 0) * 2
    with pytest.warns(UserWarning, match="pvalue of some pairs"):
        table = inference.pairwise_permutation_test(X, y, random_state=0)
    return {"statistic": table["statistic"].to_numpy()}


def call_attribution(X, y, unit):
    pytest.importorskip("pandas")
    table = inference.attribute_distance(X, y)
    order = np.argsort(table["name"].to_numpy())
    names = ("share", "effect_size", "mean_1", "mean_2", "number_1", "number_2")
    return {name: table[name].to_numpy(float)[order] for name in names}


def call_attribution_of_three(X, y, unit):
    pytest.importorskip("pandas")
    y = y + (np.arange(len(y)) % 4 == 0) * 2 * y
    table = inference.attribute_distance(X, y)
    order = np.argsort(table["name"].to_numpy())
    names = ("share", "omega_squared", "mean_3", "number_3")
    return {name: table[name].to_numpy(float)[order] for name in names}


def call_attribution_of_ranks(X, y, unit):
    pytest.importorskip("pandas")
    table = inference.attribute_distance(X, y, by="rank").sort_values("name")
    return {name: table[name].to_numpy(float) for name in ("share", "mean_1", "mean_2")}


def call_decomposition(pick_data):
    def call(X, y, unit):
        found = barcodes.decompose_distance(**pick_data(X, y))
        parts = {"births": found.births, "deaths": found.deaths, "total": found.total}
        return {
            f"{part} of {kind}": getattr(value, part)
            for kind, value in parts.items()
            for part in ("level", "scale", "shape", "squared")
        }

    return call


def of_each_part(rule):
    kinds, parts = ("births", "deaths", "total"), ("level", "scale", "shape", "squared")
    return {f"{part} of {kind}": rule for kind in kinds for part in parts}


def call_differences(of_rows=False, **parameters):
    def call(X, y, unit):
        pytest.importorskip("pandas")
        given = {"n_permutations": 10_000, "cv": 4, "random_state": 0, **parameters}
        if of_rows:
            given |= {"slices": {"all": slice(None), "few": slice(3)}, "level": X[:, 0]}
        table = inference.difference_table(X, y, **given)
        return {name: table[name].to_numpy(float) for name in table.columns[2:]}

    return call


# Folds and random orders of samples follow the order in which samples are given.
DIFFERENCES = {
    **dict.fromkeys(
        (
            *("statistic", "omega_squared", "pvalue", "adjusted_pvalue"),
            *("level", "scale", "shape", "omega_squared_given_level"),
        ),
        Rule(),
    ),
    **dict.fromkeys(
        ("accuracy", "pvalue_given_level", "adjusted_pvalue_given_level"),
        Rule(samples=None),
    ),
}


def call_spectral(method):
    def call(X, y, unit):
        if method == "modularity":
            pytest.importorskip("networkx")
        clusterer = baselines.SimilarityClusterer(2, method=method, random_state=0)
        found = fitted(clusterer, X, "labels_", "predict", "cluster_centers_")
        order = np.argsort(found["cluster_centers_"].mean(axis=1))
        return {**found, "cluster_centers_": found["cluster_centers_"][order]}

    return call


def call_medoids(metric):
    def call(X, y, unit):
        pytest.importorskip("kmedoids")
        clusterer = baselines.MedoidClusterer(2, metric=metric, init="build")
        return fitted(clusterer, X, "labels_", "predict", "inertia_")

    return call


MEDOIDS = {
    "labels_": Rule(samples=(0,), labels=True),
    "predict": Rule(samples=(0,), labels=True),
    "inertia_": Rule(unit=1),
}


def call_diagrams(kind, **parameters):
    def call(X, y, unit):
        pytest.importorskip("gudhi")
        given = dict(parameters)
        if "bandwidth" in given:
            given["bandwidth"] *= unit
        return {"matrix": kind(**given).fit_transform(X)}

    return call


def call_rips(X, y, unit):
    pytest.importorskip("gudhi")
    diagrams = baselines.RipsDiagrams("inverse").fit_transform(X)
    # The points of a diagram have no order.
    padded = np.full((len(diagrams), 30, 2), 9.0)
    for row, diagram in zip(padded, diagrams, strict=True):
        row[: len(diagram)] = diagram[np.lexsort(diagram.T)]
    return {"diagrams": padded}


def call_summaries(X, y, unit):
    pytest.importorskip("networkx")
    summaries = baselines.GraphSummaries().fit_transform(X)
    return {"summaries": summaries[:, :-1], "modularity": summaries[:, -1]}


SUMMARIES = {
    "summaries": Rule(
        unit=np.array([1, 1, 0, 1, 1, 1, 1, 1, 0, 0, 1]), shift=None, samples=(0,)
    ),
    # The method of Louvain goes through the nodes in turn.
    "modularity": Rule(shift=None, samples=(0,), columns=None),
}


def call_weights(kind, groups=None):
    def call(X, y, unit):
        summaries = baselines.WeightSummaries(kind, groups=groups).fit(X)
        means, deviations = {}, {}
        for name, values in zip(
            summaries.get_feature_names_out(), summaries.transform(X).T, strict=True
        ):
            (deviations if name.startswith("deviation") else means)[name] = values
        found = {"levels": np.transpose(list(means.values()))}
        if deviations:
            found["deviations"] = np.transpose(list(deviations.values()))
        return found

    return call


WEIGHTS = {"levels": BARCODE, "deviations": Rule(unit=1, samples=(0,))}


def call_classifiers(X, y, unit):
    pytest.importorskip("pandas")
    svm = make_pipeline(sktopo.WassersteinKernel(), SVC(kernel="precomputed"))
    far = make_pipeline(
        sktopo.GraphPersistence(), sktopo.WassersteinKernel(), SVC(kernel="precomputed")
    )
    candidates = {
        "rows": (svm, {"svc__C": [1.0]}),
        "topology": (far, {"svc__C": [0.1, 1.0]}),
    }
    table = comparison.compare_classifiers(X, y, candidates, cv=2, inner_cv=2)
    assert set(table["error"]) == {""}
    return {name: table[name].to_numpy(float) for name in ("score", "inner_score")}


def call_comparison(X, y, unit, summarize=False):
    pytest.importorskip("pandas")
    candidates = {"Top": sktopo.TopClusterer(2), "k-means": KMeans(2, n_init=1)}
    table = comparison.compare_clusterers(
        X, y, candidates, cv=2, n_starts=1, random_state=0
    )
    # k-means of scikit-learn itself keeps neither unit nor origin, and may fail.
    top = table[table["candidate"] == "Top"]
    assert set(top["error"]) == {""}
    if summarize:
        table = comparison.summarize(table)
        return {"mean": table["mean_purity"].to_numpy()}
    names = ("purity", "matched_accuracy", "adjusted_rand", "normalized_mutual_info")
    return {name: top[name].to_numpy(float) for name in names}


def call_embedding(X, y, unit):
    pytest.importorskip("matplotlib").use("agg")
    from matplotlib.figure import Figure

    from sktopo.plotting import EmbeddingDisplay

    axes = Figure().subplots()
    display = EmbeddingDisplay.from_rows(X, y=y, ax=axes)
    # Axes of principal components may point either way.
    return {"points": np.abs(display.points), "ratio": display.variance_ratio}


def call_path(X, y, unit):
    pytest.importorskip("matplotlib").use("agg")
    from matplotlib.figure import Figure

    from sktopo.plotting import TrajectoryDisplay

    steps = np.argsort(make_data("rows", float)[:, 0])
    display = TrajectoryDisplay.from_rows(X, steps, ax=Figure().subplots())
    return {"points": np.abs(display.values)}


def call_connectome_display(X, y, unit):
    pytest.importorskip("matplotlib").use("agg")
    from matplotlib.figure import Figure

    from sktopo.plotting import ConnectomeDisplay

    display = ConnectomeDisplay.from_connectomes(
        X, reorder="strength", ax=Figure().subplots()
    )
    return {"connectome": display.connectome}


def call_scores(score):
    def call(X, y, unit):
        found = KMeans(3, n_init=1, random_state=0).fit_predict(
            make_data("rows", float)
        )
        found = found[np.argsort(np.argsort(X[:, 0]))]  # a fixed label for each sample
        return {"score": score(y, found), "renamed": score(9 - y, 5 - found)}

    return call


def call_extractor(X, y, unit):
    torch = pytest.importorskip("torch")
    networks = []
    for x in X:
        layer = torch.nn.Linear(N_NODES, 3).to(torch.from_numpy(X).dtype)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(x[:3]))
            layer.bias.zero_()
        networks.append(torch.nn.Sequential(layer, torch.nn.ReLU()))
    stimuli = make_data("activations", X.dtype)[0]
    extractor = sktopo.ActivationExtractor(stimuli=stimuli)
    return {"activations": extractor.fit_transform(networks)}


def call_interactions(basis):
    """Fit the features of two linear layers, with whole numbers as weights."""

    def call(X, y, unit):
        torch = pytest.importorskip("torch")
        stimuli = X[:, 0]
        layers = [torch.nn.Linear(N_NODES, 4), torch.nn.Linear(4, 3)]
        rng = np.random.default_rng(0)
        for layer in layers:
            weights = rng.integers(-3, 4, layer.weight.shape)
            with torch.no_grad():
                layer.weight.copy_(torch.from_numpy(weights))
                layer.bias.zero_()
        network = torch.nn.Sequential(*layers).to(torch.from_numpy(stimuli).dtype)
        names = ["0:input", "0", "1"]
        fitted = sktopo.recording.InteractionBasis(network, layers=names, basis=basis)
        return {
            "transform": fitted.fit_transform(stimuli),
            "reduced_outputs": fitted.reduced_outputs(stimuli, n_features=2),
            "eigenvalues_": np.concatenate(fitted.eigenvalues_),
            "edges": fitted.interaction_graph(),
        }

    return call


def wrap(function, **parameters):
    return lambda X, y, unit: {"result": function(X, **parameters)}


def wrap_pair(function):
    """Call a function that returns births and deaths."""
    return lambda X, y, unit: dict(zip(("b", "d"), function(X), strict=True))


def halves(function, **parameters):
    """Call a function with the first and the second half of the data."""
    half = N_SAMPLES // 2

    def call(X, y, unit):
        return {"result": function(X[:half], X[half:], **parameters)}

    return call


def one(rule):
    return {"result": rule}


FREE = {"samples": None, "columns": None}
CODES = Rule(unit=1, shift="moves", samples=(0,), columns=None)
WITHIN = Rule(unit=1, samples=(0, 1), columns=None)
EFFECT = {"statistic": Rule(), "pvalue": Rule()}
EFFECTS = {**EFFECT, "r_squared": Rule(), "omega_squared": Rule()}
FAR = {name: Rule(shift=None, columns=None) for name in EFFECTS}
CASES = [
    Case(
        "SampleWise",
        "connectomes",
        wrap(sktopo.SampleWise(sktopo.GraphPersistence(normalize=False)).fit_transform),
        one(BARCODE),
    ),
    Case("TopClusterer", "rows", call_clusterer, CLUSTERER),
    Case("TopClusterer", "wide rows", call_clusterer, CLUSTERER, "wide"),
    Case("WassersteinKernel", "rows", call_kernel("gaussian"), GAUSSIAN),
    Case(
        "WassersteinKernel",
        "wide rows",
        call_kernel("gaussian"),
        GAUSSIAN,
        "wide",
    ),
    Case(
        "WassersteinKernel",
        "rows",
        call_kernel("laplacian"),
        LAPLACIAN,
        "laplacian",
    ),
    Case(
        "WassersteinKernel",
        "rows",
        call_kernel("linear"),
        dict.fromkeys(
            ("transform", "__call__"), Rule(unit=2, shift=None, samples=(0, 1))
        ),
        "linear",
    ),
    Case(
        "GraphPersistence",
        "connectomes",
        call_persistence(),
        pick(PERSISTENCE, "birth", "death", "template"),
    ),
    Case(
        "GraphPersistence",
        "connectomes",
        call_persistence(normalize=False),
        pick(PERSISTENCE, "birth", "death", "template"),
        "sum",
    ),
    Case(
        "GraphPersistence",
        "connectomes",
        call_persistence(topology_weight=0.25),
        PERSISTENCE,
        "edges",
    ),
    Case(
        "GraphPersistence",
        "connectomes",
        call_persistence(n_quantiles=3),
        pick(PERSISTENCE, "birth", "death", "template"),
        "quantiles",
    ),
    Case(
        "GraphPersistence",
        "connectomes",
        call_persistence(normalize="balanced"),
        pick(PERSISTENCE, "birth", "death", "factors"),
        "balanced",
    ),
    *(
        Case(
            "GraphPersistence",
            "connectomes",
            call_persistence(center=center, topology_weight=0.25),
            list_centered(unit),
            center,
        )
        for center, unit in CENTERS.items()
    ),
    Case(
        "GraphProfiles",
        "connectomes",
        call_profiles(balance=False),
        {name: rule_profile(name) for name in PROFILES},
    ),
    Case(
        "GraphProfiles",
        "connectomes",
        call_profiles(n_quantiles=4),
        dict.fromkeys(PROFILES, Rule(unit=1, shift=None, samples=(0,))),
        "balanced quantiles",
    ),
    Case(
        "GraphProfiles",
        "connectomes",
        call_blocks,
        {"rows": Rule(unit=1, shift=None, samples=(0,), columns=None)},
        "of groups",
    ),
    *(
        Case(
            profile.__name__,
            "connectomes",
            lambda X, y, unit, profile=profile: {
                "result": np.stack([profile(row) for row in X])
            },
            one(rule_profile(name)),
        )
        for name, profile in PROFILES.items()
    ),
    *(
        Case(
            "ConnectomePersistence",
            "activations",
            call_streaming(measure, absolute, n_quantiles),
            {"rows": Rule(unit=2 * (measure == "covariance"), samples=(0,))},
            f"{measure} {n_quantiles}",
        )
        for measure, absolute, n_quantiles in (
            ("correlation", True, 7),
            ("covariance", False, None),
            ("spearman", True, None),
        )
    ),
    Case(
        "SlidingWindows",
        "activations",
        call_windows,
        {
            "windows": Rule(unit=1, shift="moves", samples=(0,), columns="columns"),
        },
    ),
    *(
        Case(
            "DynamicConnectome",
            "activations",
            call_dynamic(affinity),
            rule_dynamic(int(affinity is center)),
            getattr(affinity, "__name__", affinity),
        )
        for affinity in (*AFFINITIES, center)
    ),
    # Where frames start is drawn in turn.
    Case(
        "DynamicConnectome",
        "activations",
        call_dynamic("auto", frames=True),
        rule_dynamic(samples=None),
        "frames",
    ),
    *(
        Case(
            compute.__name__,
            "activations",
            lambda X, y, unit, compute=compute: {"signals": compute(X[0])},
            {"signals": Rule(samples=None, columns="columns")},
        )
        for compute in AFFINITIES.values()
    ),
    Case(
        "affinity_rows",
        "activations",
        lambda X, y, unit: {"rows": affinity_rows(X[0])},
        {"rows": Rule(unit=1, shift=None, samples=None, columns="edges")},
    ),
    *(
        Case(
            "phase_randomize",
            "activations",
            call_surrogates(common),
            {
                "surrogates": Rule(
                    unit=1,
                    shift="moves",
                    samples=None,  # they have random phases in turn
                    columns="columns" if common else None,
                ),
            },
            "common" if common else "independent",
        )
        for common in (True, False)
    ),
    *(
        Case(
            "state_test",
            "activations",
            call_states(statistic),
            # Recordings, and where clusters start, are drawn in turn.
            {
                "statistic": Rule(samples=() if statistic == "variance" else None),
                "pvalue": Rule(samples=None),
                # Surrogates are rounded to the precision of recordings that moved.
                "null": Rule(shift=None, samples=None),
            },
            statistic,
        )
        for statistic in ("variance", "silhouette")
    ),
    Case(
        "activation_barcode",
        "activations",
        call_barcode,
        {"births": Rule(samples=None), "deaths": Rule(samples=None)},
    ),
    Case("barcode_rows", "connectomes", wrap(barcodes.barcode_rows), one(BARCODE)),
    Case(
        "barcode_edges",
        "connectomes",
        wrap(barcodes.barcode_edges),
        one(Rule(samples=(0,), columns=None)),
    ),
    Case(
        "birth_death_decomposition",
        "connectomes",
        wrap_pair(barcodes.birth_death_decomposition),
        {"b": BARCODE, "d": BARCODE},
    ),
    Case("check_barcodes", "barcodes", wrap(barcodes.check_barcodes), one(CODES)),
    Case("scale_barcodes", "barcodes", wrap(barcodes.scale_barcodes), one(CODES)),
    Case("unscale_barcodes", "barcodes", wrap(barcodes.unscale_barcodes), one(CODES)),
    Case(
        "split_barcodes",
        "barcodes",
        wrap_pair(barcodes.split_barcodes),
        {"b": CODES, "d": CODES},
    ),
    Case(
        "quantile_vectors",
        "barcodes",
        lambda X, y, unit: {"result": barcodes.quantile_vectors(X[:, :5], 3)},
        one(CODES),
    ),
    Case(
        "barycenter",
        "barcodes",
        lambda X, y, unit: {
            "result": barcodes.barycenter(X),
            "weighted": barcodes.barycenter(X, weights=y + 0.5),
        },
        dict.fromkeys(
            ("result", "weighted"), Rule(unit=1, shift="moves", columns=None)
        ),
    ),
    Case(
        "decompose_distance",
        "barcodes",
        call_decomposition(lambda X, y: {"barcodes_1": X}),
        of_each_part(Rule(unit=2, samples=(0, 1), columns=None)),
    ),
    Case(
        "decompose_distance",
        "barcodes",
        call_decomposition(
            lambda X, y: {
                "barcodes_1": X[:8],
                "barcodes_2": X[8:],
                "normalize": False,
            }
        ),
        of_each_part(Rule(unit=2, **FREE)),
        "of two sets",
    ),
    Case(
        "decompose_distance",
        "barcodes",
        call_decomposition(lambda X, y: {"barcodes_1": X, "y": y}),
        of_each_part(Rule(unit=2, columns=None)),
        "of groups",
    ),
    Case(
        "decompose_distance",
        "barcodes",
        call_decomposition(
            lambda X, y: {"barcodes_1": [*X[:4], *np.sort(X[4:, 5:11], axis=1)]}
        ),
        of_each_part(Rule(unit=2, **FREE)),
        "of several sizes",
    ),
    Case(
        "wasserstein_variance",
        "barcodes",
        wrap(barcodes.wasserstein_variance),
        one(Rule(unit=2, columns=None)),
    ),
    Case(
        "wasserstein_distance",
        "barcodes",
        lambda X, y, unit: {"result": barcodes.wasserstein_distance(X[0], X[1])},
        one(Rule(unit=1, **FREE)),
    ),
    Case(
        "wasserstein_distances",
        "barcodes",
        wrap(barcodes.wasserstein_distances),
        one(WITHIN),
    ),
    Case(
        "wasserstein_distances",
        "barcodes",
        halves(barcodes.wasserstein_distances, squared=True, normalize=False),
        one(Rule(unit=2, **FREE)),
        "squared",
    ),
    Case(
        "wasserstein_distances",
        "barcodes",
        lambda X, y, unit: {
            "result": barcodes.wasserstein_distances(
                [*X[:4], *np.sort(X[4:, 5:11], axis=1)]
            )
        },
        one(Rule(unit=1, **FREE)),
        "of several sizes",
    ),
    Case(
        "matched_tree_distance",
        "connectomes",
        lambda X, y, unit: {"result": barcodes.matched_tree_distance(X[0], X[1])},
        one(Rule(unit=1, samples=None)),
    ),
    *(
        Case(
            "matched_tree_distances",
            "connectomes",
            wrap(barcodes.matched_tree_distances, symmetric=symmetric),
            one(Rule(unit=1, samples=(0, 1))),
            "symmetric" if symmetric else "one way",
        )
        for symmetric in (True, False)
    ),
    Case(
        "merge_order_correlation",
        "connectomes",
        lambda X, y, unit: {"result": barcodes.merge_order_correlation(X[0], X[1])},
        one(Rule(samples=None)),
    ),
    Case(
        "merge_order_correlations",
        "connectomes",
        wrap(barcodes.merge_order_correlations),
        one(Rule(samples=(0, 1))),
    ),
    *(
        Case(
            "FunctionalConnectome",
            "activations",
            call_connectome(measure, measure == "correlation"),
            {
                "rows": Rule(
                    unit=2 * (measure == "covariance"), samples=(0,), columns="edges"
                )
            },
            measure,
        )
        for measure in MEASURES
    ),
    *(
        Case(
            "FunctionalConnectome",
            "activations",
            call_connectome(measure, measure == "correlation", nodes="stimuli"),
            {"rows": Rule(unit=2 * (measure == "covariance"), samples=(0,))},
            f"{measure} of stimuli",
        )
        for measure in MEASURES
        if measure not in OF_TIME
    ),
    *(
        Case(
            "FunctionalConnectome",
            "activations",
            call_connectome(measure, True, **parameters),
            {"rows": Rule(samples=(0,), columns="edges")},
            f"{measure} {parameters}",
        )
        for measure, parameters in (
            ("correlation", {"fisher": True}),
            ("partial correlation", {"shrinkage": "oas"}),
            ("partial correlation", {"shrinkage": 0.1}),
        )
    ),
    Case(
        "RegressConfounds",
        "activations",
        call_confounds,
        {
            "samples": Rule(unit=1, shift="moves", samples=(0,), columns=None),
            "frames": Rule(unit=1, shift="moves", samples=None, columns=None),
        },
    ),
    Case(
        "SemiNMF",
        "activations",
        call_factorization,
        {
            "samples": Rule(unit=1, shift=None, samples=(0,)),
            "frames": Rule(unit=1, shift=None, samples=None),
        },
    ),
    Case(
        "concept_separation",
        "rows",
        call_separation,
        {"separation": Rule(shift=None)},
    ),
    Case(
        "regress_confounds",
        "activations",
        call_regression,
        one(Rule(unit=1, shift="moves", samples=None, columns="columns")),
    ),
    Case(
        "connectome_rows",
        "connectomes",
        call_rows,
        dict.fromkeys(
            ("rows", "lower"),
            Rule(unit=1, shift="moves", samples=(0,), columns="edges"),
        ),
    ),
    *(
        Case(
            "FunctionalConnectome",
            "activations",
            call_holed(measure, missing),
            {
                "rows": Rule(
                    unit=2 * (measure == "covariance"), samples=(0,), columns="edges"
                )
            },
            f"{measure} {missing}",
        )
        for measure, missing in (
            ("correlation", "pairwise"),
            ("spearman", "pairwise"),
            ("covariance", "pairwise"),
        )
    ),
    *(
        Case(
            "ClassWise",
            "activations",
            call_class_wise(measure, balance=balance),
            {
                "rows": Rule(unit=2 * (measure == "covariance"), samples=(0,)),
                "scales": Rule(),
            },
            f"{measure} {balance}",
        )
        for measure, balance in (("correlation", True), ("covariance", False))
    ),
    Case(
        "FunctionalConnectome",
        "activations",
        call_frames,
        {
            "rows": Rule(samples=None, columns="edges"),
            "mean": Rule(unit=1, shift="moves", samples=None, columns="columns"),
            "scale": Rule(unit=1, samples=None, columns="columns"),
        },
        "frames",
    ),
    *(
        Case(
            name.replace(" ", "_"),
            "activations",
            lambda X, y, unit, measure=measure: {"result": measure(X[0])},
            one(Rule(unit=2 * (name == "covariance"), samples=None, columns="matrix")),
        )
        for name, measure in MEASURES.items()
    ),
    *(
        Case(
            kind.__name__,
            "activations",
            call_representation(kind, **parameters),
            {
                "rows": Rule(
                    # A factor adds its logarithm.
                    unit=None if note == "with scale" else 0,
                    samples=(0,),
                    # The groups are given for nodes in their order.
                    columns=None if note == "groups" else "same",
                )
            },
            note,
        )
        for kind, parameters, note in (
            (sktopo.StimulusGeometry, {}, ""),
            (sktopo.StimulusGeometry, {"power": 1}, "first power"),
            (sktopo.StimulusGeometry, {"groups": list("abaabb")}, "groups"),
            (sktopo.CovarianceSpectrum, {}, ""),
            (sktopo.CovarianceSpectrum, {"normalize": False}, "with scale"),
            (
                sktopo.CovarianceSpectrum,
                {"groups": list("abaabb"), "n_quantiles": 4},
                "groups",
            ),
        )
    ),
    *(
        Case(
            function.__name__,
            "activations",
            lambda X, y, unit, function=function: {"result": function(X[0])},
            one(Rule(samples=None)),
        )
        for function in (representations.gram_row, representations.log_spectrum)
    ),
    Case("permutation_test", "rows", call_test(inference.permutation_test), EFFECT),
    Case(
        "permutation_test",
        "rows",
        call_test(inference.permutation_test, squared=True),
        EFFECT,
        "squared",
    ),
    Case(
        "permutation_test",
        "distances",
        call_test(inference.permutation_test, metric="precomputed"),
        pick(FAR, *EFFECT),
        "distances",
    ),
    Case("permanova", "rows", call_test(inference.permanova), EFFECTS),
    Case("permanova", "wide rows", call_test(inference.permanova), EFFECTS, "wide"),
    Case(
        "permanova",
        "distances",
        call_test(inference.permanova, metric="precomputed"),
        FAR,
        "distances",
    ),
    *(
        Case(
            test.__name__,
            "rows",
            call_test_of_persons(test, beside=beside),
            {name: Rule(columns=None) for name in rules},
            "persons, covariates" if beside else "persons",
        )
        for test, rules in (
            (inference.permutation_test, EFFECT),
            (inference.permanova, EFFECTS),
        )
        for beside in (False, True)
    ),
    Case(
        "pairwise_permutation_test",
        "rows",
        call_pairwise,
        {"statistic": Rule(samples=None)},
    ),
    Case(
        "attribute_distance",
        "connectomes",
        call_attribution,
        {
            **dict.fromkeys(("share", "effect_size"), Rule(columns="columns")),
            **dict.fromkeys(
                ("mean_1", "mean_2"), Rule(unit=1, shift="moves", columns="columns")
            ),
            **dict.fromkeys(("number_1", "number_2"), Rule(columns="columns")),
        },
    ),
    Case(
        "attribute_distance",
        "connectomes",
        call_attribution_of_three,
        {
            **dict.fromkeys(
                ("share", "omega_squared", "number_3"),
                Rule(samples=None, columns="columns"),
            ),
            "mean_3": Rule(unit=1, shift="moves", samples=None, columns="columns"),
        },
        "three groups",
    ),
    Case(
        "attribute_distance",
        "connectomes",
        call_attribution_of_ranks,
        {
            "share": Rule(),
            **dict.fromkeys(("mean_1", "mean_2"), Rule(unit=1, shift="moves")),
        },
        "ranks",
    ),
    Case(
        "difference_table",
        "rows",
        call_differences(of_rows=True),
        {name: replace(rule, columns=None) for name, rule in DIFFERENCES.items()},
        "rows",
    ),
    # Profiles are scaled to rows, and far from 0 that rounds them.
    Case(
        "difference_table",
        "connectomes",
        call_differences(),
        {name: replace(rule, shift=None) for name, rule in DIFFERENCES.items()},
    ),
    Case(
        "difference_table",
        "connectomes",
        call_differences(groups=["a"] * 3 + ["b"] * 3, level="block"),
        {
            name: replace(rule, shift=None, columns=None)
            for name, rule in DIFFERENCES.items()
        },
        "layers",
    ),
    *(
        Case(
            "SimilarityClusterer",
            "rows",
            call_spectral(method),
            {
                "labels_": Rule(samples=(0,), labels=True),
                "predict": Rule(samples=(0,), labels=True),
                "cluster_centers_": Rule(unit=1, shift="moves", columns="columns"),
            },
            method,
        )
        for method in ("spectral", "modularity")
    ),
    Case("MedoidClusterer", "rows", call_medoids("euclidean"), MEDOIDS),
    Case("MedoidClusterer", "rows", call_medoids("manhattan"), MEDOIDS, "manhattan"),
    Case(
        "MedoidClusterer",
        "distances",
        call_medoids("precomputed"),
        {
            name: Rule(rule.unit, None, rule.samples, None, rule.labels)
            for name, rule in MEDOIDS.items()
        },
        "distances",
    ),
    Case(
        "DistanceKernel",
        "distances",
        lambda X, y, unit: fitted(baselines.DistanceKernel(), X, "transform", "scale_"),
        {
            "transform": Rule(shift=None, samples=(0, 1), columns=None),
            "scale_": Rule(unit=1, shift=None, columns=None),
        },
    ),
    *(
        Case(
            "DiagramDistance",
            "diagrams",
            call_diagrams(baselines.DiagramDistance, metric=metric, bandwidth=0.25),
            {
                "matrix": Rule(
                    unit={"persistence_fisher": 0, "heat": -0.5}.get(metric, 1),
                    samples=(0, 1),
                    columns=None,
                )
            },
            metric,
        )
        for metric in (
            "bottleneck",
            "wasserstein",
            "sliced_wasserstein",
            "persistence_fisher",
            "heat",
        )
    ),
    *(
        Case(
            "RepresentationDistance",
            "activations",
            wrap(baselines.RepresentationDistance(measure, **parameters).fit_transform),
            one(Rule(shift=shift, samples=(0, 1))),
            " ".join([measure, *parameters]),
        )
        for measure, shift, parameters in (
            ("cka", "same", {}),
            ("cka", "same", {"unbiased": True}),
            ("cka", "same", {"kernel": "rbf"}),
            ("procrustes", "same", {}),
            ("rsa", "same", {}),
            ("svcca", "same", {}),
            ("cca", "same", {}),
            ("jaccard", None, {}),  # cosines depend on the origin
        )
    ),
    Case(
        "DiagramKernel",
        "diagrams",
        call_diagrams(baselines.DiagramKernel, kernel="heat", bandwidth=0.25),
        {"matrix": Rule(unit=-1, samples=(0, 1), columns=None)},
        "heat",
    ),
    Case(
        "PersistenceImages",
        "diagrams",
        call_diagrams(baselines.PersistenceImages, resolution=5, bandwidth=0.25),
        {"matrix": Rule(unit=-1, samples=(0,), columns=None)},
    ),
    Case(
        "PersistenceLandscapes",
        "diagrams",
        call_diagrams(baselines.PersistenceLandscapes, resolution=5),
        {"matrix": Rule(unit=1, samples=(0,), columns=None)},
    ),
    Case(
        "RipsDiagrams",
        "connectomes",
        call_rips,
        {"diagrams": Rule(unit=None, shift=None, samples=(0,))},
    ),
    Case("GraphSummaries", "connectomes", call_summaries, SUMMARIES),
    Case("WeightSummaries", "connectomes", call_weights("moments"), WEIGHTS),
    Case(
        "WeightSummaries",
        "connectomes",
        call_weights("sorted"),
        {"levels": BARCODE},
        "sorted",
    ),
    Case(
        "WeightSummaries",
        "connectomes",
        call_weights("blocks", [0, 1, 1, 0, 2, 1]),
        # The groups are given for nodes in their order.
        {name: replace(rule, columns=None) for name, rule in WEIGHTS.items()},
        "blocks",
    ),
    Case(
        "compare_classifiers",
        "connectomes",
        call_classifiers,
        dict.fromkeys(("score", "inner_score"), Rule(**FREE)),
    ),
    Case(
        "compare_clusterers",
        "rows",
        call_comparison,
        dict.fromkeys(
            ("purity", "matched_accuracy", "adjusted_rand", "normalized_mutual_info"),
            Rule(samples=None),
        ),
    ),
    Case(
        "summarize",
        "rows",
        lambda X, y, unit: call_comparison(X, y, unit, summarize=True),
        {"mean": Rule(unit=None, shift=None, samples=None)},
    ),
    Case(
        "ConnectomeDisplay",
        "connectomes",
        call_connectome_display,
        {"connectome": Rule(unit=1, shift="moves", samples=())},
    ),
    Case(
        "EmbeddingDisplay",
        "rows",
        call_embedding,
        {"points": Rule(unit=1, samples=(0,)), "ratio": Rule()},
    ),
    Case(
        "TrajectoryDisplay", "rows", call_path, {"points": Rule(unit=1, samples=(0,))}
    ),
    *(
        Case(
            score.__name__,
            "rows",
            call_scores(score),
            {name: Rule(columns=None) for name in ("score", "renamed")},
        )
        for score in (metrics.purity_score, metrics.matched_accuracy_score)
    ),
    Case(
        "ActivationExtractor",
        "activations",
        call_extractor,
        {"activations": Rule(unit=1, shift=None, samples=(0,), columns=None)},
    ),
    Case(
        "StoppingRule",
        "rows",
        call_stopping_rule,
        {"record": Rule(shift=None, samples=None, columns=None)},
    ),
    *(
        Case(
            "InteractionBasis",
            "activations",
            call_interactions(basis),
            {
                "transform": Rule(unit=1, samples=(0,), columns=None),
                "reduced_outputs": Rule(
                    unit=1, shift="moves", samples=(0,), columns=None
                ),
                "eigenvalues_": Rule(unit=2, columns=None),
                "edges": Rule(unit=2, columns=None),
            },
            basis,
        )
        for basis in ("lib", "pca")
    ),
]
IDS = [case.label for case in CASES]
each_case = pytest.mark.parametrize("case", CASES, ids=IDS)
each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=["float64", "float32"])


def each_ruled_case(relation):
    """Parametrize with the cases that have a rule for a relation, and these rules."""
    chosen = []
    for case, label in zip(CASES, IDS, strict=True):
        rules = {
            name: rule
            for name, rule in case.rules.items()
            if getattr(rule, relation) is not None
        }
        if rules:
            chosen.append(pytest.param(case, rules, id=label))
    return pytest.mark.parametrize(("case", "rules"), chosen)


# ---- the relations
def check(rule, found, expected, dtype, size=0.0, name=""):
    """Compare an output with what it should be.

    Differences may be as large as the rounding of the largest number, or of `size`.
    """
    if rule.labels:
        counts = contingency_matrix(expected, found)
        assert (counts > 0).sum() == max(counts.shape), (name, found, expected)
        return
    expected = np.asarray(expected, dtype=float)
    found = np.asarray(found)
    assert found.shape == expected.shape, name
    rounding = 16 * np.finfo(dtype).eps * abs(size)
    tolerance = max(ROUNDING[dtype] * np.abs(expected).max(), rounding)
    assert_allclose(found, expected, rtol=0, atol=tolerance, err_msg=name)


@cache
def compute(label, dtype):
    """Return the outputs of a case from its data as they are, computed once."""
    case = CASES[IDS.index(label)]
    with threadpool_limits(1):
        return case.call(make_data(case.kind, dtype), GROUPS, 1.0)


@each_dtype
@each_ruled_case("shift")
def test_shift(case, rules, dtype):
    X, shift = make_data(case.kind, dtype), SHIFTS[dtype]
    before = compute(case.label, dtype)
    moved = move(case.kind, X, shift)
    assert_array_equal(move(case.kind, moved, -shift), X)  # the shift is exact
    after = case.call(moved, GROUPS, 1.0)
    for name, rule in rules.items():
        if rule.shift == "same":
            check(rule, after[name], before[name], dtype, name=name)
            continue
        factor = shift_factor(case, name)
        expected = np.asarray(before[name], float) + shift * factor
        check(rule, after[name], expected, dtype, shift, name)


def shift_factor(case, name):
    """Return how far an output moves if all numbers rise by 1."""
    X = make_data(case.kind, np.float64)
    low, high = (case.call(move(case.kind, X, by), GROUPS, 1.0)[name] for by in (0, 1))
    return np.asarray(high, float) - low


@each_dtype
@each_ruled_case("unit")
def test_unit(case, rules, dtype):
    X = make_data(case.kind, dtype)
    before = compute(case.label, dtype)
    for power in UNITS[dtype]:
        expected = {
            name: np.asarray(before[name], float) * 2.0 ** (power * rule.unit)
            for name, rule in rules.items()
        }
        try:
            after = case.call(scale(case.kind, X, 2.0**power), GROUPS, 2.0**power)
        except ValueError:
            # Only what the precision of the data cannot hold may be refused.
            assert not all(is_held(expected[name], before[name]) for name in rules)
            continue
        for name, rule in rules.items():
            where = f"{name}, unit 2 ** {power}"
            for unit in np.unique(rule.unit):
                part = (..., rule.unit == unit) if np.ndim(rule.unit) else ...
                found, wanted = np.asarray(after[name])[part], expected[name][part]
                if is_held(wanted, before[name]):
                    check(rule, found, wanted, dtype, name=where)


def is_held(expected, output):
    """Return whether the dtype of an output can hold other values of it."""
    dtype = np.asarray(output).dtype
    limits = np.finfo(dtype if dtype.kind == "f" else float)
    largest = np.abs(expected).max()
    return largest == 0 or 1e6 * limits.tiny < largest < limits.max


@each_dtype
@each_ruled_case("samples")
def test_order_of_samples(case, rules, dtype):
    X = make_data(case.kind, dtype)
    # The first and the last stay, where some clusterers start.
    order = np.random.default_rng(1).permutation(np.arange(1, N_SAMPLES - 1))
    order = np.array([0, *order, N_SAMPLES - 1])
    before = compute(case.label, dtype)
    after = case.call(order_samples(case.kind, X, order), GROUPS[order], 1.0)
    for name, rule in rules.items():
        expected = np.asarray(before[name])
        for axis in rule.samples:
            expected = expected.take(order, axis=axis)
        check(rule, after[name], expected, dtype, name=name)


@each_dtype
@each_ruled_case("columns")
def test_order_of_columns_or_nodes(case, rules, dtype):
    X = make_data(case.kind, dtype)
    n_columns = N_NODES if case.kind in ("activations", "connectomes") else X.shape[-1]
    order = np.random.default_rng(2).permutation(n_columns)
    before = compute(case.label, dtype)
    after = case.call(order_columns(case.kind, X, order), GROUPS, 1.0)
    for name, rule in rules.items():
        expected = np.asarray(before[name])
        if rule.columns == "edges":
            expected = expected[..., order_edges(order)]
        elif rule.columns != "same":
            expected = expected[..., order]
        if rule.columns == "matrix":
            expected = expected[..., order, :]
        check(rule, after[name], expected, dtype, name=name)


@each_case
def test_single_precision(case):
    double, single = (compute(case.label, dtype) for dtype in DTYPES)
    for name, rule in case.rules.items():
        check(rule, single[name], double[name], np.float32, name=name)


@each_dtype
@each_case
def test_threads(case, dtype):
    before = compute(case.label, dtype)
    with threadpool_limits(4):
        after = case.call(make_data(case.kind, dtype), GROUPS, 1.0)
    for name, rule in case.rules.items():
        check(rule, after[name], before[name], dtype, name=name)


# ---- what holds besides
def transform_data(dtype):
    """Yield rows as they are, moved, and in very small and large units."""
    X = make_data("wide rows", dtype)
    yield X
    yield X + SHIFTS[dtype]
    for power in UNITS[dtype]:
        yield scale("rows", X, 2.0**power)


@each_dtype
@pytest.mark.parametrize("kernel", ["gaussian", "laplacian", "linear"])
def test_kernels_are_positive_semidefinite(kernel, dtype):
    for X in transform_data(dtype):
        if kernel == "linear" and not is_held(float(np.abs(X).max()) ** 2, X):
            continue  # float32 cannot hold the inner products
        K = sktopo.WassersteinKernel(kernel=kernel).fit_transform(X)
        assert_allclose(K, K.T, rtol=0, atol=16 * np.finfo(dtype).eps * np.abs(K).max())
        eigenvalues = np.linalg.eigvalsh(K.astype(float))
        # Entries are rounded to the precision of the rows.
        rounding = {np.float64: 1e-10, np.float32: 1e-6}[dtype]
        assert eigenvalues[0] >= -rounding * eigenvalues[-1]


@each_dtype
def test_inertia_is_the_score(dtype):
    for X in transform_data(dtype):
        top = sktopo.TopClusterer(2, random_state=0).fit(X)
        assert_allclose(top.score(X), -top.inertia_, rtol=1e-10)
        squares = top.transform(X).astype(float).min(axis=1) ** 2
        assert_allclose(squares.sum(), top.inertia_, rtol=1e3 * np.finfo(dtype).eps)


def test_every_public_name_is_a_case(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1]))
    public = set(importlib.import_module("benchmarks._public").list_public())
    tested = {case.name for case in CASES}
    assert public == tested | set(EXCLUDED)
    assert not tested & set(EXCLUDED)


def test_a_case_that_changes_fails():
    """The checks notice an output that follows the origin, the unit or the order."""
    rule = Rule()
    check(rule, [1.0, 2.0], [1.0, 2.0], np.float64)
    for wrong in ([1.0, 2.0 + 1e-8], [2.0, 1.0], [1.0, np.nan]):
        with pytest.raises(AssertionError):
            check(rule, wrong, [1.0, 2.0], np.float64)
    with pytest.raises(AssertionError):
        check(Rule(labels=True), [0, 0, 1], [0, 1, 1], np.float64)
    check(Rule(labels=True), [1, 0, 0], [0, 1, 1], np.float64)
