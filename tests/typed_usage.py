"""What users with a strict type checker write: `make types` checks it."""

from functools import partial
from pathlib import Path
from typing import Any, assert_type

import numpy as np
import torch
from numpy.typing import NDArray

import sktopo
from sktopo import connectomes
from sktopo.barcodes import (
    DistanceDecomposition,
    activation_barcode,
    barcode_rows,
    count_nodes,
    decompose_distance,
    matched_tree_distance,
    matched_tree_distances,
    merge_order_correlation,
    merge_order_correlations,
    split_barcodes,
)
from sktopo.barcodes.profiles import spectrum
from sktopo.baselines import DiagramDistance, RepresentationDistance, RipsDiagrams
from sktopo.comparison import compare_clusterers
from sktopo.connectomes import align_units, phase_randomize
from sktopo.connectomes.affinities import activity, affinity_rows, differential
from sktopo.datasets import load_celegans, make_modular_connectomes, read_recordings
from sktopo.inference import (
    PermutationResult,
    SurrogateResult,
    difference_table,
    permutation_test,
    state_table,
    state_test,
    transition_table,
)
from sktopo.metrics import concept_separation, purity_score
from sktopo.plotting import (
    ComparisonDisplay,
    ConnectomeDisplay,
    DifferenceDisplay,
    StatesDisplay,
    TrajectoryDisplay,
)
from sktopo.recording import Checkpoints, InteractionBasis
from sktopo.reporting import Report
from sktopo.representations import gram_row, log_spectrum
from sktopo.training import StoppingRule, TopologyMonitor

Floats = NDArray[np.floating[Any]]


def cluster(connectomes: Floats, n_clusters: int) -> tuple[Floats, NDArray[Any]]:
    """Run the pipeline step by step; `fit` returns the type of its estimator."""
    persistence = sktopo.GraphPersistence(normalize=False).fit(connectomes)
    assert_type(persistence, sktopo.GraphPersistence)
    rows = persistence.transform(connectomes)
    assert_type(rows, Floats)
    balanced = sktopo.GraphPersistence(normalize="balanced", center="level")
    assert_type(balanced.fit_transform(connectomes), Floats)
    clusterer = sktopo.TopClusterer(n_clusters, random_state=0).fit(rows)
    return clusterer.transform(rows), clusterer.predict(rows)


def compute_kernel(rows: Floats) -> Floats:
    """Call the kernel the way SVC does."""
    return sktopo.WassersteinKernel(kernel="laplacian", gamma=0.5)(rows)


def relate(recordings: list[NDArray[np.float32]]) -> Floats | list[Floats]:
    """Compute connectomes of a list of recordings with a custom measure."""
    measure = partial(np.corrcoef, rowvar=False)
    connectome = sktopo.FunctionalConnectome(measure, constant_units="nan")
    return connectome.fit(recordings).transform(recordings)


def learn_features(activations: Floats) -> Any:
    """Learn features of one network, and list what they hold."""
    model = sktopo.SemiNMF(20, keep=0.1, init="random", n_init=2, random_state=0)
    weights = model.fit(activations).transform(activations)
    assert_type(concept_separation(weights, [0, 1] * 5), float)
    return connectomes.feature_table(weights, model.components_, n_largest=3)


def relate_in_a_band(
    recordings: list[NDArray[np.float32]], motion: NDArray[np.float32]
) -> Floats | list[Floats]:
    """Remove confounds, and compute coherences in a band."""
    cleaned = connectomes.regress_confounds(recordings[0], motion, global_signal=True)
    assert_type(cleaned, Floats)
    cleaner = sktopo.RegressConfounds(["motion", 3], global_signal=False)
    assert_type(cleaner.fit(recordings), sktopo.RegressConfounds)
    alpha = partial(connectomes.measures.coherence, sampling_rate=128, band=(8, 12))
    connectome = sktopo.FunctionalConnectome(alpha, absolute=False)
    cleaned_recordings = cleaner.transform(recordings)
    return connectome.fit(cleaned_recordings).transform(cleaned_recordings)


def read_triangles(vectors: Floats) -> Floats | list[Floats]:
    """Turn the vectors of nilearn into connectome rows, and shrink alike."""
    connectome = sktopo.FunctionalConnectome(
        "partial correlation", shrinkage=0.1, fisher=True
    )
    assert_type(connectome.fisher, bool)
    return connectomes.connectome_rows(vectors, layout="lower", diagonal=True)


def relate_holed(recordings: list[Any]) -> Floats | list[Floats]:
    """Compute connectomes of recordings with different units and with NaN."""
    aligned = align_units(recordings, how="union", min_share=0.8)
    connectome = sktopo.FunctionalConnectome(
        constant_units="drop", missing="pairwise", min_observations=20
    )
    return connectome.fit(aligned).transform(aligned)


