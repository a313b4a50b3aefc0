"""Stimuli as the nodes of connectomes: weights, names, sizes, messages."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import pdist
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sktopo import (
    ActivationExtractor,
    ConnectomePersistence,
    FunctionalConnectome,
    GraphPersistence,
    GraphProfiles,
    TopClusterer,
)
from sktopo._utils import memory
from sktopo.connectomes._measure import OF_TIME
from sktopo.connectomes._nodes import NODES
from sktopo.connectomes.measures import MEASURES

# Three stimuli shown to three units. The centred patterns are (-1, 0, 1), (-1, 1, 0)
# and (1, 0, -1), each of squared length 2, with the products 1, -2 and -1.
PATTERNS = np.array([[0.0, 1, 2], [3, 5, 4], [9, 8, 7]])
BY_HAND = [0.5, -1, -0.5]


def relate(X, measure="correlation", **parameters):
    connectome = FunctionalConnectome(measure, nodes="stimuli", **parameters)
    return connectome.fit_transform(X)


def transpose(X):
    return [sample.T for sample in X]


def own_measure(sample):
    return np.cov(sample.T)


# --- weights ----------------------------------------------------------------------


def test_correlations_by_hand():
    assert_allclose(relate([PATTERNS], absolute=False), [BY_HAND])
    assert_allclose(relate([PATTERNS]), np.abs([BY_HAND]))
    # One minus them are the dissimilarities of representational similarity analysis.
    assert_allclose(
        1 - relate([PATTERNS], absolute=False)[0], pdist(PATTERNS, "correlation")
    )


def test_correlations_are_those_of_numpy(activations):
    upper = np.triu_indices(40, 1)
    expected = [np.corrcoef(sample)[upper] for sample in activations]
    assert_allclose(relate(activations, absolute=False), expected, rtol=1e-10)
    single = relate(activations.astype(np.float32), absolute=False)
    assert single.dtype == np.float32
    assert_allclose(single, expected, atol=1e-5)


@pytest.mark.parametrize("measure", [*sorted({*MEASURES} - {*OF_TIME}), own_measure])
@pytest.mark.parametrize("parameters", [{}, {"absolute": False, "n_jobs": 2}])
def test_rows_are_those_of_units_of_transposed_samples(
    activations, measure, parameters
):
    transposed = np.ascontiguousarray(activations.swapaxes(1, 2))
    expected = FunctionalConnectome(measure, **parameters).fit_transform(transposed)
    assert_allclose(
        relate(activations, measure, **parameters), expected, rtol=1e-9, atol=1e-12
    )


def test_a_callable_gets_stimuli_as_columns_that_it_may_not_change(activations):
    seen = []

    def measure(sample):
        seen.append((sample.shape, sample.flags.writeable))
        return np.eye(40)

    before = activations.copy()
    relate(activations, measure, n_jobs=1)
    assert seen == [((5, 40), False)] * 3
    assert_array_equal(activations, before)


def test_patterns_are_not_centred_over_stimuli(activations):
    offset = np.array([0, 0, 0, 0, 300.0])
    rows = relate(activations + offset, absolute=False)
    assert rows.min() > 0.9  # what all stimuli have in common makes them alike
    centred = activations - activations.mean(axis=1, keepdims=True)
    assert relate(centred, absolute=False).min() < -0.9
    moved = activations + offset
    again = relate(moved - moved.mean(axis=1, keepdims=True), absolute=False)
    assert_allclose(again, relate(centred, absolute=False), atol=1e-9)


@given(seed=st.integers(0, 2**16), n_stimuli=st.integers(2, 6))
@settings(max_examples=30)
def test_invariances(seed, n_stimuli):
    rng = np.random.default_rng(seed)
    sample = rng.normal(size=(n_stimuli, 7))
    (row,) = relate([sample], absolute=False)
    units, stimuli = rng.permutation(7), rng.permutation(n_stimuli)
    assert_allclose(relate([sample[:, units]], absolute=False)[0], row, atol=1e-12)
    # Each stimulus may have a mean and a scale of its own.
    moved = sample * rng.uniform(1, 9, (n_stimuli, 1)) + rng.normal(size=(n_stimuli, 1))
    assert_allclose(relate([moved], absolute=False)[0], row, atol=1e-12)
    persistence = GraphPersistence()
    other = relate([sample[stimuli]])
    assert_allclose(
        persistence.fit_transform(other),
        persistence.fit_transform(np.abs([row])),
        atol=1e-12,
    )


# --- sizes ------------------------------------------------------------------------


def test_unequal_numbers_of_units_give_graphs_of_one_size(activations):
    ragged = [activations[0], activations[1][:, :3], activations[2][:, :2]]
    with pytest.warns(
        UserWarning,
        match="^The samples differ in their number of units, from 2 .sample 2. to 5 "
        ".sample 0.* unrelated stimuli have .* narrower samples. Record equally",
    ):
        rows = relate(ragged, absolute=False)
    upper = np.triu_indices(40, 1)
    expected = [np.corrcoef(sample)[upper] for sample in ragged]
    assert_allclose(rows, expected, rtol=1e-9)


def test_unequal_numbers_of_stimuli_give_a_list(activations):
    ragged = [activations[0][:4], activations[1][:3]]
    connectome = FunctionalConnectome(nodes="stimuli").fit(ragged)
    assert connectome.input_kind_ == "ragged samples"
    assert not hasattr(connectome, "stimulus_names_")
    assert [row.shape for row in connectome.transform(ragged)] == [(6,), (3,)]
    with pytest.raises(ValueError, match="differ in their number of stimuli, so"):
        connectome.get_feature_names_out()
    fitted = connectome.fit([activations[0][:4]])
    assert fitted.transform([activations[0]])[0].shape == (780,)
    assert fitted.transform([activations[0][:4, :2]]).shape == (1, 6)


def test_a_table_is_refused(activations):
    for X in (activations[0], []):
        with pytest.raises(ValueError, match="^nodes='stimuli' .* X is a table"):
            relate(X)
    fitted = FunctionalConnectome(nodes="stimuli").fit(activations)
    with pytest.raises(ValueError, match="^nodes='stimuli' .* X is a table"):
        fitted.transform(activations[0])


def test_a_fit_forgets_other_nodes(activations):
    connectome = FunctionalConnectome(nodes="stimuli").fit(activations)
    assert not hasattr(connectome, "n_features_in_")
    # What was fitted holds until the next fit.
    assert connectome.set_params(nodes="units").transform(activations).shape == (3, 780)
    connectome.fit(activations)
    assert not hasattr(connectome, "stimulus_names_")
    assert connectome.transform(activations).shape == (3, 10)


@pytest.mark.parametrize("n_samples", [1, 3])
def test_memory_is_announced(n_samples, measure_peak, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "sktopo.connectomes._connectome.check_memory",
        lambda name, n_bytes, *_: asked.append(n_bytes),
    )
    activations = np.random.default_rng(0).random((n_samples, 1200, 90))
    connectome = FunctionalConnectome(nodes="stimuli").fit(activations)
    peak = measure_peak(lambda: connectome.transform(activations))
    assert 0.8 * peak < asked[0] < 1.2 * peak


def test_graphs_that_do_not_fit_in_memory(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 10**9)
    activations = np.random.default_rng(0).random((1, 37_000, 3), dtype=np.float32)
    with pytest.raises(
        MemoryError,
        match="needs .* GB for graphs of 37,000 nodes, .* from transposed samples, "
        r"\[x.T for x in X\]; fewer stimuli make smaller graphs; SampleWise ",
    ):
        relate(activations)


def test_what_to_do_instead_gives_the_same(activations):
    persistence = ConnectomePersistence(n_quantiles=None)
    found = persistence.fit_transform(transpose(activations))
    expected = GraphPersistence().fit_transform(relate(activations))
    assert_allclose(found, expected, atol=1e-12)


# --- names ------------------------------------------------------------------------


def test_names_of_stimuli(activations):
    pandas = pytest.importorskip("pandas")
    connectome = FunctionalConnectome(nodes="stimuli")

    def name(samples):
        names = connectome.fit(samples).get_feature_names_out(["u"] * 5)
        assert len(names) == 780
        return names[0]

    frames = [pandas.DataFrame(sample) for sample in activations]
    assert name(activations) == name(frames) == "stimulus0--stimulus1"
    images = [f"image{k}" for k in range(40)]
    named = [pandas.DataFrame(sample, index=images) for sample in activations]
    assert name(named) == "image0--image1"
    assert_array_equal(connectome.stimulus_names_, images)
    other = [*named[:2], named[2][::-1]]
    assert name(other) == name([*named[:2], activations[2]]) == "stimulus0--stimulus1"
    # Networks that saw other stimuli, or whose units have other names, are welcome.
    renamed = connectome.fit(named).transform([named[2][::-1].add_prefix("unit")])
    assert_allclose(renamed, relate(activations[2:, ::-1]))


def test_names_go_down_a_pipeline(activations):
    pytest.importorskip("pandas")
    chain = make_pipeline(
        FunctionalConnectome(nodes="stimuli"), GraphPersistence(topology_weight=0.5)
    ).set_output(transform="pandas")
    table = chain.fit_transform(activations[:, :3])
    assert list(table.columns[:3]) == [
        "stimulus0--stimulus1",
        "stimulus0--stimulus2",
        "stimulus1--stimulus2",
    ]


@pytest.mark.parametrize("step", [GraphPersistence(), GraphProfiles(("strengths",))])
def test_the_whole_pipeline(step):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    networks = [
        torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.Tanh()) for _ in range(6)
    ]
    stimuli = np.random.default_rng(0).normal(size=(12, 6)).astype(np.float32)
    extractor = ActivationExtractor(stimuli=stimuli)
    chain = make_pipeline(
        extractor,
        FunctionalConnectome(nodes="stimuli"),
        clone(step),
        TopClusterer(2, random_state=0),
    )
    labels = chain.fit_predict(networks)
    assert len(chain[:-2].get_feature_names_out()) == 66
    upper = np.triu_indices(12, 1)
    patterns = extractor.fit_transform(networks)
    rows = np.array([np.abs(np.corrcoef(sample)[upper]) for sample in patterns])
    expected = TopClusterer(2, random_state=0).fit_predict(step.fit_transform(rows))
    assert_array_equal(labels, expected)


# --- constant stimuli, and other messages -----------------------------------------


@pytest.fixture
def flat(activations):
    """Make stimulus 1 equal for all units in sample 0, 1 and 3 in sample 2."""
    flat = activations[:, :5].copy()
    flat[0, 1] = 0.1
    flat[2, [1, 3]] = 1e6
    return flat


def test_constant_stimuli(flat):
    pandas = pytest.importorskip("pandas")
    with pytest.warns(
        UserWarning,
        match="^3 constant stimulus pattern.s. in 2 of 3 sample.s., the first stimulus "
        "1 in sample 0: their weights are set to 0",
    ):
        rows = relate(flat)
    assert_array_equal((rows == 0).sum(axis=1), [4, 0, 7])
    marked = relate(flat, constant_units="nan")
    assert_array_equal(np.isnan(marked), rows == 0)
    named = [pandas.DataFrame(sample, index=list("abcde")) for sample in flat]
    with pytest.raises(ValueError, match="the first stimulus 1 .'b'. in sample 0"):
        relate(named, constant_units="raise")


def test_a_constant_node_of_a_wider_sample_has_no_name(activations):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(activations[0], columns=list("abcde"))
    connectome = FunctionalConnectome(constant_units="raise").fit([frame])
    wide = np.column_stack([activations[0], np.ones(40)])
    with pytest.raises(ValueError, match="the first unit 5 in sample 0"):
        connectome.transform([wide])


@pytest.mark.parametrize(
    ("X", "measure", "message"),
    [
        (PATTERNS[:1], "correlation", "1 observation.s. .* relates pairs of stimuli"),
        (PATTERNS[:, :1], "correlation", "1 unit.s.; .* pairs of stimuli over the un"),
        (np.corrcoef(PATTERNS), "correlation", "constant to one stimulus: .* stimuli"),
        (1e200 * PATTERNS, "covariance", "Sample 0 of X: The variance of stimulus 0,"),
        (PATTERNS[:, :2], "partial correlation", "the other stimuli .* give more un"),
        (PATTERNS, lambda x: np.eye(2), r"\(2, 2\) for 3 stimuli; expected \(3, 3"),
        (PATTERNS, lambda x: np.full((3, 3), np.nan), "edge stimulus0--stimulus1"),
    ],
)
def test_messages_speak_of_stimuli(X, measure, message):
    with pytest.raises(ValueError, match=message):
        relate([X], measure)


@pytest.mark.parametrize("nodes", ["unit", None, ["units"], 0])
def test_unknown_nodes(nodes):
    with pytest.raises(ValueError, match="^nodes=.* expected one of 'units', 'stimul"):
        FunctionalConnectome(nodes=nodes).fit([PATTERNS])


def test_words_of_measures():
    text = "unit 0 and the other units over observations"
    assert NODES["units"].reword(text, [0]) == text
    names = np.array(["a", "unit"], dtype=object)
    expected = "unit 1 ('unit') and the other units over observations"
    assert NODES["units"].reword(text, [1], names) == expected
    expected = "stimulus 0 and the other stimuli over units"
    assert NODES["stimuli"].reword(text, [0]) == expected
