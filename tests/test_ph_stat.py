"""Clustering figures of PH-STAT, a toolbox by other authors, reached independently.

PH-STAT (M. K. Chung, https://github.com/laplcebeltrami/PH-STAT, in MATLAB) clusters
noisy points on two circles: four groups of five graphs, whose weights are the distances
between all points. ``SCRIPT.mlx`` stores the accuracies it found in ten repetitions.
The simulation is described in Chung et al., "Topological state-space estimation of
functional human brain networks", PLOS Computational Biology 20(5), 2024.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import pdist, squareform
from scipy.stats import ttest_ind_from_stats
from sklearn.cluster import kmeans_plusplus
from sklearn.decomposition import PCA

from sktopo import GraphPersistence, TopClusterer
from sktopo.metrics import matched_accuracy_score

N_REPETITIONS, N_STARTS = 10, 40
SIGMA, N_POINTS, N_GRAPHS = 0.3, 60, 5
# Centre and radius of the two circles of each group.
CIRCLES = {
    "equal": (  # one large circle and one small, apart: only their places differ
        (((1.5, 0), 1), ((-1.5, 0), 1.5)),
        (((-1.5, 0), 1), ((1.5, 0), 1.5)),
        (((0, 2), 1), ((0, -1.5), 1.5)),
        (((0, 1.5), 1.5), ((0, -2), 1)),
    ),
    "different": (  # apart, touching, the same circle twice, overlapping
        (((-1.5, 0), 1.5), ((2, 0), 1)),
        (((-1.5, 0), 1.5), ((1.5, 0), 1.5)),
        (((-1.5, 0), 1.5), ((-1.5, 0), 1.5)),
        (((-0.75, 0), 1.5), ((0.75, 0), 1.5)),
    ),
}
TOPOLOGY = {"normalize": False}
EDGES = {"normalize": False, "topology_weight": 0}
# Mean and standard deviation over the repetitions of "Wasserstein" and "K-means".
PUBLISHED = (
    ("equal", TOPOLOGY, 0.598, 0.052),
    ("equal", EDGES, 0.875, 0.016),
    ("different", TOPOLOGY, 0.943, 0.020),
    ("different", EDGES, 0.831, 0.014),
)
# The means may differ by chance: of four comparisons, one in a hundred times.
LEVEL = 0.01 / len(PUBLISHED)


def make_connectomes(topology, rng):
    """Make graphs of points on circles: connectome rows and their groups."""
    angles = np.linspace(0, 2 * np.pi, N_POINTS)
    unit_circle = np.column_stack([np.cos(angles), np.sin(angles)])
    rows = []
    for circles in CIRCLES[topology]:
        points = np.vstack(
            [center + radius * unit_circle for center, radius in circles]
        )
        for _ in range(N_GRAPHS):
            rows.append(pdist(points + rng.normal(0, SIGMA, points.shape)))
    return np.array(rows), np.repeat(np.arange(4), N_GRAPHS)


def choose_centers(rows, n_clusters, random_state):
    """Choose first centers as MATLAB does, one candidate for each."""
    return kmeans_plusplus(
        rows, n_clusters, random_state=random_state, n_local_trials=1
    )[0]


def average_accuracy(rows, y, random_state):
    """Average the matched accuracy of k-means over single starts."""
    # Coordinates in the span of the rows: all distances stay, and starts are fast.
    points = PCA(len(rows) - 1).fit_transform(rows)
    clusterer = TopClusterer(
        4, init=choose_centers, n_init=1, random_state=random_state
    )
    return np.mean(
        [
            matched_accuracy_score(y, clusterer.fit_predict(points))
            for _ in range(N_STARTS)
        ]
    )


def repeat(topology, parameters, columns=slice(None)):
    """Run the study: accuracies of all repetitions, (N_REPETITIONS,)."""
    rng, random_state = np.random.default_rng(0), np.random.RandomState(0)
    accuracies = []
    for _ in range(N_REPETITIONS):
        X, y = make_connectomes(topology, rng)
        rows = GraphPersistence(**parameters).fit_transform(X)[:, columns]
        accuracies.append(average_accuracy(rows, y, random_state))
    return np.array(accuracies)


def compare(accuracies, mean, std):
    """Return the p-value of Welch's test of two means of ten repetitions each."""
    found = accuracies.mean(), accuracies.std(ddof=1), N_REPETITIONS
    return ttest_ind_from_stats(*found, mean, std, N_REPETITIONS, equal_var=False)[1]


@pytest.mark.parametrize(("topology", "parameters", "mean", "std"), PUBLISHED)
def test_published_accuracies_are_reached(topology, parameters, mean, std):
    assert compare(repeat(topology, parameters), mean, std) > LEVEL


def test_births_alone_do_not_reach_the_accuracy():
    births = slice(2 * N_POINTS - 1)
    _, _, mean, std = PUBLISHED[2]
    assert compare(repeat("different", TOPOLOGY, births), mean, std) < LEVEL


def test_distances_are_those_of_the_definition():
    # Deaths alone reach the accuracies too: there are 59 times as many of them.
    X, _ = make_connectomes("different", np.random.default_rng(0))
    barcodes = []
    for row in X[::4]:
        # The maximum spanning tree; SciPy takes weights of 0 for absent edges.
        flipped = np.triu(row.max() + 1 - squareform(row), 1)
        in_tree = squareform(minimum_spanning_tree(flipped).toarray() > 0, checks=False)
        barcodes.append((np.sort(row[in_tree]), np.sort(row[~in_tree])))
    rows = GraphPersistence(**TOPOLOGY).fit_transform(X[::4])
    for k, (births, deaths) in enumerate(barcodes):
        squared = sum(
            ((part - other) ** 2).sum()
            for part, other in zip((births, deaths), barcodes[0], strict=True)
        )
        assert_allclose(((rows[k] - rows[0]) ** 2).sum(), squared, rtol=1e-9)