def relate_stimuli(recordings: list[NDArray[np.float32]], classes: list[str]) -> Floats:
    """Compute graphs over stimuli, and connectomes for each class of stimuli."""
    connectome = sktopo.FunctionalConnectome(nodes="stimuli", absolute=False)
    assert_type(connectome.fit(recordings), sktopo.FunctionalConnectome)
    wise = sktopo.ClassWise(connectome, stimulus_classes=classes, balance=False)
    assert_type(wise.fit(recordings), sktopo.ClassWise)
    assert_type(wise.fit_transform(recordings), Floats)
    rows = wise.transform(recordings)
    return rows[:, wise.class_slices_[classes[0]]]


def relate_one_by_one(paths: list[str]) -> Floats | list[Floats]:
    """Apply a chain to recordings in files, each of which a job loads."""
    chain = sktopo.SampleWise(sktopo.FunctionalConnectome(), n_jobs=2, memory="rows")
    assert_type(
        chain.fit([partial(np.load, path) for path in paths]), sktopo.SampleWise
    )
    return chain.transform([partial(np.load, path) for path in paths])


def stream(recordings: list[NDArray[np.float32]]) -> Floats:
    """Compute rows of large recordings without their connectomes."""
    persistence = sktopo.ConnectomePersistence("spearman", n_quantiles=100)
    assert_type(persistence.fit(recordings), sktopo.ConnectomePersistence)
    births, edges, deaths = activation_barcode(recordings[0], device="cpu")
    assert_type(edges, NDArray[np.intp])
    assert_type((births, deaths), tuple[Floats, Floats])
    return persistence.transform(recordings)


def reduce_layers(stimuli: NDArray[np.float32]) -> Floats:
    """Find features of layers and their interactions."""
    basis = InteractionBasis(None, layers=["fc1", "fc2"], basis="pca", n_intervals=0)
    assert_type(basis.fit(stimuli), InteractionBasis)
    assert_type(basis.reduced_outputs(stimuli, n_features=[3]), Floats)
    assert_type(basis.interaction_graph(), NDArray[np.float64])
    return basis.transform(stimuli)


def compare_representations(recordings: list[NDArray[np.float32]]) -> Floats:
    """Compute rows of stimuli and of spectra, for networks of several widths."""
    groups = [["fc1"] * (recording.shape[1] - 1) + ["fc2"] for recording in recordings]
    geometry = sktopo.StimulusGeometry(0.25, groups=groups, n_stimuli=9, random_state=0)
    assert_type(geometry.fit(recordings), sktopo.StimulusGeometry)
    spectrum = sktopo.CovarianceSpectrum(groups={8: ["a"] * 8}, n_quantiles=9)
    assert_type(spectrum.fit_transform(recordings), Floats)
    assert_type(gram_row(recordings[0], power=1), Floats)
    assert_type(log_spectrum(recordings[0], normalize=False), Floats)
    return geometry.transform(recordings)


def find_states(
    recordings: list[NDArray[np.float32]], names: list[str], chain: Any
) -> Floats | list[Floats]:
    """Cut recordings into windows, cluster them, and test and draw the states."""
    windows = sktopo.SlidingWindows(60, step=10)
    assert_type(windows.fit(recordings), sktopo.SlidingWindows)
    chain.fit(recordings)
    numbers, starts = windows.locate(recordings)
    assert len(state_table(chain[-1].labels_, numbers, interval=2.0)) == 3
    assert len(transition_table(chain[-1].labels_, numbers)) == 9
    result = state_test(recordings, chain, statistic="silhouette", n_surrogates=99)
    assert_type(result, SurrogateResult)
    display = StatesDisplay.from_estimator(chain, recordings, names=names, unit="s")
    assert_type(display, StatesDisplay)
    surrogates = phase_randomize(recordings, common=False, random_state=0)
    return surrogates if starts.any() else windows.transform(recordings)


def find_communities(
    recordings: list[NDArray[np.float32]], path: Path
) -> list[NDArray[np.floating[Any]]]:
    """Find graphs that come and go in recordings, and load recordings of worms."""
    wide = partial(differential, bandwidth=2.0)
    dynamic = sktopo.DynamicConnectome(2, affinity=wide, n_init=1, tol=0.01)
    assert_type(dynamic.fit(recordings), sktopo.DynamicConnectome)
    assert_type(dynamic.transform(recordings), Floats)
    sktopo.DynamicConnectome(affinity="activity", random_state=0).fit(recordings[0])
    worms = load_celegans(path, signal="residual_calcium", sources=["Kato2015"])
    assert len(worms.data) == len(load_celegans(labeled_only=False).names)
    return [affinity_rows(activity(recording)) for recording in recordings]


