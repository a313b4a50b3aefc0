"""Features that matter for the next layer, and their interactions."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sktopo import GraphPersistence, GraphProfiles
from sktopo.recording import InteractionBasis

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

ACTIVATIONS = {"tanh": nn.Tanh, "leaky": nn.LeakyReLU, "sigmoid": nn.Sigmoid}


def make_network(sizes, activation=nn.LeakyReLU, seed=0, dtype=torch.float64):
    layers = []
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        for n_in, n_out in zip(sizes[:-1], sizes[1:], strict=True):
            layers += [nn.Linear(n_in, n_out), activation()]
    return nn.Sequential(*layers[:-1]).to(dtype)


def make_stimuli(n_stimuli=60, n_features=4, seed=0):
    return np.random.default_rng(seed).normal(size=(n_stimuli, n_features))


def run(network, stimuli):
    with torch.no_grad():
        dtype = next(network.parameters()).dtype
        return network(torch.as_tensor(stimuli, dtype=dtype)).numpy()


@settings(max_examples=10, deadline=None)
@given(
    sizes=st.lists(st.integers(2, 7), min_size=3, max_size=5),
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    basis=st.sampled_from(["lib", "pca"]),
    seed=st.integers(0, 99),
)
def test_full_rotation_does_not_change_the_network(sizes, activation, basis, seed):
    stimuli = make_stimuli(n_features=sizes[0], seed=seed)
    network = make_network(sizes, ACTIVATIONS[activation], seed)
    fitted = InteractionBasis(network, basis=basis, tol=0, n_intervals=1).fit(stimuli)
    expected = run(network, stimuli)
    found = fitted.reduced_outputs(stimuli)
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()
    # The features of the last layer are its deviations from the mean, turned.
    last = fitted.transform(stimuli)[:, fitted.groups_ == fitted.layer_names_[-1]]
    restored = last @ fitted.inverse_components_[-1] + fitted.means_[-1]
    assert_allclose(restored, expected, atol=1e-8 * np.abs(expected).max())


def make_linear():
    """Make two linear layers, and stimuli of mean 0 and covariance 1."""
    network = nn.Sequential(nn.Linear(4, 5), nn.Linear(5, 3)).double()
    rng = np.random.default_rng(3)
    with torch.no_grad():
        for layer in network:
            layer.weight.copy_(torch.from_numpy(rng.normal(size=layer.weight.shape)))
            layer.bias.copy_(torch.from_numpy(rng.normal(size=layer.bias.shape)))
    stimuli = np.linalg.qr(make_stimuli(40) - make_stimuli(40).mean(axis=0))[0]
    return network, stimuli * 40**0.5


def test_linear_networks_by_hand():
    """Features are the singular vectors of the product; each acts on one other."""
    network, stimuli = make_linear()
    weights = [layer.weight.detach().numpy() for layer in network]
    left, values, right = np.linalg.svd(weights[1] @ weights[0], full_matrices=False)
    basis = InteractionBasis(network, layers=["0:input", "0", "1"]).fit(stimuli)
    assert basis.n_features_ == [3, 3, 3]
    for eigenvalues in basis.eigenvalues_:
        assert_allclose(eigenvalues, values**2)
    assert_allclose(np.abs(basis.components_[0]), np.abs(right.T * values))
    assert_allclose(np.abs(basis.components_[2]), np.abs(left), atol=1e-12)
    for edges in basis.edges_:
        assert_allclose(edges, np.diag(values**2), atol=1e-8)
    # The biases are in the means, and nowhere else.
    assert_allclose(basis.means_[1], network[0].bias.detach(), atol=1e-12)
    assert_allclose(basis.reduced_outputs(stimuli), run(network, stimuli))


def test_fewer_features_of_a_linear_network_are_the_best_ones():
    network, stimuli = make_linear()
    basis = InteractionBasis(network, layers=["0", "1"]).fit(stimuli)
    outputs = run(network, stimuli)
    for count in range(4):
        gaps = basis.reduced_outputs(stimuli, n_features=count) - outputs
        left_out = basis.eigenvalues_[0][count:].sum()
        assert_allclose((gaps**2).sum(axis=1).mean(), left_out, atol=1e-10)


def compare(first, second, stimuli, rtol=1e-6):
    """Compare two fitted bases: features, eigenvalues and interactions."""
    assert first.n_features_ == second.n_features_
    for name in ("eigenvalues_", "edges_"):
        for found, expected in zip(
            getattr(second, name), getattr(first, name), strict=True
        ):
            assert_allclose(found, expected, rtol=rtol, atol=rtol * expected.max())
    expected = first.transform(stimuli)
    atol = rtol * np.abs(expected).max()
    assert_allclose(second.transform(stimuli), expected, rtol=rtol, atol=atol)


def test_hidden_units_may_be_permuted_and_scaled():
    network, stimuli = make_network([4, 6, 5, 3], nn.ReLU), make_stimuli()
    changed = copy.deepcopy(network)
    rng = np.random.default_rng(0)
    for first, second in ((0, 2), (2, 4)):
        n_units = len(network[first].bias)
        order = torch.from_numpy(rng.permutation(n_units))
        scales = torch.from_numpy(np.exp(rng.normal(size=n_units)))
        with torch.no_grad():
            before, after = changed[first], changed[second]
            before.weight.copy_((before.weight * scales[:, None])[order])
            before.bias.copy_((before.bias * scales)[order])
            after.weight.copy_((after.weight / scales)[:, order])
    assert_allclose(run(changed, stimuli), run(network, stimuli))
    fitted = [InteractionBasis(n).fit(stimuli) for n in (network, changed)]
    compare(*fitted, stimuli)
    # Principal components are not the same if units are scaled.
    pca = [InteractionBasis(n, basis="pca").fit(stimuli) for n in (network, changed)]
    assert not np.allclose(pca[0].eigenvalues_[0][:2], pca[1].eigenvalues_[0][:2])


def test_order_of_stimuli_and_batches_do_not_matter():
    network, stimuli = make_network([4, 6, 3]), make_stimuli()
    fitted = InteractionBasis(network).fit(stimuli)
    order = np.random.default_rng(0).permutation(len(stimuli))
    compare(fitted, InteractionBasis(network).fit(stimuli[order]), stimuli)
    compare(fitted, InteractionBasis(network, batch_size=7).fit(stimuli), stimuli)


def test_what_the_next_layer_does_not_read_is_left_out():
    """A constant unit, a copy of another, and one that nothing reads."""
    network, stimuli = make_network([4, 6, 3], nn.Tanh), make_stimuli()
    with torch.no_grad():
        first, second = network[0], network[2]
        first.weight[3].zero_()
        first.weight[4], first.bias[4] = first.weight[0], first.bias[0]
        second.weight[:, 5].zero_()
        # Only two directions of three hidden ones are read.
        second.weight[2] = second.weight[0] - second.weight[1]
    basis = InteractionBasis(network, n_intervals=1).fit(stimuli)
    assert basis.n_features_ == [2, 2]
    assert_allclose(basis.reduced_outputs(stimuli), run(network, stimuli), atol=1e-10)
    other = make_stimuli(seed=1)
    assert_allclose(basis.reduced_outputs(other), run(network, other), atol=1e-10)
    assert InteractionBasis(network, basis="pca").fit(stimuli).n_features_ == [4, 2]


def test_small_features_are_left_out():
    network, stimuli = make_network([4, 6, 5, 3]), make_stimuli()
    whole = InteractionBasis(network, tol=0).fit(stimuli)
    part = InteractionBasis(network, tol=0.05).fit(stimuli)
    assert part.n_features_ < whole.n_features_
    assert all((e >= 0.05 * e[0]).all() for e in part.eigenvalues_)
    gaps = part.reduced_outputs(stimuli) - run(network, stimuli)
    assert 0 < (gaps**2).mean() < 0.3 * run(network, stimuli).var()


def test_mean_alone_gives_constant_outputs():
    network, stimuli = make_network([4, 6, 3]), make_stimuli()
    basis = InteractionBasis(network).fit(stimuli)
    found = basis.reduced_outputs(stimuli, n_features=0)
    expected = run(network[2], run(network[:2], stimuli).mean(axis=0))
    assert_allclose(found, np.tile(expected, (60, 1)))


def test_feature_counts():
    network, stimuli = make_network([4, 6, 5, 3]), make_stimuli()
    basis = InteractionBasis(network, n_intervals=1, tol=0).fit(stimuli)
    assert_array_equal(
        basis.reduced_outputs(stimuli, n_features=2),
        basis.reduced_outputs(stimuli, n_features=[2, 2]),
    )
    assert_array_equal(
        basis.reduced_outputs(stimuli, n_features=99), basis.reduced_outputs(stimuli)
    )
    for bad in (-1, 1.5, [2], [2, 99], [2, -1], [2, 2, 3], "ab", True, {}):
        with pytest.raises(ValueError, match="n_features"):
            basis.reduced_outputs(stimuli, n_features=bad)


def test_graph_of_interactions():
    network, stimuli = make_network([4, 6, 5, 3]), make_stimuli()
    basis = InteractionBasis(network, n_intervals=2).fit(stimuli)
    graph, sizes = basis.interaction_graph(), basis.n_features_
    assert_array_equal(graph, graph.T)
    first, second = sizes[0], sizes[0] + sizes[1]
    assert_array_equal(graph[first:second, :first], basis.edges_[0])
    assert_array_equal(graph[second:, first:second], basis.edges_[1])
    assert not graph[second:, :first].any()
    for block in (
        slice(first),
        slice(first, second),
        slice(second, None),
    ):
        assert not graph[block, block].any()
    n_edges = len(graph) * (len(graph) - 1) // 2
    assert GraphPersistence().fit_transform([graph]).shape == (1, n_edges)
    profiles = GraphProfiles(("births", "strengths"), groups=basis.groups_)
    assert np.isfinite(profiles.fit_transform([graph, 2 * graph])).all()


def test_graph_is_drawn_by_layer():
    pytest.importorskip("matplotlib")
    from sktopo.plotting import ConnectomeDisplay

    stimuli = make_stimuli()
    basis = InteractionBasis(make_network([4, 6, 5, 3])).fit(stimuli)
    display = ConnectomeDisplay.from_connectomes(
        basis.interaction_graph()[None], node_names=basis.get_feature_names_out()
    )
    shown = [label.get_text() for label in display.ax_.get_xticklabels()]
    assert shown == ["1", "3", "Sequential"]


def test_names_and_frames():
    pandas = pytest.importorskip("pandas")
    stimuli = pandas.DataFrame(make_stimuli(), columns=list("abcd"))
    basis = InteractionBasis(make_network([4, 3, 2], nn.Tanh), layers=["1", "2"])
    frame = basis.set_output(transform="pandas").fit_transform(stimuli)
    assert list(frame.columns) == ["1[0]", "1[1]", "2[0]", "2[1]"]
    assert list(basis.groups_) == ["1", "1", "2", "2"]
    assert basis.layer_names_ == ["1", "2"] and basis.n_features_ == [2, 2]
    assert list(basis.feature_names_in_) == list("abcd") and basis.n_features_in_ == 4
    variances = frame.to_numpy().var(axis=0)
    assert_allclose(variances, np.concatenate(basis.eigenvalues_))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("of_network", [torch.float32, torch.float64])
def test_precision(dtype, of_network):
    network = make_network([4, 6, 3], dtype=of_network)
    stimuli = make_stimuli().astype(dtype)
    basis = InteractionBasis(network).fit(stimuli)
    assert basis.transform(stimuli).dtype == dtype
    assert {c.dtype for c in basis.components_} == {np.dtype(np.float64)}
    exact = InteractionBasis(network.double()).fit(stimuli.astype(np.float64))
    for found, expected in zip(basis.eigenvalues_, exact.eigenvalues_, strict=True):
        assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * expected[0])


def test_unit_of_the_outputs_does_not_matter():
    network, stimuli = make_network([4, 6, 3]), make_stimuli()
    fitted = InteractionBasis(network).fit(stimuli)
    for unit in (2.0**-60, 2.0**60):
        scaled = copy.deepcopy(network)
        with torch.no_grad():
            scaled[2].weight.mul_(unit)
            scaled[2].bias.mul_(unit)
        found = InteractionBasis(scaled).fit(stimuli)
        for before, after in zip(fitted.edges_, found.edges_, strict=True):
            assert_allclose(after / unit**2, before, rtol=1e-9)
        features = found.transform(stimuli) / unit
        assert_allclose(features, fitted.transform(stimuli), rtol=1e-6, atol=1e-9)


def test_default_layers():
    network, stimuli = make_network([4, 6, 3]), make_stimuli()
    assert InteractionBasis(network).fit(stimuli).layer_names_ == ["1", "Sequential"]
    ended = nn.Sequential(*network, nn.Tanh())
    basis = InteractionBasis(ended).fit(stimuli)
    assert basis.layer_names_ == ["1", "3"]
    assert_allclose(basis.reduced_outputs(stimuli), run(ended, stimuli))
    with pytest.raises(ValueError, match="the only layer is 'Tanh'"):
        InteractionBasis(nn.Tanh()).fit(stimuli)


def test_other_forms_of_stimuli():
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        network = nn.Sequential(
            nn.Conv2d(2, 3, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(3, 4),
        )
    images = np.random.default_rng(0).normal(size=(30, 2, 5, 4)).astype(np.float32)
    basis = InteractionBasis(lambda: network, layers=["0", "2", "4"], tol=0)
    basis.fit(images)
    assert [len(mean) for mean in basis.means_] == [18, 3, 4]
    features = basis.transform(images)
    assert features.dtype == np.float32 and not hasattr(basis, "n_features_in_")
    loader = torch.utils.data.DataLoader(torch.from_numpy(images), batch_size=4)
    for other in (torch.from_numpy(images), loader, {"input": images}):
        assert_allclose(basis.transform(other), features, rtol=1e-4, atol=1e-5)
    gaps = basis.reduced_outputs(images) - run(network, images)
    assert np.abs(gaps).max() < 1e-4
    with pytest.raises(ValueError, match="'0' has 27 units, but had 18 in fit"):
        basis.set_params(layers=["0", "2"]).transform(np.ones((3, 2, 5, 5)))


def test_model_is_shared_and_not_changed():
    network, stimuli = make_network([4, 6, 3]).train(), make_stimuli()
    before = pickle.dumps(network)
    basis = InteractionBasis(network, n_intervals=1).set_output(transform="default")
    basis.fit(stimuli)
    assert pickle.dumps(network) == before and network[1].training
    copied = clone(basis)
    assert copied.model is network and copied.n_intervals == 1
    with pytest.raises(NotFittedError):
        copied.transform(stimuli)
    # What is set in the clone is not set in the estimator.
    copied.set_output(transform="pandas").set_params(tol=0.5)
    assert basis.tol == 1e-6 and isinstance(basis.transform(stimuli), np.ndarray)
    again = pickle.loads(pickle.dumps(basis))
    assert_array_equal(again.transform(stimuli), basis.transform(stimuli))


def test_layers_that_are_no_chain_are_refused():
    class Skip(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Linear(4, 4).double(), nn.Linear(4, 3).double()

        def forward(self, x):
            return self.two(torch.tanh(self.one(x)) + x)

    stimuli, network = make_stimuli(), Skip()
    with pytest.raises(ValueError, match="residual connections and parallel branches"):
        InteractionBasis(network).fit(stimuli)
    # Around the connection there is a chain.
    InteractionBasis(network, layers=["two:input", "two"]).fit(stimuli)
    normalised = nn.Sequential(
        *make_network([4, 6, 3])[:2],
        nn.BatchNorm1d(6, track_running_stats=False).double(),
        nn.Linear(6, 2).double(),
    )
    with (
        pytest.warns(UserWarning, match="depends on the others"),
        pytest.raises(ValueError, match="no stimulus depends on others|torch.func"),
    ):
        InteractionBasis(normalised).fit(stimuli)


def test_what_cannot_be_fitted():
    network, stimuli = make_network([4, 6, 3]), make_stimuli()
    basis = InteractionBasis(network).fit(stimuli)
    state = dict(vars(basis))
    for X, message in (
        (stimuli[:1], "X holds one stimulus"),
        (np.ones((5, 4)), "'Sequential' gives the same activations for all 5 stimuli"),
        (stimuli[:, :3], "could not be run"),
    ):
        with pytest.raises(ValueError, match=message):
            basis.fit(X)
        assert dict(vars(basis)) == state
    for parameters, message in (
        ({"basis": "ica"}, "basis='ica' is unknown"),
        ({"n_intervals": -1}, "n_intervals must be an integer of at least 0"),
        ({"tol": 2}, r"tol must be a finite number in \[0, 1\]"),
        ({"batch_size": 0}, "batch_size"),
        ({"layers": ["nope"]}, "No layer of the network matches 'nope'"),
        ({"layers": "1"}, "the only layer is '1'; expected two or more"),
    ):
        with pytest.raises(ValueError, match=message):
            InteractionBasis(network, **parameters).fit(stimuli)
    with pytest.raises(TypeError, match="model must be a torch.nn.Module"):
        InteractionBasis().fit(stimuli)
    steps = nn.Sequential(*network[:2], Step(), nn.Linear(6, 2).double())
    with pytest.raises(ValueError, match="'1' has no effect on layer 'Sequential'"):
        InteractionBasis(steps, layers=["1", "Sequential"]).fit(stimuli)


@pytest.mark.parametrize("basis", ["lib", "pca"])
def test_derivatives_that_are_not_finite(basis):
    class Root(nn.Module):
        def forward(self, x):
            return torch.sqrt(torch.abs(x))

    network = nn.Sequential(*make_network([4, 6, 3])[:1], Root())
    stimuli = make_stimuli()
    with torch.no_grad():
        network[0].weight[0].zero_()  # the root has no derivative at 0
        network[0].bias[0] = 0
    with pytest.raises(
        ValueError, match="from layer '0' to layer '1': derivatives are"
    ):
        InteractionBasis(network, layers=["0", "1"], basis=basis, n_intervals=0).fit(
            stimuli
        )
    huge = make_network([4, 6, 3])
    with torch.no_grad():
        huge[2].weight.mul_(1e200)
    with pytest.raises(ValueError, match="or too large to be squared"):
        InteractionBasis(huge, basis=basis).fit(stimuli)


class Step(nn.Module):
    """A function whose derivatives are all 0."""

    def forward(self, x):
        return torch.sign(x)
