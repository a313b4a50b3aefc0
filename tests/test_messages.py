"""All errors and warnings of the methods, word by word."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import squareform
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import sktopo
from sktopo import (
    ClassWise,
    ConnectomePersistence,
    CovarianceSpectrum,
    DynamicConnectome,
    FunctionalConnectome,
    GraphPersistence,
    GraphProfiles,
    RegressConfounds,
    SemiNMF,
    SlidingWindows,
    StimulusGeometry,
    TopClusterer,
    WassersteinKernel,
    barcodes,
    inference,
    metrics,
)
from sktopo.barcodes import _profile_blocks, activation_barcode
from sktopo.connectomes import (
    align_units,
    connectome_rows,
    feature_table,
    measures,
    phase_randomize,
    regress_confounds,
)
from sktopo.representations import gram_row

nx = pytest.importorskip("networkx")
pandas = pytest.importorskip("pandas")

X = np.random.default_rng(0).random((6, 6)).round(2)
Y = [0, 0, 0, 1, 1, 1]
BARCODES = barcodes.barcode_rows(X)
SCALED = barcodes.scale_barcodes(
    barcodes.barcode_rows(np.random.default_rng(0).random((6, 190)))
)
SAMPLE = np.random.default_rng(0).normal(size=(9, 4)).round(2)
DEAD = SAMPLE * [1, 0, 1, 1]
HOLED = SAMPLE.copy()
HOLED[2, 1] = np.nan
PARTS = {"births": slice(0, 3), "deaths": slice(3, 6)}
UPPER = np.triu(np.ones((4, 4)), 1)
# Distances that no points have.
FAR = np.ones((6, 6)) - np.eye(6)
FAR[0, 1] = FAR[1, 0] = 9
NEGATIVE = np.where(np.equal.outer(np.arange(8) // 4, np.arange(8) // 4), 0.01, 1)
NEGATIVE[:4, :4] = 1e-5
NEGATIVE[0, 5:] = NEGATIVE[5:, 0] = 90
np.fill_diagonal(NEGATIVE, 0)


def name(table):
    """Make a data frame with columns a, b, ... and rows r0, r1, ..."""
    rows, columns = np.shape(table)
    index = [f"r{row}" for row in range(rows)]
    return pandas.DataFrame(table, columns=list("abcd")[:columns], index=index)


def invertible(**parameters):
    """Return a GraphPersistence that keeps what the inverse needs."""
    return GraphPersistence(fit_inverse_transform=True, **parameters)


def first_rows(n_rows):
    """Return a transformer of the first rows of a table."""
    return FunctionTransformer(lambda table: table[:n_rows])


def run_state_test(*steps, width=3, X=SAMPLE[None], **parameters):
    """Test whether there are states in the windows of a recording."""
    chain = make_pipeline(SlidingWindows(width, step=3), *steps)
    return inference.state_test(X, chain, n_surrogates=1, **parameters)


def use_named(*columns):
    """Find graphs in recordings with columns of these names, one recording each."""
    frames = [
        pandas.DataFrame(SAMPLE[:, : len(names)], columns=list(names))
        for names in columns
    ]
    return DynamicConnectome(1, random_state=0, tol=0.1).fit(frames)


def fit_opposite():
    """Find a graph in two nodes that never change together, which also warns."""
    return DynamicConnectome(1, tol=0.1).fit([SAMPLE[:, :1] * [1, -1]])


def fit_incomplete():
    """Fit groups on graphs that lack an edge, which also warns."""
    with pytest.warns(UserWarning, match="absent"):
        GraphProfiles(groups=[0, 0, 1, 1]).fit(X[:, :5])


ERRORS = {
    (
        "X has 3 columns and Y has 2; WassersteinKernel compares rows of the "
        "same width."
    ): lambda: WassersteinKernel()(np.ones((2, 3)), np.ones((2, 2))),
    (
        "WassersteinKernel got two single rows, which do not determine "
        "gamma='scale'. Give gamma as a number, or fit and transform with "
        "WassersteinKernel and use kernel='precomputed' (or "
        "affinity='precomputed')."
    ): lambda: WassersteinKernel()(X[0], X[1]),
    (
        "gamma='scale' of WassersteinKernel would be inf, because the rows "
        "differ by about 7e-201. Multiply all rows by one constant first."
    ): lambda: WassersteinKernel().fit(X * 1e-200),
    (
        "gamma='scale' of WassersteinKernel would be 0.0, because the rows "
        "differ by about 7e+199. Divide all rows by one constant first."
    ): lambda: WassersteinKernel().fit(X * 1e200),
    (
        "The inner products of WassersteinKernel are too small for float64. "
        "Multiply all rows by one constant first."
    ): lambda: WassersteinKernel(kernel="linear").fit_transform(X * 1e-200),
    (
        "The inner products of WassersteinKernel are too large for float64. "
        "Divide all rows by one constant first."
    ): lambda: WassersteinKernel(kernel="linear").fit_transform(X * 1e200),
    (
        "n_clusters=9 is more than n_samples=6; ask for at most one cluster per sample."
    ): lambda: TopClusterer(9).fit(X),
    "init has shape (3, 3); expected (2, 6), a row for each cluster.": lambda: (
        TopClusterer(2, init=np.ones((3, 3)), n_init=1).fit(X)
    ),
    (
        "init is so far from the rows that distances overflow; give rows in "
        "the unit of X."
    ): lambda: TopClusterer(2, init=1e200 * np.eye(2, 6), n_init=1).fit(X),
    (
        "X has 5 features, but the inverse of GraphPersistence is expecting "
        "6 features as input."
    ): lambda: invertible().fit(X).inverse_transform(X[:, :5]),
    (
        "n_quantiles is set, and averages over several births have no edge "
        "of their own; name edges without n_quantiles."
    ): lambda: GraphPersistence(n_quantiles=2).fit(X).edge_names(X),
    (
        "n_quantiles needs normalize=True or 'balanced', and topology_weight=1: "
        "sums and edges cannot be compared between graphs of different sizes; got "
        "normalize=False, topology_weight=1.0."
    ): lambda: GraphPersistence(n_quantiles=2, normalize=False).fit(X),
    (
        "The weights of sample 1 of X range from -1.7e+308 to 1.7e+308, and "
        "center='level' needs their difference, which float64 cannot hold. Divide "
        "all weights by one constant first."
    ): lambda: GraphPersistence(center="level").fit(
        [[1, 1, 1], [1, 1.7e308, -1.7e308]]
    ),
    (
        "factors must be a tuple of two numbers, for births and for deaths, got 2.0."
    ): lambda: barcodes.BarcodeLayout(6, factors=2.0),
    (
        "normalize='balanced' learns from the barcodes of all samples, which "
        "ConnectomePersistence does not compute in fit. Use FunctionalConnectome and "
        "GraphPersistence(normalize='balanced')."
    ): lambda: ConnectomePersistence(normalize="balanced").fit([SAMPLE]),
    (
        "Sample 1 of X: A graph of 1 edge(s) has no deaths to keep; it needs three "
        "edges, or homology_dimensions=(0,)."
    ): lambda: GraphPersistence(n_quantiles=2).fit([X[0], [0.5], X[1]]),
    (
        "There is no inverse: n_quantiles is set: averages do not determine each birth."
    ): lambda: invertible(n_quantiles=2).fit(X).inverse_transform(X),
    "There is no inverse: only one of births and deaths is kept.": lambda: (
        invertible(homology_dimensions=(0,)).fit(X).inverse_transform(X[:, :3])
    ),
    (
        "Sample 1 of X: No graph has this barcode: 3 deaths lie above its birth number "
        "2 in descending order, and 1 births leave room for 0."
    ): lambda: (
        invertible()
        .fit(X)
        .inverse_transform([[0.1, 0.2, 0.3, 0, 0, 0], [0.1, 0.2, 0.3, 0.9, 0.9, 0.9]])
    ),
    "Row 0 of the values does not ascend. Sort births, or deaths, first.": lambda: (
        barcodes.quantile_vectors([[2.0, 1]], 2)
    ),
    (
        "homology_dimensions=(2,) must be (0, 1), (0,) or (1,): 0 stands for "
        "births, 1 for deaths."
    ): lambda: GraphPersistence(homology_dimensions=(2,)).fit(X),
    (
        "Rows of 5 columns do not have this layout, which has 6 columns: "
        "{'birth': 3, 'death': 3}."
    ): lambda: barcodes.BarcodeLayout(6).split(X[:, :5]),
    "Rows must have columns, got an array of 0 dimensions.": lambda: (
        barcodes.BarcodeLayout(6).split(np.array(1.0))
    ),
    "parts lack ['death']; this layout has ['birth', 'death'].": lambda: (
        barcodes.BarcodeLayout(6).scale({"birth": X[:, :3]})
    ),
    (
        "Barcodes of these rows are too large for float64. Divide all rows "
        "by one constant first."
    ): lambda: barcodes.unscale_barcodes(np.full((1, 6), 1.7e308)),
    (
        "The rows look like Wasserstein rows, which GraphPersistence scales "
        "with normalize=True, and not like barcodes in units of the edge "
        "weights. Bring them back to barcodes with unscale_barcodes first; "
        "the Wasserstein distances between such rows are their Euclidean "
        "distances."
    ): lambda: barcodes.check_barcodes(SCALED),
    (
        "Row 0 of 6 columns is not a barcode: the first 3 are its births, "
        "the others its deaths, and the births do not ascend. barcode_rows "
        "turns connectome rows into barcodes."
    ): lambda: barcodes.check_barcodes(BARCODES[:, ::-1]),
    (
        "Row 0 of 6 columns is not a barcode: the first 3 are its births, "
        "the others its deaths, and the deaths do not ascend. barcode_rows "
        "turns connectome rows into barcodes."
    ): lambda: barcodes.check_barcodes(BARCODES[:, [0, 1, 2, 5, 4, 3]]),
    (
        "weights must be 6 numbers, none negative and not all zero, one for "
        "each barcode; got [0. 0. 0. 0. 0. 0.]."
    ): lambda: barcodes.barycenter(BARCODES, weights=[0, 0, 0, 0, 0, 0]),
    (
        "Barcodes of 6 and 3 edges have no distance in the sum form; use "
        "normalize=True."
    ): lambda: barcodes.wasserstein_distances(BARCODES, [[1.0, 2, 3]], normalize=False),
    (
        "Barcodes of 6 and 1 edges have no distance: one has deaths (or "
        "births) and the other has none."
    ): lambda: barcodes.wasserstein_distances(BARCODES, [[1.0]]),
    (
        "layout must be a BarcodeLayout or None, got str; the layout of the rows "
        "of a fitted GraphPersistence is its layout_."
    ): lambda: barcodes.decompose_distance(BARCODES, layout="rows"),
    (
        "y groups barcodes_1, and the barycenters of the groups are compared with "
        "each other; leave out barcodes_2 or y."
    ): lambda: barcodes.decompose_distance(BARCODES, BARCODES, y=Y),
    (
        "Barycenters need barcodes of one length, got [3, 6] edges. Give rows of "
        "GraphPersistence(n_quantiles=...) and its layout_ as layout."
    ): lambda: barcodes.decompose_distance([BARCODES[0], [1.0, 2, 3]], y=[0, 1]),
    ("y has the single group a; expected two or more to compare."): lambda: (
        barcodes.decompose_distance(BARCODES, y=["a"] * 6)
    ),
    (
        "Sample 1 of connectomes_1 joins all its nodes at the weight 1.0, so there is "
        "no order of joining to compare. Leave it out."
    ): lambda: barcodes.merge_order_correlations([X[0], np.ones(6)]),
    (
        "connectomes_1 have 6 edges and connectomes_2 have 3; expected graphs on the "
        "same nodes."
    ): lambda: barcodes.matched_tree_distances(X, X[:, :3]),
    (
        "Sample 1 of connectomes_1 has the shape (3, 3) and sample 0 (4, 4); expected "
        "graphs on the same nodes."
    ): lambda: barcodes.matched_tree_distances([np.eye(4), np.eye(3)]),
    "connectomes_1 holds 0 samples; expected at least 1 graph.": lambda: (
        barcodes.matched_tree_distances(np.empty((0, 4, 4)))
    ),
    (
        "Sample 1 of connectomes_1 has 'c' in column 1 where other graphs have 'b'; "
        "expected the same nodes in the same order."
    ): lambda: barcodes.matched_tree_distances(
        [pandas.DataFrame(np.eye(3), columns=list(names)) for names in ("abc", "acb")]
    ),
    "X holds 0 samples; expected at least 1 graph.": lambda: GraphPersistence().fit(
        np.empty((0, 4, 4))
    ),
    (
        "The rows of X differ in length; give n_quantiles to put graphs of "
        "different sizes into one space."
    ): lambda: GraphPersistence().fit([X[0], X[0, :3]]),
    (
        "The samples of X have shapes [(4, 4), (6,)]; expected rows only, or "
        "matrices only."
    ): lambda: GraphPersistence().fit([X[0], squareform(X[0])]),
    (
        "Sample 0 of X is a MultiGraph, which may have several edges between "
        "two nodes; join them to one edge with one weight first."
    ): lambda: GraphPersistence().fit([nx.MultiGraph([(0, 1)])]),
    "Sample 1 of X has 1 node(s); expected two or more.": lambda: (
        GraphPersistence().fit([nx.Graph([(0, 1)]), nx.empty_graph(1)])
    ),
    (
        "Sample 0 of X has edges whose attribute 'weight' is not a number: "
        "could not convert string to float: 'a'"
    ): lambda: GraphPersistence().fit([nx.Graph([(0, 1, {"weight": "a"})])]),
    (
        "X looks like one symmetric matrix of 4 nodes, but samples come in a "
        "stack: give X[None]."
    ): lambda: GraphPersistence().fit(squareform(X[0])),
    (
        "The rows of X look like flattened 4 x 4 symmetric matrices. Give "
        "matrices of shape (n_samples, 4, 4), or their upper triangles as "
        "scipy.spatial.distance.squareform makes them."
    ): lambda: GraphPersistence().fit(np.array([squareform(x).ravel() for x in X])),
    (
        "The variance of unit 0, the largest, overflows float64. Scale the "
        "activations down."
    ): lambda: measures.covariance(SAMPLE * 1e200),
    (
        "The variance of unit 0, the largest, is too small for float64. "
        "Scale the activations up."
    ): lambda: measures.covariance(SAMPLE * 1e-200),
    (
        "The variance of unit 0, the largest, overflows float32. Scale the "
        "activations down, or give them as float64."
    ): lambda: measures.covariance((SAMPLE * 1e30).astype(np.float32)),
    (
        "The partial correlation of unit 0 is not defined: the other units "
        "explain it exactly, and too little is shrunk. Leave it out, give "
        "more observations, or a larger shrinkage as a number."
    ): lambda: measures.partial_correlation([[0, 5, 1], [1, 7, 0]]),
    (
        "Input activations has 1 observation(s) of 4 unit(s); expected at "
        "least 2 observations of 1 unit(s), because a connectome relates "
        "pairs of units over their observations."
    ): lambda: measures.correlation(SAMPLE[:1]),
    (
        "X holds symmetric matrices, such as (4, 4) correlations; expected "
        "activations (n_observations, n_nodes). Matrices are connectomes "
        "already: give them to GraphPersistence. If they are activations, "
        "add a constant to one unit: the measures do not depend on the means "
        "of units."
    ): lambda: FunctionalConnectome().fit([np.corrcoef(SAMPLE.T)]),
    (
        "X has units of a standard deviation up to 8.13e+199, whose products "
        "float64 cannot hold. Scale X, or use measure='correlation'."
    ): lambda: FunctionalConnectome("covariance").fit(SAMPLE * 1e200),
    (
        "X holds frames, but FunctionalConnectome was fitted on samples; "
        "give the same kind (samples are 3-D, frames 2-D)."
    ): lambda: FunctionalConnectome().fit([SAMPLE]).transform(SAMPLE),
    (
        "measure='spearman' relates units over many observations, but X is a "
        "table, each row one frame. Give samples as a 3-D array, or use "
        "measure='correlation' or 'covariance'."
    ): lambda: FunctionalConnectome("spearman").fit(SAMPLE),
    (
        "1 constant unit(s) in 1 of 1 sample(s), the first unit 1 in sample "
        "0. Remove them, or choose constant_units='zero'."
    ): lambda: FunctionalConnectome(constant_units="raise").fit_transform([DEAD]),
    (
        "The fitted samples differ in their number of units, so their edges "
        "have no common names."
    ): lambda: (
        FunctionalConnectome().fit([SAMPLE, SAMPLE[:, :3]]).get_feature_names_out()
    ),
    (
        "Sample 0 of X: the largest weight, 1e-200, is too small for "
        "float32; give the activations as float64."
    ): lambda: FunctionalConnectome(
        lambda x: np.eye(4) + 1e-200, absolute=False
    ).fit_transform([SAMPLE.astype("f4")]),
    (
        "Sample 0 of X: the measure did not return a matrix of numbers: got "
        "ndarray of shape (3, 3) for 4 units; expected (4, 4)."
    ): lambda: FunctionalConnectome(lambda x: np.eye(3)).fit_transform([SAMPLE]),
    (
        "nodes='stimuli' relates the stimuli of one sample, but X is a table, and each "
        "row of a table is a sample. Give samples as a 3-D array, or as a list of "
        "tables; X[None] is a single sample."
    ): lambda: FunctionalConnectome(nodes="stimuli").fit(SAMPLE),
    (
        "1 constant stimulus pattern(s) in 1 of 1 sample(s), the first stimulus 2 in "
        "sample 0. Remove them, or choose constant_units='zero'."
    ): lambda: FunctionalConnectome(
        nodes="stimuli", constant_units="raise"
    ).fit_transform([SAMPLE * (np.arange(9) != 2)[:, None]]),
    (
        "X holds symmetric matrices, such as (4, 4) correlations; expected activations "
        "(n_observations, n_nodes). Matrices are connectomes already: give them to "
        "GraphPersistence. If they are activations, add a constant to one stimulus: "
        "the measures do not depend on the means of stimuli."
    ): lambda: FunctionalConnectome(nodes="stimuli").fit([np.corrcoef(SAMPLE.T)]),
    (
        "Sample 0 of X: The partial correlation of stimulus 0 is not defined: the "
        "other stimuli explain it exactly, and too little is shrunk. Leave it out, "
        "give more units, or a larger shrinkage as a number."
    ): lambda: FunctionalConnectome(
        "partial correlation", nodes="stimuli"
    ).fit_transform([[[0, 1], [5, 7], [1, 0]]]),
    (
        "Sample 0 of X has 9 observation(s), but stimulus_classes has 8 label(s); "
        "expected one for each observation."
    ): lambda: ClassWise(FunctionalConnectome(), stimulus_classes=[0, 1] * 4).fit(
        [SAMPLE]
    ),
    (
        "Class '1' in stimulus_classes has 1 stimulus; expected at least 2, over which "
        "units can be related. Show more stimuli of this class, or leave it out of "
        "stimuli and stimulus_classes."
    ): lambda: ClassWise(FunctionalConnectome(), stimulus_classes=[0] * 8 + [1]).fit(
        [SAMPLE]
    ),
    (
        "Class 'all' of stimuli: the transformer returned a list, as for samples of "
        "different sizes; expected a table. End it with a step that puts them into one "
        "space, such as GraphPersistence(n_quantiles=...)."
    ): lambda: ClassWise(FunctionalConnectome()).fit([SAMPLE, SAMPLE[:, :3]]),
    (
        "Class 'all' of stimuli: the transformer returned 2 row(s) for 6 sample(s); "
        "expected one for each sample."
    ): lambda: ClassWise(first_rows(2)).fit(X),
    (
        "Class 'all' of stimuli: the transformer returned 4 column(s), but 3 when it "
        "was fitted."
    ): lambda: (
        ClassWise(FunctionTransformer(lambda samples: np.mean(samples, axis=1)))
        .fit([SAMPLE[:, :3]])
        .transform([SAMPLE])
    ),
    (
        "Class '0' of stimuli: its rows, scaled by 500, are too large for float64. "
        "Scale X down first."
    ): lambda: (
        ClassWise(first_rows(2), stimulus_classes=[0, 0, 1, 1])
        .fit([[0, 0, 0, 0], [0, 0.001, 0, 1]])
        .transform([[1e308, 0, 0, 0]])
    ),
    (
        "FunctionTransformer does not name its columns: it has no method "
        "get_feature_names_out."
    ): lambda: ClassWise(first_rows(6)).fit(X).get_feature_names_out(),
    "homology_dimension=2 must be 0, for births, or 1, for deaths.": lambda: (
        inference.attribute_distance(X, Y, homology_dimension=2)
    ),
    "Graphs of two nodes have no deaths to compare.": lambda: (
        inference.attribute_distance(X[:, :1], Y, homology_dimension=1)
    ),
    (
        "connectomes look like births and deaths, which ascend in every row; "
        "expected connectome rows, such as GraphPersistence takes and "
        "FunctionalConnectome returns."
    ): lambda: inference.attribute_distance(BARCODES, Y),
    (
        "y has the value 3 only; expected at least two different values, the groups "
        "of the graphs."
    ): lambda: inference.attribute_distance(X, [3] * 6),
    (
        "by='layer' needs unit_names that contain the layer, such as "
        "'fc1[0]'; got 'x0' and so on."
    ): lambda: inference.attribute_distance(X, Y, by="layer"),
    "The barycenters of the groups are the same.": lambda: inference.attribute_distance(
        X[[0] * 6], Y
    ),
    (
        "level='block' needs connectome rows, but slices are for Wasserstein rows, "
        "which do not tell the mean weight. Leave slices out, or give the level as "
        "numbers, such as connectomes.mean(axis=1)."
    ): lambda: inference.difference_table(X, Y, slices=PARTS, level="block", cv=2),
    (
        "level='blocks' must be 'mean', 'block', None, or the level of each graph as "
        "numbers."
    ): lambda: inference.difference_table(X, Y, level="blocks", cv=2),
    (
        "Groups in y follow from level='block' of part '[a]' and covariates: no test "
        "can tell what is due to the one and what to the other. Leave out what differs "
        "only between groups."
    ): lambda: inference.difference_table(
        np.column_stack([Y, X[:, 1:]]), Y, groups=list("aabb"), level="block", cv=2
    ),
    (
        "groups are for connectome rows; with slices, the names of the slices say "
        "which part of the graph each profile is of."
    ): lambda: inference.difference_table(X, Y, slices=PARTS, groups="layer", cv=2),
    (
        "slices must be a dict of slices of columns by the name of a profile, such as "
        "GraphProfiles().profile_slices_, got []."
    ): lambda: inference.difference_table(X, Y, slices=[], cv=2),
    (
        "slices has slice(6, 9, None) for 'births'; expected the name of a profile, "
        "and a slice of the 6 columns of X that chooses at least one."
    ): lambda: inference.difference_table(X, Y, slices={"births": slice(6, 9)}, cv=2),
    (
        "cv=4 needs 4 samples in each group, but group 0 of y has 3; give a smaller "
        "cv, or leave out the group."
    ): lambda: inference.difference_table(X, Y, cv=4),
    (
        "covariates has shape (5,); expected (6,) or (6, n_covariates), one row for "
        "each sample."
    ): lambda: inference.difference_table(X, Y, cv=2, covariates=Y[1:]),
    (
        "Column 1 of covariates is the same number in all samples, which explains "
        "nothing; leave it out."
    ): lambda: inference.difference_table(
        X, Y, cv=2, covariates=[[k, 7] for k in range(6)]
    ),
    (
        "6 samples are too few for 2 groups beside 4 covariate(s) (covariates); "
        "expected at least 7."
    ): lambda: inference.difference_table(X, Y, cv=2, covariates=X[:, :4]),
    (
        "Groups in y follow from covariates: no test can tell what is due to the one "
        "and what to the other. Leave out what differs only between groups."
    ): lambda: inference.difference_table(X, Y, cv=2, covariates=Y),
    "All samples are the same: there is nothing to compare.": lambda: (
        inference.permutation_test(X[[0] * 8], [*Y, 0, 1])
    ),
    (
        "homology_dimensions=(0,) needs Wasserstein rows; for "
        "metric='precomputed' compute distances of births or deaths alone."
    ): lambda: inference.permutation_test(
        np.eye(6), Y, metric="precomputed", homology_dimensions=(0,)
    ),
    (
        "y has 1 group(s), the largest of 6 sample(s); expected at least two "
        "groups, one of them of two samples or more."
    ): lambda: inference.permutation_test(X, [0] * 6),
    (
        "y is the same for all samples of each of the 2 groups, and each of its values "
        "is that of one group only: no other arrangement of labels is possible. Give "
        "more groups of each value of y."
    ): lambda: inference.permanova(X, Y, groups=Y),
    (
        "No other arrangement of labels is possible, because labels that are exchanged "
        "within groups have only 1 distinct relabelling(s). Compare more groups."
    ): lambda: inference.permanova(X[:4], [0, 1, 2, 2], groups=[0, 0, 1, 2]),
    (
        "Groups number 0 and 1 have no distance between their barycenters, because the "
        "distances in X are far from Euclidean. Give Wasserstein rows, or one sample "
        "for each group."
    ): lambda: inference.permanova(
        FAR, [0, 0, 1, 1, 1, 1], metric="precomputed", groups=[0, 0, 1, 1, 2, 2]
    ),
    (
        "The sum of squares within groups is negative, because the distances in X are "
        "far from Euclidean. Give Wasserstein rows or other distances."
    ): lambda: inference.permanova(
        NEGATIVE, [0] * 4 + [1] * 4, metric="precomputed", covariates=[0, 1] * 4
    ),
    (
        "covariates leave no distances between residuals, because the distances in X "
        "are not Euclidean; use permanova, which needs their squares only."
    ): lambda: inference.permutation_test(
        NEGATIVE, [0] * 4 + [1] * 4, metric="precomputed", covariates=[0, 1] * 4
    ),
    (
        "Nothing is left of X beside covariates and groups: there is nothing to "
        "compare."
    ): lambda: inference.permanova(
        np.arange(6.0)[:, None] ** 2, [0, 1] * 3, covariates=np.arange(6) ** 2
    ),
    (
        "Groups 0 and 2 cannot be compared. y is the same for all samples of each of "
        "the 2 groups, and each of its values is that of one group only: no other "
        "arrangement of labels is possible. Give more groups of each value of y."
    ): lambda: inference.pairwise_permutation_test(
        X, [0, 1, 0, 1, 2, 2], groups=[0, 0, 0, 0, 1, 1]
    ),
    (
        "cv=3 folds that keep the 2 sample_groups together leave some groups of y "
        "without samples to learn from; give a smaller cv."
    ): lambda: inference.difference_table(
        X, [0, 1] * 3, sample_groups=[0, 0, 0, 1, 1, 1], cv=3
    ),
    (
        "groups has 6 values, one for each sample, but graphs have 4 nodes: groups are "
        "groups of nodes here. Give groups of samples, such as persons, as "
        "sample_groups."
    ): lambda: inference.difference_table(X, Y, groups=[0, 0, 1, 1, 2, 2], cv=2),
    (
        "Rows of 5 numbers are not the births and deaths of complete graphs; "
        "choose homology_dimensions in GraphPersistence instead."
    ): lambda: inference.permutation_test(X[:, :5], Y, homology_dimensions=(0,)),
    (
        "X of shape (6, 5) is not square; expected the distances between all "
        "samples, or metric='euclidean' for Wasserstein rows."
    ): lambda: inference.permutation_test(X[:, :5], Y, metric="precomputed"),
    (
        "X is not symmetric, by up to 1 at samples 0 and 1; expected "
        "distances between all samples."
    ): lambda: inference.permutation_test(
        1 - np.eye(6, k=1) - np.eye(6), Y, metric="precomputed"
    ),
    (
        "X has a diagonal other than 0, by up to 1 at samples 0 and 0; "
        "expected distances between all samples."
    ): lambda: inference.permutation_test(np.ones((6, 6)), Y, metric="precomputed"),
    (
        "X has negative numbers, by up to 1 at samples 0 and 1; expected "
        "distances between all samples."
    ): lambda: inference.permutation_test(np.eye(6) - 1, Y, metric="precomputed"),
    (
        "Groups 1 and 2 have a single sample each; expected at most one such group."
    ): lambda: inference.pairwise_permutation_test(X, [0, 0, 0, 0, 1, 2]),
    (
        "All samples are the same in groups 0 and 1: there is nothing to compare."
    ): lambda: inference.pairwise_permutation_test(
        X[[0, 0, 0, 0, 1, 2]], [0, 0, 1, 1, 2, 2]
    ),
    "There are no samples to score; at least 1 is required.": lambda: (
        metrics.purity_score([], [])
    ),
    (
        "1 constant unit(s) in 1 of 1 sample(s), the first unit 1 ('b') in "
        "sample 0. Remove them, or choose constant_units='zero'."
    ): lambda: FunctionalConnectome(constant_units="raise").fit_transform([name(DEAD)]),
    (
        "Sample 0 of X: The partial correlation of unit 0 ('a') is not defined: the "
        "other units explain it exactly, and too little is shrunk. Leave it out, give "
        "more observations, or a larger shrinkage as a number."
    ): lambda: FunctionalConnectome("partial correlation").fit_transform(
        [name([[0, 5, 1.0], [1, 7, 0]])]
    ),
    (
        "Sample 0 of X: the matrix that the measure returned contains NaN as "
        "the weight of edge a--b; expected finite weights. A correlation is "
        "NaN if a node never varies, and weights that are too large for "
        "float64 are infinite."
    ): lambda: FunctionalConnectome(lambda x: np.full((4, 4), np.nan)).fit_transform(
        [name(SAMPLE)]
    ),
    (
        "Sample 0 of X contains NaN in observation 2, unit 1 ('b'), the "
        "first of 1 number(s) that are not finite, in 1 unit(s); expected "
        "finite numbers. Replace them or leave them out."
    ): lambda: FunctionalConnectome().fit([name(HOLED)]),
    (
        "X contains NaN in frame 2, unit 1 ('b'), the first of 1 number(s) "
        "that are not finite, in 1 unit(s); expected finite numbers. Replace "
        "them or leave them out."
    ): lambda: FunctionalConnectome().fit(name(HOLED)),
    (
        "Sample 2 of X ('r2') contains NaN as the weight of edge b; expected "
        "finite weights. A correlation is NaN if a node never varies, and "
        "weights that are too large for float64 are infinite."
    ): lambda: GraphPersistence().fit(name(HOLED[:, :3])),
    (
        "Sample 0 of X contains NaN as the weight of edge x0--x2; expected "
        "finite weights. A correlation is NaN if a node never varies, and "
        "weights that are too large for float64 are infinite."
    ): lambda: GraphPersistence().fit([squareform(HOLED[2, :3])]),
    (
        "Sample 0 of X has only zeros below its diagonal and is not symmetric. If it "
        "holds one triangle of a symmetric matrix A, give A + A.T, or "
        "sktopo.connectomes.connectome_rows(X)."
    ): lambda: GraphPersistence().fit([UPPER]),
    (
        "Sample 0 of X has only zeros above its diagonal and is not symmetric. If it "
        "holds one triangle of a symmetric matrix A, give A + A.T, or "
        "sktopo.connectomes.connectome_rows(X)."
    ): lambda: GraphPersistence().fit([UPPER.T]),
    (
        "X contains NaN in row 2, column 1 ('b'), the first of 1 number(s) "
        "that are not finite, in 1 column(s); expected finite numbers. "
        "Replace them or leave them out."
    ): lambda: TopClusterer(2).fit(name(HOLED)),
    (
        "Got node names of shape (2,) for graphs of 4 nodes; expected 4 "
        "names, such as ActivationExtractor's get_feature_names_out gives."
    ): lambda: inference.attribute_distance(X, Y, unit_names=["a", "b"]),
    "Rows must be a NumPy array, got list; use np.asarray.": lambda: (
        barcodes.BarcodeLayout(6).split([1])
    ),
    (
        "n_quantiles needs normalize=True: sums cannot be compared between "
        "graphs of different sizes; got normalize=False. Give n_quantiles=None."
    ): lambda: ConnectomePersistence(normalize=False).fit([SAMPLE]),
    (
        "The samples of X differ in their number of units; give n_quantiles to "
        "put graphs of different sizes into one space."
    ): lambda: ConnectomePersistence(n_quantiles=None).fit([SAMPLE, SAMPLE[:, :3]]),
    (
        "Input activations: the largest weight, 6.67e+51, is too large for float32. "
        "Scale the activations, give them as float64, or use measure='correlation'."
    ): lambda: activation_barcode(
        np.outer([1e26, -1e26, 0], [1, 1, 1]).astype("f"), measure="covariance"
    ),
    "Input activations have 1 unit; expected at least 2.": lambda: activation_barcode(
        SAMPLE[:, :1]
    ),
    (
        "A graph of 1 edge(s) has no deaths to keep; it needs three edges, or "
        "n_quantiles=None."
    ): lambda: activation_barcode(SAMPLE[:, :2]),
    (
        "Y cannot be read as a 2-D array of numbers, one row for each sample: Found "
        "array with 0 sample(s) (shape=(0, 6)) while a minimum of 1 is required by "
        "WassersteinKernel."
    ): lambda: WassersteinKernel()(X, np.empty((0, 6))),
    (
        "Row 1 of 6 columns is not a barcode: the first 3 are its births, the others "
        "its deaths, and the deaths do not ascend. barcode_rows turns connectome rows "
        "into barcodes."
    ): lambda: barcodes.wasserstein_variance(
        [[0.5, 0.6, 0.7, 0.1, 0.2, 0.3], [0.5, 0.6, 0.7, 0.1, 0.4, 0.3]]
    ),
    (
        "Input activations: the largest deviation of a unit is 1e+300, whose square "
        "float64 cannot hold. Scale the activations, or use measure='correlation'."
    ): lambda: activation_barcode(
        np.outer([1e300, -1e300], [1, 1, 1]), measure="covariance"
    ),
    "weights has shape (); expected a connectome row (n_edges,), or the weights "
    "(n_nodes_1, n_nodes_2) between two groups.": lambda: barcodes.profiles.births(
        np.array(1.0)
    ),
    (
        "weights looks like the symmetric matrix of one graph; expected a connectome "
        "row (n_edges,), or the weights (n_nodes_1, n_nodes_2) between two groups. "
        "Give scipy.spatial.distance.squareform(weights, checks=False)."
    ): lambda: barcodes.profiles.births(squareform(X[0])),
    (
        "The spectrum of a graph of 5,001 nodes takes too long; expected at most 5,000 "
        "nodes."
    ): lambda: barcodes.profiles.spectrum(np.ones((1, 5000))),
    (
        "'spectrum' would take too long for 5,001 nodes; expected at most 5,000. "
        "Leave 'spectrum' out of profiles, or ask for it within and between smaller "
        "groups only, profiles={'spectrum': 'groups'}."
    ): lambda: _profile_blocks.plan_blocks({"spectrum": "graph"}, 5001, [], None),
    (
        "profiles='births' is of type str; expected a list of different names among "
        "['births', 'deaths', 'strengths', 'spectrum', 'local'], such as ['births', "
        "'strengths'], or a dict from such names to 'graph', 'groups' or 'both'."
    ): lambda: GraphProfiles("births").fit(X),
    (
        "profiles={'births': 'both'} asks for profiles of groups, but groups=None; "
        "give the group of each node."
    ): lambda: GraphProfiles({"births": "both"}).fit(X),
    (
        "groups has the key 'four'; expected numbers of nodes, of at least 2, each "
        "with the groups of so many nodes."
    ): lambda: GraphProfiles(groups={"four": [0, 0, 1, 1]}).fit(X),
    "groups[4] is None; expected the group of each of the 4 nodes.": lambda: (
        GraphProfiles(groups={4: None}).fit(X)
    ),
    (
        "groups[3] has the groups ['a', 'c'], but expected are ['a', 'b'], as in the "
        "others."
    ): lambda: GraphProfiles(groups={4: list("aabb"), 3: list("acc")}).fit(X),
    "groups is an empty dict; expected the groups of nodes.": lambda: GraphProfiles(
        groups={}
    ).fit(X),
    (
        "groups needs complete graphs, but 5 edges do not form an upper triangle, "
        "n(n-1)/2."
    ): fit_incomplete,
    (
        "Sample 0 of X has 4 nodes, but groups are given for graphs of [5] nodes. For "
        "graphs of several sizes give a dict from each number of nodes to the groups "
        "of so many nodes."
    ): lambda: GraphProfiles(groups={5: [0, 0, 1, 1, 1]}).fit(X),
    (
        "Sample 1 of X, of 2 nodes, differs from other graphs in whether it has "
        "['deaths']: two nodes have no deaths, and a group of one node has no edges. "
        "Leave these profiles or graphs out."
    ): lambda: (
        GraphProfiles(n_quantiles=2, balance=False)
        .fit([X[0]])
        .transform([X[0], X[0, :1]])
    ),
    (
        "'births' and 'births[all]' would have the same profile and block in the "
        "table, because 'all' is the block of all nodes; rename the group of nodes."
    ): lambda: inference.difference_table(
        X, Y, profiles=["births"], groups=["all", "all", "b", "b"], cv=2
    ),
    (
        "Births or deaths of X, balanced by the factors 60 and 0.707, are too large "
        "for float64. Divide all weights by one constant first."
    ): lambda: (
        GraphPersistence(normalize="balanced")
        .fit([[0.9, 0.8, 0.1], [0.9, 0.81, 0.7]])
        .transform([[1e308, 1e308, 0]])
    ),
    (
        "The values of 'births', scaled by 42.4, are too large for float64. Divide all "
        "weights by one constant first."
    ): lambda: (
        GraphProfiles(("births", "deaths"))
        .fit([[0.9, 0.8, 0.1], [0.9, 0.81, 0.7]])
        .transform([[1e308, 1e308, 0]])
    ),
    (
        "The graphs of X have none of the profiles: graphs of two nodes have no "
        "deaths. Ask for other profiles."
    ): lambda: GraphProfiles(("deaths",)).fit(X[:, :1]),
    "activations: all 4 unit(s) are constant, so they tell no observations apart.": (
        lambda: gram_row(np.ones((9, 4)))
    ),
    (
        "Sample 0 of X has 1 observation(s) of 4 unit(s); expected at least 2 "
        "observations of 1 unit."
    ): lambda: StimulusGeometry().fit([SAMPLE[:1]]),
    (
        "X holds table, but StimulusGeometry was fitted on samples; give the same kind "
        "(samples are 3-D, a table 2-D)."
    ): lambda: StimulusGeometry().fit([SAMPLE]).transform(SAMPLE),
    (
        "Sample 1 of X has layers of [3] nodes, but expected are [4]. Give n_quantiles "
        "to put layers of different widths into one space."
    ): lambda: CovarianceSpectrum().fit([SAMPLE, SAMPLE[:, :3]]),
    (
        "1 layer(s) have constant nodes only, the first 'all' of sample 1: the "
        "logarithm of their variance is minus infinity. Leave these samples or layers "
        "out, or choose normalize=True."
    ): lambda: CovarianceSpectrum(normalize=False).fit([SAMPLE, 0 * SAMPLE]),
    (
        "groups='layer' needs names of nodes, such as 'fc1[0]', which sample 0 of X "
        "does not have. Give samples as data frames, ActivationExtractor().set_output("
        "transform='pandas'), or give the group of each node."
    ): lambda: StimulusGeometry(groups="layer").fit([SAMPLE]),
    (
        "groups='layer' needs names of nodes that contain the layer, such as 'fc1[0]'; "
        "sample 0 of X has 'a' and so on. Give the group of each node instead."
    ): lambda: StimulusGeometry(groups="layer").fit([name(SAMPLE)]),
    (
        "Sample 1 of X has the layers ['b'], but expected are ['a', 'b'], as in the "
        "first sample fitted."
    ): lambda: StimulusGeometry(groups="layer").fit(
        [
            pandas.DataFrame(SAMPLE[:, :2], columns=["a[0]", "b[0]"]),
            pandas.DataFrame(SAMPLE[:, :1], columns=["b[0]"]),
        ]
    ),
    (
        "Sample 1 of X has 3 nodes, but groups are given for samples of [4] nodes. For "
        "samples of several widths give a list with the groups of each, or a dict from "
        "each number of nodes to the groups of so many nodes."
    ): lambda: StimulusGeometry(groups=list("aabb")).fit([SAMPLE, SAMPLE[:, :3]]),
    (
        "groups[1] has 4 nodes, as one before, but in other groups. Give samples as "
        "data frames with the layers in the names of their nodes, and groups='layer'."
    ): lambda: StimulusGeometry(groups=[list("aabb"), list("abab")]).fit([SAMPLE] * 2),
    (
        "Sample 1 of X has 8 stimuli, but expected are 9, as in the first sample "
        "fitted. StimulusGeometry compares responses to the same stimuli, in the same "
        "order."
    ): lambda: StimulusGeometry().fit([SAMPLE, SAMPLE[:8]]),
    "n_stimuli=10 is more than the 9 stimuli of X.": lambda: StimulusGeometry(
        n_stimuli=10
    ).fit([SAMPLE]),
    (
        "Sample 1 of X has stimulus 'r8' in row 0, but expected is 'r0', as in the "
        "index of the first sample fitted. Bring the stimuli of all samples into one "
        "order."
    ): lambda: StimulusGeometry().fit([name(SAMPLE), name(SAMPLE)[::-1]]),
    (
        "Sample 1 of X has stimulus 'r8' in row 0, but Sample 0 of X has 'r0' there. "
        "Classes are given by the order of stimuli, so bring all into one order."
    ): lambda: ClassWise(FunctionalConnectome()).fit(
        [name(SAMPLE), name(SAMPLE)[::-1]]
    ),
    (
        "shrinkage=0.1 is for measure='partial correlation' only, got "
        "measure='correlation'. Give shrinkage=None."
    ): lambda: FunctionalConnectome(shrinkage=0.1).fit([SAMPLE]),
    (
        "shrinkage='lw' is unknown; expected 'ledoit-wolf', 'oas' or a number in "
        "[0, 1]."
    ): lambda: FunctionalConnectome("partial correlation", shrinkage="lw").fit(
        [SAMPLE]
    ),
    (
        "fisher=True transforms correlations, but measure='covariance' computes other "
        "weights. Give fisher=False."
    ): lambda: FunctionalConnectome("covariance", fisher=True).fit([SAMPLE]),
    (
        "fisher=True transforms correlations, but X is a table, each row one frame, "
        "whose weights are products. Give samples as a 3-D array, or fisher=False."
    ): lambda: FunctionalConnectome(fisher=True).fit(SAMPLE),
    (
        "Sample 0 of X: the weight of edge a--c is -1, but fisher=True needs "
        "correlations between -1 and 1, which themselves would become infinite. Leave "
        "out one of two nodes that repeat each other, give more observations, or use "
        "fisher=False."
    ): lambda: FunctionalConnectome(fisher=True).fit_transform(
        [name(np.column_stack([SAMPLE[:, :2], -2 * SAMPLE[:, 0]]))]
    ),
    (
        "measure='coherence' needs observations in the order of time, but "
        "nodes='stimuli' relates stimuli over units, which have no order. Give "
        "nodes='units', or another measure."
    ): lambda: FunctionalConnectome("coherence", nodes="stimuli").fit([SAMPLE]),
    (
        "max_lag=9 needs more than 9 observations, but there are 9; give a smaller "
        "max_lag."
    ): lambda: measures.lagged_correlation(SAMPLE, max_lag=9),
    (
        "9 observations make 1 segment(s) of 7; expected 2 or more, because units are "
        "related over segments. Give a smaller segment_length, or more observations."
    ): lambda: measures.coherence(SAMPLE, segment_length=7),
    "band must be two frequencies (low, high), got 10.": lambda: measures.coherence(
        SAMPLE, band=10
    ),
    (
        "band=(8, 12) reaches beyond 0.5, half of sampling_rate=1.0. Give the rate and "
        "the band in one unit."
    ): lambda: measures.coherence(SAMPLE, band=(8, 12)),
    (
        "No frequency lies in band=(8, 9): segments of 4 observations at "
        "sampling_rate=100 have the frequencies 25, 50, ... up to 50. Give a longer "
        "segment_length, or another band."
    ): lambda: measures.phase_locking_value(
        SAMPLE, sampling_rate=100, band=(8, 9), segment_length=4
    ),
    (
        "diagonal=None with layout='lower'; expected True or False, because the "
        "numbers of a triangle may or may not include the diagonal."
    ): lambda: connectome_rows(X, layout="lower"),
    (
        "X has 2 dimensions; expected 3 for layout='matrix'. Give X[None] for a single "
        "connectome."
    ): lambda: connectome_rows(UPPER),
    "X holds no samples; expected at least one.": lambda: connectome_rows([]),
    (
        "Sample 0 of X has shape (4, 3); expected a square matrix of two nodes or "
        "more. Choose one matrix for each sample where there are several, such as "
        "those of frequencies."
    ): lambda: connectome_rows([UPPER[:, :3]]),
    (
        "Sample 0 of X has shape (5,); expected n_nodes * (n_nodes - 1) / 2 numbers of "
        "two nodes or more."
    ): lambda: connectome_rows(X[:, :5], layout="upper", diagonal=False),
    "confounds has 5 row(s) for 9 observations; expected one for each.": lambda: (
        regress_confounds(SAMPLE, SAMPLE[:5])
    ),
    (
        "Sample 0 of X has 9 observations for 8 confound(s), which explain everything; "
        "expected more observations than 9, or fewer confounds."
    ): lambda: RegressConfounds(range(8)).fit_transform(
        [np.random.default_rng(0).normal(size=(9, 9))]
    ),
    (
        "What confounds leave of the units is too large for float64. Divide the "
        "recordings by one constant first."
    ): lambda: regress_confounds([[-1.7e308], [1.7e308], [1.7e308]]),
    (
        "X holds frames, but RegressConfounds was fitted on samples; give the same "
        "kind (samples are 3-D, frames 2-D)."
    ): lambda: RegressConfounds(0).fit([SAMPLE]).transform(SAMPLE),
    (
        "The fitted samples differ in their number of columns, which have no common "
        "names."
    ): lambda: RegressConfounds(0).fit([SAMPLE, SAMPLE[:, :3]]).get_feature_names_out(),
    (
        "Sample 0 of X has 4 columns, and none has the number 4 that confounds=4 has."
    ): lambda: RegressConfounds(4).fit([SAMPLE]),
    (
        "Sample 0 of X is an array, whose columns have no names, such as 'a' in "
        "confounds. Give data frames, or the numbers of columns."
    ): lambda: RegressConfounds("a").fit([SAMPLE]),
    (
        "Sample 0 of X has 0 columns named 'motion'; expected one, because it is a "
        "confound. Its columns are ['a', 'b', 'c', 'd']."
    ): lambda: RegressConfounds("motion").fit([name(SAMPLE)]),
    (
        "confounds must be names or numbers of columns, one or a list, got 1.5. For a "
        "table of confounds use regress_confounds."
    ): lambda: RegressConfounds(1.5).fit([SAMPLE]),
    (
        "X holds frames, but SemiNMF was fitted on samples; give the same kind "
        "(samples are 3-D, frames 2-D)."
    ): lambda: SemiNMF(2).fit([SAMPLE]).transform(SAMPLE),
    (
        "Sample 0 of X has n_samples=9 stimuli for n_components=10 features; expected "
        "at least one stimulus for each feature."
    ): lambda: SemiNMF(10).fit([SAMPLE]),
    (
        "weights has 4 columns, but components has 2 rows; expected one of each for "
        "every feature."
    ): lambda: feature_table(SAMPLE, SAMPLE[:2]),
    "unit_names is of type int; expected a sequence of names.": lambda: feature_table(
        SAMPLE, SAMPLE[:4], unit_names=4
    ),
    "unit_names has 2 name(s) for 4; expected one for each.": lambda: feature_table(
        SAMPLE, SAMPLE[:4], unit_names=["a", "b"]
    ),
    (
        "activations has a smallest number of -1; expected none below 0. Take the "
        "positive part, such as numpy.maximum(activations, 0)."
    ): lambda: metrics.concept_separation([[-1.0], [1]], [0, 1]),
    "classes holds 1 class; expected at least 2.": lambda: metrics.concept_separation(
        [[2.0], [1]], [0, 0]
    ),
    ("No feature in activations is ever active: all numbers are 0."): lambda: (
        metrics.concept_separation([[0.0], [0]], [0, 1])
    ),
}

ERRORS |= {
    (
        "Sample 0 of X has 1 unit(s) that no fitted recording has, the first 'c'. "
        "Leave them out, or fit on recordings that have them."
    ): lambda: use_named("ab").transform([name(SAMPLE)[["a", "c"]]]),
    (
        "Sample 1 of X has 3 units, and sample 0 has 4. Give data frames of pandas, "
        "whose names say which units are missing, or arrays with a column of NaN for "
        "each missing unit."
    ): lambda: DynamicConnectome().fit([SAMPLE, SAMPLE[:, :3]]),
    (
        "Sample 1 of X has 5 observations, and sample 0 has 9. Time courses are shared "
        "by all recordings, so each observation must be the same moment in all of "
        "them. Cut recordings to the moments that they share, or resample them."
    ): lambda: DynamicConnectome().fit([SAMPLE, SAMPLE[:5]]),
    (
        "Sample 0 of X has NaN at 1 of 9 observations of unit 1; expected numbers, or "
        "NaN throughout if the unit is missing. Fill the gaps, or make all of its "
        "observations NaN."
    ): lambda: DynamicConnectome().fit([HOLED]),
    (
        "Sample 0 of X has 1 of 2 units that are there and vary; expected at least 2. "
        "Leave it out."
    ): lambda: DynamicConnectome().fit([SAMPLE[:, :2] * [1, np.nan]]),
    (
        "X holds frames, but DynamicConnectome was fitted on samples; give the same "
        "kind (samples are 3-D, frames 2-D)."
    ): lambda: use_named("ab").transform(SAMPLE),
    (
        "affinity='differential' needs the order of time, but X is a table, each row "
        "one frame. If it is a single recording, give X[None] or [X]; for frames, give "
        "affinity='activity'."
    ): lambda: DynamicConnectome(affinity="differential").fit(SAMPLE),
    (
        "Frame 8 of X is too far from the fitted frames: its scores leave the range of "
        "float64. Leave it out."
    ): lambda: (
        DynamicConnectome(random_state=0, tol=0.1)
        .fit(SAMPLE * 1e-20)
        .transform(np.append(SAMPLE[:8], SAMPLE[8:] * 1e300, axis=0))
    ),
    (
        "X has recordings of 5 observations, but DynamicConnectome was fitted on 9. "
        "Observations must be the same moments; cut or resample the recordings."
    ): lambda: use_named("abcd").transform([name(SAMPLE[:5])]),
    (
        "DynamicConnectome found numbers up to 1e+200, which float32 cannot hold. Give "
        "X as float64, or signals of another unit."
    ): lambda: DynamicConnectome(
        1, affinity=lambda table: np.full(table.shape, 1e200), tol=0.1
    ).fit([SAMPLE.astype(np.float32)]),
    (
        "The signals of sample 0 have shape (8, 4); expected (9, 4), that of the "
        "recording without missing units."
    ): lambda: DynamicConnectome(affinity=lambda table: table[1:]).fit([SAMPLE]),
}

ERRORS |= {
    (
        "The fitted recordings differ in their number of nodes, so their nodes have no "
        "common names."
    ): lambda: SlidingWindows().fit([SAMPLE, SAMPLE[:, :3]]).get_feature_names_out(),
    (
        "X is a table, each row one frame, which has no windows. If it is a single "
        "recording, give X[None] or [X]."
    ): lambda: SlidingWindows(3).fit(SAMPLE),
    (
        "Sample 1 of X, a recording of 5 observations, is shorter than a window of "
        "width=6. Leave it out, or choose narrower windows."
    ): lambda: SlidingWindows(6).fit([SAMPLE, SAMPLE[:5]]),
    (
        "Sample 0 of X holds numbers up to 1.7e+308, and its surrogate leaves the "
        "range of float64. Divide X by one constant first."
    ): lambda: phase_randomize((SAMPLE[None] > 0) * 1.7e308, random_state=0),
    "labels holds no windows; expected at least one.": lambda: (
        inference.transition_table([], [])
    ),
    (
        "X is a table, each row one frame. If it is a single recording, give X[None] "
        "or [X]."
    ): lambda: run_state_test(X=SAMPLE),
    (
        "estimator is of type GraphPersistence; expected a pipeline that begins with "
        "SlidingWindows, such as make_pipeline(SlidingWindows(60), "
        "FunctionalConnectome(), GraphPersistence())."
    ): lambda: inference.state_test([SAMPLE], GraphPersistence()),
    (
        "The pipeline begins with FunctionalConnectome; expected SlidingWindows, which "
        "says which windows a recording has."
    ): lambda: inference.state_test([SAMPLE], make_pipeline(FunctionalConnectome())),
    (
        "The pipeline ends in FunctionalConnectome; statistic='silhouette' needs a "
        "clusterer there, such as TopClusterer."
    ): lambda: run_state_test(FunctionalConnectome(), statistic="silhouette"),
    (
        "The pipeline made 2 rows of 3 windows; expected a row for each window."
    ): lambda: run_state_test(FunctionalConnectome(), first_rows(2)),
    (
        "No recording has more than one window, so windows of a recording cannot "
        "differ. Choose a smaller width or step of SlidingWindows."
    ): lambda: run_state_test(FunctionalConnectome(), width=9),
    (
        "The clusterer found 3 cluster(s) of 3 windows; silhouettes need at least two "
        "clusters, and fewer clusters than windows."
    ): lambda: run_state_test(
        FunctionalConnectome(), TopClusterer(3), statistic="silhouette"
    ),
    (
        "missing='drop_nodes' applies to samples, but X is a table, each row one "
        "frame. Leave out its rows or columns that hold NaN, and use missing='raise'."
    ): lambda: FunctionalConnectome(missing="drop_nodes").fit(SAMPLE),
    (
        "missing='pairwise' relates each pair of nodes by itself, as 'correlation', "
        "'spearman', 'covariance' do, but measure='partial correlation' takes all "
        "nodes together. Choose missing='drop_nodes' or 'drop_frames'."
    ): lambda: FunctionalConnectome("partial correlation", missing="pairwise").fit(
        [SAMPLE]
    ),
    (
        "missing='drop_frames' would join observations that are apart in time, but "
        "measure='coherence' depends on their order. Choose missing='drop_nodes', or "
        "fill the gaps first."
    ): lambda: FunctionalConnectome("coherence", missing="drop_frames").fit([SAMPLE]),
    (
        "Different units may be left out of each sample, see dropped_, so edges have "
        "no common names."
    ): lambda: (
        FunctionalConnectome(constant_units="drop").fit([DEAD]).get_feature_names_out()
    ),
    (
        "Sample 0 of X has 1 of 2 units left without those that never vary or hold "
        "NaN; expected at least 2. Leave it out."
    ): lambda: FunctionalConnectome(missing="drop_nodes").fit([HOLED[:, :2]]),
    (
        "Sample 0 of X: 8 of 9 observations hold no NaN; expected at least "
        "min_observations=10. Leave out the units that hold most of the NaN instead, "
        "or choose another value of missing."
    ): lambda: FunctionalConnectome(missing="drop_frames").fit([HOLED]),
    (
        "Sample 0 of X: unit 0 ('a') and unit 1 ('b') have 8 observations in common; "
        "expected at least min_observations=10. Leave one of them out, or choose "
        "missing='drop_nodes'."
    ): lambda: FunctionalConnectome(missing="pairwise").fit([name(HOLED)]),
    (
        "constant_units='drop' makes graphs of different sizes, which need "
        "n_quantiles; got n_quantiles=None."
    ): lambda: ConnectomePersistence(constant_units="drop", n_quantiles=None).fit(
        [SAMPLE]
    ),
    (
        "min_share=0.5 needs how='union'; how='intersection' keeps the units that all "
        "recordings have."
    ): lambda: align_units([name(SAMPLE)], min_share=0.5),
    (
        "recordings is empty; expected a list of data frames of pandas, one for each "
        "recording."
    ): lambda: align_units([]),
    (
        "0 of 2 unit(s) are in 2 of 2 recording(s) or more; expected at least 2. Leave "
        "out recordings that lack many units, or choose how='union' with a smaller "
        "min_share."
    ): lambda: align_units([name(SAMPLE)[["a"]], name(SAMPLE)[["b"]]]),
    (
        "Recording 0 is of type ndarray, without names of units; expected a data frame "
        "of pandas. Make one with pandas.DataFrame(recording, columns=names)."
    ): lambda: align_units([SAMPLE]),
    (
        "Recording 0 has the column 0; expected strings, the names of units. Set them "
        "with recording.columns = names."
    ): lambda: align_units([pandas.DataFrame(SAMPLE)]),
    (
        "Recording 0 has 1 name(s) of several columns, the first 'a'; expected "
        "different names. Rename these columns, or leave all but one out."
    ): lambda: align_units([name(SAMPLE)[["a", "b", "a"]]]),
}

WARNINGS = {
    (
        "SemiNMF did not converge in max_iter=1 iterations for 1 of 1 network(s), the "
        "first sample 0. Increase max_iter or tol."
    ): lambda: SemiNMF(2, max_iter=1, tol=0, random_state=0).fit(SAMPLE),
    (
        "The samples differ in their number of observations, from 5 (sample 1) to 9 "
        "(sample 0). Spectra depend on that number: few observations spread the "
        "eigenvalues, and leave those beyond it 0. Cut all samples to one length "
        "before you compare them."
    ): lambda: CovarianceSpectrum().fit([SAMPLE, SAMPLE[:5]]),
    (
        "1 layer(s) have constant nodes only, the first 'all' of sample 1: their "
        "columns are set to 0. Leave these samples or layers out."
    ): lambda: StimulusGeometry().fit([SAMPLE, 0 * SAMPLE]),
    (
        "X holds negative weights. Connectomes of recordings are usually "
        "absolute correlations, FunctionalConnectome(absolute=True), and do "
        "not compare with signed ones. If all your weights are signed on "
        "purpose, silence this with warnings.filterwarnings('ignore', 'X "
        "holds negative weights')."
    ): lambda: GraphPersistence().fit(X[[0, 0, 0]] - 1),
    (
        "normalize='balanced' cannot balance births and deaths: the births of all 3 "
        "sample(s) are the same. Rows are those of normalize=True."
    ): lambda: GraphPersistence(normalize="balanced").fit(X[[0, 0, 0]]),
    (
        "5 edges do not form an upper triangle, n(n-1)/2: rows are taken for "
        "graphs on 4 nodes whose last 1 edges are absent."
    ): lambda: GraphPersistence().fit(X[:, :5]),
    (
        "The rows look like Wasserstein rows, which GraphPersistence scales "
        "with normalize=True, and not like barcodes in units of the edge "
        "weights. Bring them back to barcodes with unscale_barcodes first; "
        "the Wasserstein distances between such rows are their Euclidean "
        "distances."
    ): lambda: barcodes.check_barcodes(4 * SCALED),
    (
        "2 constant unit(s) in 2 of 2 sample(s), the first unit 1 in sample "
        "0: their weights are set to 0. Pass constant_units='nan', 'drop' or "
        "'raise' to treat them otherwise."
    ): lambda: FunctionalConnectome().fit_transform([DEAD, DEAD]),
    (
        "The samples differ in their number of observations, from 5 (sample "
        "1) to 9 (sample 0). Weights, and with them barcodes, depend on that "
        "number: unrelated units have larger absolute correlations in "
        "shorter samples. Cut all samples to one length before you compare "
        "them."
    ): lambda: FunctionalConnectome().fit_transform([SAMPLE, SAMPLE[:5]]),
    (
        "1 constant unit(s) in 1 of 1 sample(s), the first unit 1 ('b') in "
        "sample 0: their weights are set to 0. Pass constant_units='nan', 'drop' "
        "or 'raise' to treat them otherwise."
    ): lambda: FunctionalConnectome().fit_transform([name(DEAD)]),
    (
        "The samples differ in their number of units, from 3 (sample 1) to 4 (sample "
        "0). Weights, and with them barcodes, depend on that number: unrelated stimuli "
        "have larger absolute correlations in narrower samples. Record equally many "
        "units of all networks before you compare them."
    ): lambda: FunctionalConnectome(nodes="stimuli").fit_transform(
        [SAMPLE, SAMPLE[:, :3]]
    ),
    (
        "balance=True cannot balance the classes ['0', '1'] of stimuli: their rows of "
        "all 1 sample(s) are the same. They keep the factor 1."
    ): lambda: ClassWise(FunctionalConnectome(), stimulus_classes=[0, 1, 1] * 3).fit(
        [SAMPLE]
    ),
    (
        "pvalue cannot be below 0.1, whatever the samples are, because groups of 3, 3 "
        "samples have only 10 distinct relabelling(s). Compare more samples to find "
        "differences at the level of 0.05."
    ): lambda: inference.permutation_test(X, Y),
    (
        "1 constant unit(s) in 1 of 2 sample(s), the first unit 1 in sample 1: they "
        "count as missing."
    ): lambda: DynamicConnectome(1, tol=0.1).fit([SAMPLE, DEAD]),
    (
        "DynamicConnectome did not converge in max_iter=1 iterations. Increase "
        "max_iter or tol."
    ): lambda: DynamicConnectome(1, max_iter=1).fit([SAMPLE]),
    (
        "1 of 1 components are empty: fewer describe the affinities as well. Choose a "
        "smaller n_components."
    ): fit_opposite,
    (
        "No recording has both nodes of 1 of 6 pairs, the first a--d: their weights "
        "are set to 0. align_units(how='union', min_share=...) keeps the nodes that "
        "enough recordings have."
    ): lambda: use_named("abc", "bdc", "ab"),
    (
        "X has frames of 2 units, which have no deaths: the averages of their deaths "
        "are set to 0."
    ): lambda: ConnectomePersistence().fit(SAMPLE[:, :2]),
}


@pytest.mark.parametrize("message", ERRORS, ids=range(len(ERRORS)))
def test_errors(message):
    with pytest.raises((TypeError, ValueError), match=f"^{re.escape(message)}$"):
        ERRORS[message]()


@pytest.mark.parametrize("message", WARNINGS, ids=range(len(WARNINGS)))
def test_warnings(message):
    with pytest.warns(UserWarning, match=f"^{re.escape(message)}$"):
        WARNINGS[message]()


# Where only rounding errors lead, and what torch says; tests of these files have it.
ELSEWHERE = {
    "_clusterer.py": "distinct clusters were found",
    "_tiles.py": "torch says",
}


def list_messages(file):
    """Yield what a file raises, and warns of, as patterns of messages or parts."""
    for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if (
            isinstance(call, ast.Call)
            and ast.unparse(call.func) in ("ValueError", "TypeError", "warnings.warn")
            and isinstance(call.args[0], (ast.Constant, ast.JoinedStr))
        ):
            parts = getattr(call.args[0], "values", [call.args[0]])
            texts = [getattr(part, "value", None) for part in parts]
            yield "".join(
                re.escape(text) if isinstance(text, str) else ".*" for text in texts
            )


def test_every_message_is_here():
    package, known = Path(sktopo.__file__).parent, [*ERRORS, *WARNINGS]
    files = [package / "metrics.py"]
    for name in ("barcodes", "connectomes", "inference", "representations"):
        files += sorted((package / name).rglob("*.py"))
    patterns = [
        pattern
        for file in files
        for pattern in list_messages(file)
        if re.escape(ELSEWHERE.get(file.name, "\n")) not in pattern
    ]
    assert len(patterns) > 50
    missing = [p for p in patterns if not any(re.search(p, m) for m in known)]
    assert not missing