def describe(connectomes: Floats, groups: list[str]) -> dict[str, Floats]:
    """Compute profiles of graphs, and the columns of each."""
    profiles = sktopo.GraphProfiles({"births": "graph", "local": "both"}, groups=groups)
    assert_type(profiles.fit(connectomes), sktopo.GraphProfiles)
    rows = sktopo.GraphProfiles(("births",), n_quantiles=9).fit_transform(connectomes)
    assert_type(rows, Floats)
    assert_type(spectrum(connectomes[0]), Floats)
    found = profiles.transform(connectomes)
    return {name: found[:, k] for name, k in profiles.profile_slices_.items()}


def locate(connectomes: Floats, y: list[str], age: list[float]) -> DifferenceDisplay:
    """Find out where groups differ, from connectomes and from rows."""
    profiles = sktopo.GraphProfiles(("births", "local"), n_quantiles=5)
    rows = profiles.fit(connectomes).transform(connectomes)
    table = difference_table(
        rows, y, slices=profiles.profile_slices_, level=None, covariates=age
    )
    assert len(table) == 2
    assert difference_table(connectomes, y, level="block").shape[1] > 9
    return DifferenceDisplay.from_connectomes(connectomes, y, color="pvalue")


def load(folder: Path) -> Floats | list[Floats]:
    """Read recordings from files."""
    recordings = read_recordings([folder / "a.csv", "b.csv"], node_axis=0, key=None)
    return sktopo.FunctionalConnectome().fit(recordings.data).transform(recordings.data)


def main() -> None:
    """Call a few functions of each part of the package."""
    X, y = make_modular_connectomes(5, n_nodes=12, random_state=0)
    assert_type(X, NDArray[np.float64])
    distances, labels = cluster(X, 3)
    assert distances.shape == (15, 3)
    assert_type(purity_score(y, labels), float)
    assert "births" in describe(X, ["a", "b"] * 6)
    births, deaths = split_barcodes(barcode_rows(X.tolist()))
    assert births.shape[1] + deaths.shape[1] == X.shape[1]
    assert count_nodes(X.shape[1]) == 12
    decomposition = decompose_distance(barcode_rows(X), y=y)
    assert_type(decomposition, DistanceDecomposition)
    assert_type(decomposition.total.shape, NDArray[np.float64])
    assert_type(matched_tree_distance(X[0], X[1], symmetric=False), float)
    assert_type(matched_tree_distances(X.tolist()), NDArray[np.float64])
    order = 1 - merge_order_correlations(X, X[:3])
    assert_type(merge_order_correlation(X[0], list(X[1])), float)
    assert order.shape == (15, 3)
    result = permutation_test(compute_kernel(X), y, n_permutations=99, random_state=0)
    assert_type(result, PermutationResult)
    assert len(relate([X[:5].astype(np.float32), X[5:].astype(np.float32)])) == 2
    diagrams = RipsDiagrams("inverse").fit(X).transform(X)
    assert (
        DiagramDistance("bottleneck").fit(diagrams).transform(diagrams).shape[0] == 15
    )
    networks = [np.eye(5, 3), np.eye(5, 2)]
    by_width = {3: ["a", "a", "b"], 2: ["a", "b"]}
    measure = RepresentationDistance("procrustes", groups=by_width)
    assert measure.fit(networks).transform(networks).shape == (2, 2)
    shown = ConnectomeDisplay.from_connectomes(X, groups=[0] * 12, reorder="strength")
    assert_type(shown, ConnectomeDisplay)
    table = compare_clusterers(X, y, {"Top": sktopo.TopClusterer(3)}, n_starts=2)
    assert_type(ComparisonDisplay.from_table(table), ComparisonDisplay)
    path = TrajectoryDisplay.from_rows(X, np.arange(15), log_steps=True)
    assert_type(path, TrajectoryDisplay)


if __name__ == "__main__":
    main()


def follow(network: torch.nn.Module, stimuli: Floats, path: Path) -> int | None:
    """Record a network while it trains, and networks in files."""
    monitor = TopologyMonitor(stimuli, ["relu1"], every=10, reference=lambda: network)
    assert_type(monitor.record(network, step=0), bool)
    monitor.save(path)
    resumed = TopologyMonitor(stimuli).resume(path).rewind(0)
    resumed.record_checkpoints(Checkpoints(lambda: network, path), steps=[1, 2])
    assert_type(resumed.rows_[:, resumed.layer_slices_["relu1"]], Floats)
    rule = StoppingRule(tolerance=0.1, layer="relu1")
    assert_type(resumed.should_stop(rule), bool)
    return rule.find_stop(TopologyMonitor.load(path).table(run="first"))


def report(networks: list[Any], stimuli: Floats, X: Floats, y: list[str]) -> str:
    """Write reports of networks and of connectomes."""
    found = Report.from_networks(networks, y, stimuli=stimuli, matrix="auto")
    assert_type(found, Report)
    assert_type(found.save("report.html"), Path)
    other = Report.from_connectomes(X, y, groups=["a", "b"], n_jobs=-1)
    rows = Report.from_rows(X, slices={"births": slice(0, 3)}, title="rows")
    return other.html + rows.headline + Report.from_recordings([X], y).methods
