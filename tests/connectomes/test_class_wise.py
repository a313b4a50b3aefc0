"""ClassWise: the rows of a transformer for the stimuli of each class, side by side."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import pdist
from sklearn.base import BaseEstimator, clone
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from sktopo import (
    ActivationExtractor,
    ClassWise,
    ConnectomePersistence,
    FunctionalConnectome,
    GraphPersistence,
    GraphProfiles,
    SampleWise,
    TopClusterer,
    WassersteinKernel,
)
from sktopo.barcodes import barcode_rows, wasserstein_distances
from sktopo.inference import difference_table

CLASSES = np.array(["cat", "dog", "ant"])[np.arange(36) % 3]
ANTS = np.flatnonzero(CLASSES == "ant")


@pytest.fixture
def samples():
    """Make six samples of 36 stimuli and four units, which relate in a new way each."""
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(6, 4, 4))
    return rng.normal(size=(6, 36, 4)) @ mixing


def make_chain(**parameters):
    return make_pipeline(FunctionalConnectome(), GraphPersistence(**parameters))


def by_class(transformer=None, classes=CLASSES, **parameters):
    transformer = make_chain() if transformer is None else transformer
    return ClassWise(transformer, stimulus_classes=classes, **parameters)


# --- values -----------------------------------------------------------------------


def test_connectomes_by_hand():
    # In class 0 the units rise together, in class 1 one rises and the other falls.
    sample = [[0, 0], [1, 9], [2, 1], [3, 5]]
    connectome = FunctionalConnectome(absolute=False)
    rows = by_class(connectome, [0, 1, 0, 1], balance=False).fit_transform([sample])
    assert_allclose(rows, np.divide([[1, -1]], np.sqrt(2)))
    # Over all stimuli: 3.5 over the root of 5 times 50.75.
    assert_allclose(connectome.fit_transform([sample]), [[3.5 / np.sqrt(253.75)]])


def test_rows_are_those_of_the_manual_route(samples):
    wise = by_class(balance=False)
    rows = wise.fit_transform(samples)
    assert list(wise.class_slices_) == ["ant", "cat", "dog"]
    for name, columns in wise.class_slices_.items():
        part = samples[:, name == CLASSES]
        upper = np.triu_indices(4, 1)
        weights = [np.abs(np.corrcoef(sample.T)[upper]) for sample in part]
        expected = GraphPersistence().fit_transform(weights) / np.sqrt(3)
        assert_allclose(rows[:, columns], expected, atol=1e-12)
    assert wise.scales_ == dict.fromkeys(("ant", "cat", "dog"), 1 / np.sqrt(3))


def test_distances_are_means_over_classes(samples):
    squared = []
    for name in ("ant", "cat", "dog"):
        weights = FunctionalConnectome().fit_transform(samples[:, name == CLASSES])
        squared.append(wasserstein_distances(barcode_rows(weights), squared=True))
    rows = by_class(balance=False).fit_transform(samples)
    expected = np.mean(squared, axis=0)[np.triu_indices(6, 1)]
    assert_allclose(pdist(rows, "sqeuclidean"), expected, atol=1e-12)


def test_balance_gives_classes_the_same_variance(samples):
    plain, wise = by_class(balance=False), by_class()
    rows, expected = wise.fit_transform(samples), plain.fit_transform(samples)
    parts, variances = {}, []
    for name, columns in plain.class_slices_.items():
        variances.append(expected[:, columns].var(axis=0).sum())
        parts[name] = rows[:, columns].var(axis=0).sum()
        ratio = wise.scales_[name] / plain.scales_[name]
        assert_allclose(rows[:, columns], ratio * expected[:, columns])
    assert max(variances) > 1.2 * min(variances)
    assert_allclose(list(parts.values()), np.mean(variances))
    assert_allclose(rows.var(axis=0).sum(), expected.var(axis=0).sum())


def test_transform_uses_what_was_fitted(samples):
    wise = by_class(make_chain(normalize="balanced"))
    rows = wise.fit_transform(samples)
    assert_allclose(wise.transform(samples[2:4]), rows[2:4])
    assert_allclose(clone(wise).fit(samples).transform(samples), rows)
    factors = [chain[-1].layout_.factors for chain in wise.transformers_.values()]
    assert len(set(factors)) == 3


@given(seed=st.integers(0, 2**16))
@settings(max_examples=8, deadline=None)
def test_the_order_of_stimuli_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    samples, order = rng.normal(size=(3, 36, 4)), rng.permutation(36)
    rows = by_class().fit_transform(samples)
    other = by_class(classes=CLASSES[order]).fit_transform(samples[:, order])
    assert_allclose(other, rows, atol=1e-10)
    moved = by_class().fit_transform(samples * 7 + rng.normal(size=(3, 1, 4)))
    assert_allclose(moved, rows, atol=1e-10)


def test_names_of_classes_do_not_matter_but_for_their_order(samples):
    rows = by_class(classes=np.arange(36) % 3).fit_transform(samples)
    renamed = by_class(classes=[f"c{k % 3}" for k in range(36)])
    assert_array_equal(renamed.fit_transform(samples), rows)
    reverse = by_class(classes=2 - np.arange(36) % 3).fit(samples)
    slices = reverse.class_slices_
    assert list(slices) == ["0", "1", "2"]
    assert_allclose(reverse.transform(samples)[:, slices["2"]], rows[:, slices["0"]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept(samples, dtype):
    rows = by_class().fit_transform(samples.astype(dtype))
    assert rows.dtype == dtype
    assert_allclose(rows, by_class().fit_transform(samples), atol=1e-5)


def test_one_class_is_the_transformer_alone(samples):
    expected = make_chain().fit_transform(samples)
    for classes in (None, [3] * 36):
        wise = by_class(classes=classes)
        assert_allclose(wise.fit_transform(samples), expected)
    assert_array_equal(
        ClassWise(StandardScaler()).fit_transform(expected),
        (StandardScaler().fit_transform(expected)),
    )


def test_input_is_left_alone(samples):
    before = samples.copy()
    # Returns its input itself.
    wise = by_class(FunctionTransformer(), np.repeat([0, 1], 18), balance=True)
    table = samples[..., 0].copy()
    rows = wise.fit_transform(table)
    assert_array_equal(table, samples[..., 0])
    assert rows.shape == (6, 36)
    ClassWise(FunctionTransformer()).fit_transform(table)
    by_class().fit_transform(samples)
    assert_array_equal(samples, before)


# --- kinds of input ---------------------------------------------------------------


def test_lists_of_unequal_widths(samples):
    ragged = [sample[:, : 3 + i % 2] for i, sample in enumerate(samples)]
    rows = by_class(make_chain(n_quantiles=4)).fit_transform(ragged)
    assert rows.shape == (6, 24)
    first = by_class(make_chain(n_quantiles=4), balance=False).fit_transform(ragged)
    alone = make_chain(n_quantiles=4).fit_transform([x[ANTS] for x in ragged])
    assert_allclose(first[:, :8], alone / np.sqrt(3))
    with pytest.raises(ValueError, match="^Class 'ant' of stimuli: .*give n_quantiles"):
        by_class().fit(ragged)
    with pytest.raises(ValueError, match="'ant' of stimuli: .* a list.*n_quantiles"):
        by_class(FunctionalConnectome()).fit(ragged)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_names_of_units_reach_the_transformer(samples, library):
    frames = pytest.importorskip(library)
    units = ["a[0]", "a[1]", "b[0]", "b[1]"]
    tables = [frames.DataFrame(dict(zip(units, x.T, strict=True))) for x in samples]
    chain = make_pipeline(
        FunctionalConnectome().set_output(transform="pandas"),
        GraphProfiles(("births",), groups="layer"),
    )
    wise = by_class(chain, balance=False).fit(tables)
    assert "cat__births[a--b][0]" in wise.get_feature_names_out()
    plain = by_class(make_pipeline(FunctionalConnectome(), chain[1])).set_params(
        transformer__graphprofiles__groups=[0, 0, 1, 1], balance=False
    )
    assert_allclose(wise.transform(tables), plain.fit_transform(samples))


def test_tensors_and_nested_lists(samples):
    torch = pytest.importorskip("torch")
    rows = by_class().fit_transform(samples)
    tensor = torch.tensor(samples, requires_grad=True)
    for X in (tensor, list(tensor), samples.tolist(), list(samples)):
        assert_allclose(by_class().fit_transform(X), rows)


def test_a_stack_stays_a_stack(samples):
    seen = []

    def look(X):
        seen.append(np.shape(X))
        return np.asarray(X)[:, :, 0]

    by_class(FunctionTransformer(look), balance=False).fit(samples)
    assert seen == [(6, 12, 4)] * 3


def test_tables_are_split_by_columns(samples):
    pandas = pytest.importorskip("pandas")
    table = samples[..., 0]
    scaled = StandardScaler().fit_transform(table)
    wise = by_class(StandardScaler(), balance=False)
    rows = wise.fit_transform(table)
    order = np.argsort(CLASSES, kind="stable")
    assert_allclose(rows, scaled[:, order] / np.sqrt(3))
    assert wise.get_feature_names_out()[0] == "ant__x2"
    frame = pandas.DataFrame(table, index=range(6, 12)).add_prefix("s")
    named = by_class(StandardScaler()).set_output(transform="pandas")
    found = named.fit_transform(frame)
    assert list(found.columns[:2]) == ["ant__s2", "ant__s5"]
    assert list(found.index) == list(range(6, 12))


# --- chains -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "transformer",
    [
        make_pipeline(FunctionalConnectome(), GraphProfiles()),
        make_pipeline(FunctionalConnectome(nodes="stimuli"), GraphPersistence()),
        ConnectomePersistence(n_quantiles=5),
        SampleWise(make_chain()),
        make_pipeline(make_chain(), PCA(2)),
        make_pipeline(make_chain(), SelectKBest(k=3)),  # needs y
    ],
)
def test_any_transformer_of_activations(samples, transformer):
    y = [0, 0, 0, 1, 1, 1]
    wise = by_class(transformer, balance=False)
    rows = wise.fit_transform(samples, y)
    alone = clone(transformer).fit_transform(samples[:, ANTS], y)
    assert_allclose(rows[:, wise.class_slices_["ant"]], alone / np.sqrt(3))
    assert len(wise.get_feature_names_out()) == rows.shape[1]


def test_inside_sample_wise(samples):
    wise = by_class(balance=False)
    rows = SampleWise(wise).fit_transform(samples)
    assert_allclose(rows, wise.fit_transform(samples))


def test_pipelines_and_searches(samples):
    y = np.array([0, 0, 0, 1, 1, 1])
    samples[3:, ANTS, 0] += 4 * samples[3:, ANTS, 1]
    svm = make_pipeline(by_class(), SVC(kernel=WassersteinKernel()))
    grid = {
        "classwise__balance": [True, False],
        "classwise__transformer__graphpersistence__normalize": [True, "balanced"],
    }
    search = GridSearchCV(svm, grid, cv=2).fit(samples, y)
    assert len(search.cv_results_["params"]) == 4
    top = make_pipeline(by_class(), TopClusterer(2, random_state=0)).fit(samples)
    assert top.predict(samples).shape == (6,)


@pytest.mark.filterwarnings("ignore:pvalue cannot be below")
def test_the_table_of_differences_says_in_which_class(samples):
    pytest.importorskip("pandas")
    samples[3:, ANTS, 0] += 9 * samples[3:, ANTS, 1]
    wise = by_class()
    rows = wise.fit_transform(samples)
    y = [0, 0, 0, 1, 1, 1]
    table = difference_table(
        rows, y, slices=wise.class_slices_, cv=2, level=None, n_permutations=19
    )
    assert set(table["profile"]) == {"ant", "cat", "dog"}


def test_networks(samples):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    networks = [
        torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh()) for _ in range(5)
    ]
    extractor = ActivationExtractor(stimuli=samples[0].astype(np.float32))
    chain = make_pipeline(extractor, by_class()).set_output(transform="pandas")
    table = chain.fit_transform(networks)
    assert table.shape == (5, 3 * 28)
    expected = by_class().fit_transform(extractor.fit_transform(networks))
    assert_allclose(table.to_numpy(), expected)
    assert table.columns[0] == chain.get_feature_names_out()[0] == "ant__birth0"


# --- names ------------------------------------------------------------------------


def test_many_names_are_made_when_they_are_read():
    n_units = 400
    X = np.random.default_rng(0).random((2, 4, n_units), dtype=np.float32)
    classes = ["a", "a", "b", "b"]
    wise = by_class(FunctionalConnectome(), classes, balance=False)
    names = wise.fit(X).get_feature_names_out()
    assert not isinstance(names, np.ndarray)
    n_edges = n_units * (n_units - 1) // 2
    assert len(names) == 2 * n_edges
    assert names[0] == "a__x0--x1" and names[n_edges] == "b__x0--x1"
    across = list(names[n_edges - 1 : n_edges + 1])
    assert across == ["a__x398--x399", "b__x0--x1"]
    assert names[-1] == "b__x398--x399"


class Nameless(BaseEstimator):
    """Means over stimuli, by a transformer that has neither fit_transform nor names."""

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        return np.mean(X, axis=1)


def test_transformers_without_names(samples):
    wise = by_class(Nameless(), balance=False)
    rows = wise.fit_transform(samples)
    assert_allclose(rows[:, :4] * np.sqrt(3), samples[:, ANTS].mean(axis=1))
    with pytest.raises(ValueError, match="Nameless does not name its columns"):
        wise.get_feature_names_out()
    with pytest.raises(ValueError, match="'ant' of .* 3 column.s., but 4 when it was"):
        wise.transform(samples[..., :3])


# --- errors and warnings ----------------------------------------------------------


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (["a"] * 35, "^Sample 0 of X has 36 observation.s., but .* has 35 label"),
        (
            ["a"] * 35 + ["b"],
            "^Class 'b' in stimulus_classes has 1 stimulus; .* least 2",
        ),
        (["a"] * 35 + [None], "^stimulus_classes contains a missing label, None"),
        (["a"] * 35 + [1], "^stimulus_classes mixes labels"),
        (np.linspace(0, 1, 36), "^Unknown label type: stimulus_classes contains 0.02"),
        ([["a", "b"]] * 18, "^stimulus_classes must be a 1d array of labels"),
        ("a", "^stimulus_classes must be a 1d array of labels"),
    ],
)
def test_bad_classes(samples, classes, message):
    with pytest.raises(ValueError, match=message):
        by_class(classes=classes).fit(samples)


def test_samples_of_other_numbers_of_stimuli(samples):
    wise = by_class().fit(samples)
    with pytest.raises(ValueError, match="^Sample 1 of X has 35 observation"):
        wise.transform([samples[0], samples[1][:35]])
    with pytest.raises(ValueError, match="^X has 9 column.s., but .* for each column"):
        by_class(StandardScaler()).fit(samples[0, :, 0].reshape(4, 9))


def test_errors_name_the_class(samples):
    with pytest.raises(
        ValueError, match="^Sample 2 of X contains NaN in observation 5"
    ):
        bad = samples.copy()
        bad[2, 5, 0] = np.nan
        by_class().fit(bad)
    flat = samples.copy()
    flat[1][ANTS] = 3
    chain = make_pipeline(
        FunctionalConnectome(constant_units="raise"), GraphPersistence()
    )
    with pytest.raises(ValueError, match="^Class 'ant' of stimuli: 4 constant unit"):
        by_class(chain).fit(flat)
    marked = FunctionalConnectome(constant_units="nan")
    with pytest.raises(ValueError, match="'ant' of stimuli: the result of the tr.*NaN"):
        by_class(marked).fit(flat)
    few = FunctionTransformer(lambda X: np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"2 row\(s\) for 6 sample\(s\); expected one"):
        by_class(few).fit(samples)


def need_a_library(X):
    raise ImportError("needs another library")


def test_errors_of_installation_stay_what_they_are(samples):
    with pytest.raises(ImportError, match="^needs another library$"):
        by_class(FunctionTransformer(need_a_library)).fit(samples)


@pytest.mark.parametrize("bad", [None, "chain", GraphPersistence, SVC()])
def test_what_is_not_a_transformer(samples, bad):
    with pytest.raises(TypeError, match="^transformer is "):
        ClassWise(bad).fit(samples)


def test_classes_that_do_not_vary(samples):
    samples[:, ANTS] = samples[0, ANTS]
    with pytest.warns(
        UserWarning, match=r"balance the classes \['ant'\] .* all 6 sample\(s\) are the"
    ) as seen:
        wise = by_class().fit(samples)
    assert len(seen) == 1 and seen[0].filename == __file__
    assert wise.scales_["ant"] == 1 / np.sqrt(3)
    with pytest.warns(UserWarning, match="'ant', 'cat', 'dog'.* all 1 sample"):
        single = by_class().fit(samples[:1])
    assert set(single.scales_.values()) == {1 / np.sqrt(3)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        by_class(balance=False).fit(samples[:1])


def test_rows_that_scales_make_infinite():
    X = np.zeros((2, 4))
    X[1] = [0, 0.001, 0, 1]
    wise = ClassWise(FunctionTransformer(), stimulus_classes=[0, 0, 1, 1]).fit(X)
    with pytest.raises(ValueError, match="'0' of stimuli: its rows, scaled by 500, ar"):
        wise.transform([[1e308, 0, 0, 0]])


def test_a_fit_that_fails_changes_nothing(samples):
    wise = by_class().fit(samples)
    before = dict(vars(wise))
    for bad in (samples[:, :35], samples * np.nan, samples[..., :1]):
        with pytest.raises(ValueError):
            wise.fit(bad)
        assert all(vars(wise)[name] is before[name] for name in before)


def test_stimuli_in_another_order_are_refused():
    pd = pytest.importorskip("pandas")
    names = list("abcdef")
    frames = [
        pd.DataFrame(sample, index=names, columns=["u", "v", "w"])
        for sample in np.random.default_rng(0).normal(size=(2, 6, 3))
    ]
    labels = pd.Series([0, 0, 0, 1, 1, 1], index=names)
    by_class = ClassWise(FunctionalConnectome(), stimulus_classes=labels)
    expected = by_class.fit_transform(frames)
    with pytest.raises(
        ValueError, match="Sample 1 of X has stimulus 'f' in row 0, but"
    ):
        by_class.fit([frames[0], frames[1][::-1]])
    by_class.set_params(stimulus_classes=labels[::-1])
    with pytest.raises(ValueError, match="but stimulus_classes has 'f' there"):
        by_class.fit(frames)
    # Other stimuli of the same classes are no mistake.
    frames[1].index = list("ghijkl")
    by_class.set_params(stimulus_classes=labels)
    assert_array_equal(by_class.fit_transform(frames), expected)
