"""Tests of StimulusGeometry: distances, stimuli, names, and what takes its rows."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import pdist, squareform
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sktopo import SampleWise, StimulusGeometry, TopClusterer, WassersteinKernel
from sktopo.inference import difference_table, permanova, permutation_test
from sktopo.representations import gram_row

LAYERS = ["a", "a", "a", "b", "b", "b", "b"]


def cka_distances(networks):
    """Compute 2 - 2 CKA between all networks from Gram matrices."""
    centred = [network - network.mean(axis=0) for network in networks]
    grams = np.array([(network @ network.T).ravel() for network in centred])
    grams /= np.linalg.norm(grams, axis=1, keepdims=True)
    return pdist(grams, "sqeuclidean")


def test_rows_are_gram_rows(networks):
    for power in (0.25, 1):
        rows = StimulusGeometry(power).fit_transform(networks)
        expected = [gram_row(network, power) for network in networks]
        assert_array_equal(rows, expected)


def test_squared_distances_are_those_of_cka(make_networks):
    networks = make_networks((7, 3, 15, 12))
    rows = StimulusGeometry(1).fit_transform(networks)
    assert_allclose(pdist(rows, "sqeuclidean"), cka_distances(networks))
    assert_allclose(np.linalg.norm(rows, axis=1), 1)


def test_squared_distances_of_layers_add_up(networks):
    fitted = StimulusGeometry(1, groups=LAYERS)
    rows = fitted.fit_transform(networks)
    parts = [cka_distances(networks[:, :, :3]), cka_distances(networks[:, :, 3:])]
    scales = [fitted.scales_[name] for name in "ab"]
    expected = sum(scale**2 * part for scale, part in zip(scales, parts, strict=True))
    assert_allclose(pdist(rows, "sqeuclidean"), expected)


# ---- stimuli
def test_drawn_stimuli_are_the_same_for_all(networks):
    fitted = StimulusGeometry(n_stimuli=5, random_state=3).fit(networks[:2])
    chosen = fitted.stimulus_indices_
    assert len(chosen) == 5 and (np.diff(chosen) > 0).all()
    assert fitted.n_stimuli_in_ == 12
    expected = StimulusGeometry().fit_transform(networks[:, chosen])
    assert_array_equal(fitted.transform(networks), expected)
    again = clone(fitted).fit(networks)
    assert_array_equal(again.stimulus_indices_, chosen)
    seeds = [clone(fitted).set_params(random_state=k) for k in range(9)]
    drawn = {tuple(other.fit(networks).stimulus_indices_) for other in seeds}
    assert len(drawn) > 1


def test_all_stimuli_are_used_unless_fewer_are_asked_for(networks):
    for n_stimuli in (None, 12):
        fitted = StimulusGeometry(n_stimuli=n_stimuli).fit(networks)
        assert_array_equal(fitted.stimulus_indices_, np.arange(12))


def test_numbers_of_stimuli(networks):
    message = (
        "^Sample 1 of X has 11 stimuli, but expected are 12, as in the first sample "
        "fitted. StimulusGeometry compares responses to the same stimuli, in the same "
        "order.$"
    )
    shorter = [networks[0], networks[1][:11]]
    with pytest.raises(ValueError, match=message):
        StimulusGeometry().fit(shorter)
    fitted = StimulusGeometry(n_stimuli=3, random_state=0).fit(networks)
    with pytest.raises(ValueError, match=message):
        fitted.transform(shorter)
    with pytest.raises(ValueError, match="^n_stimuli=13 is more than the 12 stimuli"):
        StimulusGeometry(n_stimuli=13).fit(networks)


def test_data_frames_must_have_one_order_of_stimuli(networks):
    pandas = pytest.importorskip("pandas")
    index = [f"image{k}" for k in range(12)]
    frames = [pandas.DataFrame(network, index=index) for network in networks]
    fitted = StimulusGeometry().fit(frames)
    assert list(fitted.stimulus_names_) == index
    assert_array_equal(fitted.transform(networks), fitted.transform(frames))
    shuffled = frames[2].iloc[[0, 1, 3, 2, *range(4, 12)]]
    message = (
        "^Sample 2 of X has stimulus 'image3' in row 2, but expected is 'image2', as "
        "in the index of the first sample fitted. Bring the stimuli of all samples "
        "into one order.$"
    )
    with pytest.raises(ValueError, match=message):
        StimulusGeometry().fit([*frames[:2], shuffled])
    with pytest.raises(ValueError, match=message):
        fitted.transform([*networks[:2], shuffled])
    assert StimulusGeometry().fit(networks).stimulus_names_ is None


def test_names_of_columns(networks):
    fitted = StimulusGeometry(n_stimuli=3, random_state=0, groups=LAYERS)
    fitted.fit(networks)
    i, j, k = (f"stimulus{at}" for at in fitted.stimulus_indices_)
    inside = [i, j, k, f"{i}--{j}", f"{i}--{k}", f"{j}--{k}"]
    expected = [f"{layer}[{name}]" for layer in "ab" for name in inside]
    assert list(fitted.get_feature_names_out()) == expected


def test_many_names_are_made_when_they_are_read():
    table = np.random.default_rng(0).normal(size=(1, 2000))
    names = StimulusGeometry().fit(table).get_feature_names_out()
    assert not isinstance(names, np.ndarray) and len(names) == 2000 * 2001 // 2
    assert names[-1] == "all[stimulus1998--stimulus1999]"
    assert names[1999] == "all[stimulus1999]"


def test_distances_follow_the_order_of_stimuli(networks):
    order = np.random.default_rng(0).permutation(12)
    rows = StimulusGeometry().fit_transform(networks)
    moved = StimulusGeometry().fit_transform(networks[:, order])
    assert_allclose(pdist(moved), pdist(rows))
    one_moved = [networks[0][order], *networks[1:]]
    other = StimulusGeometry().fit_transform(one_moved)
    assert not np.allclose(pdist(other), pdist(rows), atol=0.1)


# ---- what takes the rows
@pytest.fixture
def two_kinds():
    """Make networks of two kinds, which group the same stimuli differently."""
    rng = np.random.default_rng(0)
    causes = rng.normal(size=(2, 15, 3))
    y = np.repeat([0, 1], 10)
    networks = [causes[k] @ rng.normal(size=(3, 6)) for k in y]
    return np.array(networks) + 0.2 * rng.normal(size=(20, 15, 6)), y


def test_rows_can_be_clustered_and_classified(two_kinds):
    networks, y = two_kinds
    clusters = make_pipeline(StimulusGeometry(), TopClusterer(2, random_state=0))
    labels = clusters.fit_predict(networks)
    assert len({*zip(y, labels, strict=True)}) == 2
    svm = make_pipeline(
        StimulusGeometry(groups=list("aaabbb")),
        WassersteinKernel(),
        SVC(kernel="precomputed"),
    )
    grid = GridSearchCV(svm, {"stimulusgeometry__power": [0.25, 0.5, 1.0]}, cv=2)
    assert grid.fit(networks, y).best_score_ == 1
    components = make_pipeline(StimulusGeometry(), PCA(1)).fit_transform(networks)
    assert abs(np.corrcoef(components[:, 0], y)[0, 1]) > 0.95


def test_a_kernel_of_rows_is_positive_definite(networks):
    kernel = WassersteinKernel().fit_transform(
        StimulusGeometry().fit_transform(networks)
    )
    assert np.linalg.eigvalsh(kernel)[0] > 0


def test_rows_can_be_tested(two_kinds):
    pytest.importorskip("pandas")
    networks, y = two_kinds
    geometry = StimulusGeometry(groups=list("aaabbb"))
    rows = geometry.fit_transform(networks)
    for test in (permanova, permutation_test):
        result = test(rows, y, n_permutations=199, random_state=0)
        assert result.pvalue == pytest.approx(1 / 200)
    slices = geometry.group_slices_
    table = difference_table(
        rows, y, slices=slices, level=None, n_permutations=99, cv=2, random_state=0
    )
    assert {"a", "b"} <= set(table.iloc[:, :2].to_numpy().ravel())


def test_samples_can_be_sent_one_by_one(networks):
    rows = StimulusGeometry(n_stimuli=5, random_state=0).fit_transform(networks)
    alone = SampleWise(StimulusGeometry(n_stimuli=5, random_state=0))
    assert_array_equal(alone.fit_transform(networks), rows)
    with pytest.raises(ValueError, match="its row depends on whether"):
        SampleWise(StimulusGeometry(n_stimuli=5)).fit(networks)


def test_layers_of_recorded_networks(digits):
    from sktopo import ActivationExtractor

    extractor = ActivationExtractor(stimuli=digits.stimuli[:40])
    extractor.set_output(transform="pandas")
    frames = extractor.fit_transform(digits.networks[:4])
    by_layer = StimulusGeometry(groups="layer")
    rows = by_layer.fit_transform(frames)
    assert list(by_layer.group_slices_) == ["lrelu1", "lrelu2"]
    first = np.array([frame.filter(like="lrelu1") for frame in frames])
    expected = pdist(StimulusGeometry().fit_transform(first))
    found = pdist(rows[:, by_layer.group_slices_["lrelu1"]])
    assert_allclose(found, by_layer.scales_["lrelu1"] * expected, rtol=1e-4)
    assert squareform(found).shape == (4, 4)
