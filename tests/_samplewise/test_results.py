"""Rows are found again for equal contents, and for nothing else."""

import subprocess
import sys
from copy import copy, deepcopy
from types import MethodType

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, clone
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

import sktopo
from sktopo import FunctionalConnectome, GraphPersistence
from sktopo._samplewise._results import (
    find_file,
    make_key,
    read_result,
    write_result,
)
from sktopo.comparison._cache import open_cache


@pytest.fixture(name="cache")
def cache_fixture(tmp_path):
    return open_cache(str(tmp_path))


def make_network(seed=0):
    torch = pytest.importorskip("torch")
    generator = torch.Generator().manual_seed(seed)
    layers = [torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.LeakyReLU(0.1)]
    with torch.no_grad():
        for parameter in layers[0].parameters():
            parameter.normal_(generator=generator)
    return torch.nn.Sequential(*layers)


def test_rows_come_back_with_their_warnings(tmp_path):
    path = tmp_path / "new" / "row.npz"
    assert read_result(path) is None
    for row in (np.float32([1, np.nan]), np.zeros((2, 3), dtype=int)):
        for given in ([], [["UserWarning", "a"], ["RuntimeWarning", "b"]]):
            write_result(path, row, given, PCA(2))
            found, warned = read_result(path)
            assert_array_equal(found, row)
            assert found.dtype == row.dtype and warned == given
    with np.load(path, allow_pickle=False) as file:
        assert set(file) == {"key", "made_by", "row", "warnings"}
        assert file["made_by"] == f"sktopo {sktopo.__version__}, PCA(n_components=2)"
    other = path.rename(tmp_path / "other.npz")
    with pytest.warns(UserWarning, match="damaged .*it was made as row, sktopo 0"):
        assert read_result(other) is None


def test_damaged_files_are_named(tmp_path):
    path = tmp_path / "row.npz"
    write_result(path, np.arange(50.0), [], PCA())
    data = path.read_bytes()
    middle = len(data) // 2 - 100
    for damaged in (
        b"",
        data[:-30],
        data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :],
        b"no zip file",
    ):
        path.write_bytes(damaged)
        with pytest.warns(UserWarning, match=r"row\.npz is damaged .*computed again"):
            assert read_result(path) is None


def test_no_pickle_is_read(tmp_path):
    path = tmp_path / "row.npz"
    np.savez(
        path,
        key="row",
        row=np.array([{}], dtype=object),
        warnings=np.zeros((0, 2), str),
    )
    with pytest.warns(UserWarning, match="damaged .*allow_pickle=False"):
        assert read_result(path) is None
    np.save(tmp_path / "pickle.npy", np.array([{}], dtype=object))
    path.write_bytes((tmp_path / "pickle.npy").read_bytes())
    with pytest.warns(UserWarning, match="damaged .*it is not an npz file"):
        assert read_result(path) is None


def test_equal_contents_have_one_key(cache):
    rng = np.random.default_rng(0)
    table = rng.normal(size=(5, 3))
    assert make_key(cache, table, "x") == make_key(cache, table.copy(), "x")
    network = make_network()
    twin = deepcopy(network).train(not network.training)
    for parameter in twin.parameters():
        parameter.requires_grad_(False)
    assert make_key(cache, [network], "x") == make_key(cache, [twin], "x")
    chain = make_pipeline(FunctionalConnectome(), GraphPersistence())
    same = clone(chain).set_params(
        functionalconnectome__n_jobs=2, graphpersistence__verbose=True
    )
    assert make_key(cache, chain, "x") == make_key(cache, same, "x")


def test_a_key_does_not_change_with_use(tmp_path):
    class Own(BaseEstimator):
        pass

    before = make_key(open_cache(str(tmp_path)), Own(), "x")
    copy(Own())  # Python then adds __slotnames__ to the class
    assert "__slotnames__" in vars(Own)
    assert make_key(open_cache(str(tmp_path)), Own(), "x") == before


def test_other_contents_have_other_keys(cache):
    torch = pytest.importorskip("torch")
    pandas = pytest.importorskip("pandas")
    table = np.arange(12.0).reshape(4, 3)
    network, changed, slope, hooked = (make_network() for _ in range(4))
    with torch.no_grad():
        changed[1].running_mean[2] += 1e-6
    slope[2].negative_slope = 0.2
    hooked[2].register_forward_hook(lambda module, args, output: 2 * output)
    learnt = [PCA(2).fit(rows) for rows in (table, table[:, ::-1])]
    values = [
        table,
        table.astype(np.float32),
        table + np.eye(4, 3) * 1e-12,
        table.T,
        torch.from_numpy(table),
        torch.from_numpy(table).reshape(3, 4),
        torch.from_numpy(table).view(torch.int64),
        torch.from_numpy(table).bfloat16(),
        pandas.DataFrame(table, columns=list("abc")),
        pandas.DataFrame(table, columns=list("acb")),
        network,
        changed,
        slope,
        hooked,
        (network, table),
        GraphPersistence(),
        GraphPersistence(normalize=False),
        make_pipeline(GraphPersistence()),
        *map(FrozenEstimator, learnt),
    ]
    keys = [make_key(cache, value, "x") for value in values]
    assert len(set(keys)) == len(values)
    paths = {find_file(cache, key, [table], "x") for key in keys}
    assert len(paths) == len(values)
    assert {path.suffix for path in paths} == {".npz"}


def test_networks_that_refer_to_themselves_have_keys(cache):
    network = make_network()
    network.parts = [network]
    assert make_key(cache, network, "x") == make_key(cache, deepcopy(network), "x")


def test_another_process_finds_the_key(cache):
    code = (
        "from sktopo.datasets import load_digit_networks\n"
        "from sktopo._samplewise._results import make_key\n"
        "from sktopo.comparison._cache import Cache\n"
        "networks = load_digit_networks().networks[:2]\n"
        "print(*(make_key(Cache(''), [n], 'x') for n in networks))\n"
    )
    pytest.importorskip("torch")
    from sktopo.datasets import load_digit_networks

    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    networks = load_digit_networks().networks[:2]
    assert run.stdout.split() == [make_key(cache, [n], "x") for n in networks]


def test_what_cannot_be_described_is_named(cache):
    with pytest.raises(ValueError, match=r"The sample cannot be .*Pass memory=None"):
        make_key(cache, [(row for row in ())], "The sample")


def test_methods_that_are_bound_to_a_network(tmp_path):
    """Their code and what they refer to count, not only their name."""
    torch = pytest.importorskip("torch")
    cache = open_cache(str(tmp_path))

    def patch(factor):
        def forward(self, x):
            return x * factor

        return forward

    network = torch.nn.Linear(2, 2)
    keys = []
    for factor in (1.0, 1.0, -3.0):
        network.forward = MethodType(patch(factor), network)
        keys.append(make_key(cache, network, "The network"))
    assert keys[0] == keys[1] != keys[2]


def test_parameters_of_other_packages_count_whatever_their_name(tmp_path):
    class Estimator:
        def __init__(self, memory):
            self.memory = memory

        def get_params(self, deep=True):
            return vars(self)

    cache = open_cache(str(tmp_path))
    keys = [make_key(cache, Estimator(memory), "It") for memory in (1, 2)]
    assert keys[0] != keys[1]
