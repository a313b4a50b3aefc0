"""Contracts of scikit-learn that the estimators of the pipeline keep."""

import os
import pickle
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator

import sktopo
from sktopo import (
    ActivationExtractor,
    ClassWise,
    DynamicConnectome,
    GraphPersistence,
    SampleWise,
    SemiNMF,
    TopClusterer,
)
from sktopo.recording import InteractionBasis

CLASSES = [member for member in vars(sktopo).values() if hasattr(member, "fit")]
ESTIMATORS = tuple(
    kind(GraphPersistence()) if kind in (ClassWise, SampleWise) else kind()
    for kind in CLASSES
)


def make_widthless_network(n_outputs=0):
    """Make a small torch network with weights that takes rows of any width.

    With outputs it has a layer more, and double precision.
    """
    import torch

    class Widthless(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.mix = torch.nn.Linear(3, 4)
            self.act = torch.nn.Tanh()
            if n_outputs:
                self.head = torch.nn.Linear(4, n_outputs)
                self.double()

        def forward(self, x):
            parts = [x.mean(dim=1), x.amax(dim=1), x.std(dim=1, correction=0)]
            hidden = self.act(self.mix(torch.stack(parts, dim=1)))
            return self.head(hidden) if n_outputs else hidden

        # check_estimator compares parameters by joblib.hash, to which two copies of
        # a tensor differ, so the weights go by value.
        def __reduce__(self):
            state = {name: t.numpy() for name, t in self.state_dict().items()}
            return rebuild_widthless_network, (state, n_outputs)

    with torch.random.fork_rng(devices=[]):
        return Widthless()


def rebuild_widthless_network(state, n_outputs):
    import torch

    network = make_widthless_network(n_outputs)
    tensors = {name: torch.as_tensor(values) for name, values in state.items()}
    network.load_state_dict(tensors)
    return network


def instances():
    yield from ESTIMATORS
    yield GraphPersistence(normalize="balanced")
    yield GraphPersistence(center="level", fit_inverse_transform=True)
    yield GraphPersistence(center="scale", topology_weight=0.5)
    yield GraphPersistence(normalize="balanced", center="rank")
    try:
        import torch
    except ImportError:
        return
    yield ActivationExtractor(model=make_widthless_network())
    yield ActivationExtractor(model=torch.nn.ReLU())
    yield InteractionBasis(make_widthless_network(3), n_intervals=1)


def run_checks(estimator):
    """Run all of scikit-learn's checks; how many ended how, and which failed."""
    results = check_estimator(clone(estimator), on_fail=None, on_skip=None)
    troubles = [
        (result["check_name"], result["status"], result["exception"])
        for result in results
        if result["status"] != "passed"
    ]
    return Counter(result["status"] for result in results), troubles


# Rows of the checks are not complete graphs and hold constant columns, which warns.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("estimator", list(instances()), ids=str)
def test_check_estimator(estimator):
    statuses, troubles = run_checks(estimator)
    assert {name for name, *_ in troubles} <= {"check_array_api_input"}, troubles
    assert {status for _, status, _ in troubles} <= {"skipped"}, troubles
    assert statuses["passed"] >= 44


# Handed over pickled: a process that imports this file would import torch as well.
ARRAY_API_CHECKS = """
import pickle, sys, warnings
from sklearn.utils.estimator_checks import estimator_checks_generator
warnings.simplefilter("ignore")
names = []
for estimator in pickle.load(sys.stdin.buffer):
    for estimator, check in estimator_checks_generator(estimator):
        if check.func.__name__ == "check_array_api_input":
            check(estimator)
            names.append(type(estimator).__name__)
print(*names)
"""


def test_check_estimator_with_array_api():
    """The only check that is skipped above passes where SciPy takes other arrays."""
    pytest.importorskip("array_api_compat")
    done = subprocess.run(
        [sys.executable, "-c", ARRAY_API_CHECKS],
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
        input=pickle.dumps(ESTIMATORS),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    names = done.stdout.decode().split()
    if not names:
        pytest.skip("this scikit-learn checks estimators with array API support only")
    assert names == [kind.__name__ for kind in CLASSES]


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
def test_no_tag_switches_checks_off(estimator):
    tags = get_tags(estimator)
    assert tags.input_tags.two_d_array
    assert tags.requires_fit
    assert not (tags.no_validation or tags.non_deterministic or tags._skip_test)
    assert not tags.input_tags.allow_nan


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
def test_unknown_parameters_raise(estimator):
    with pytest.raises(ValueError, match="Invalid parameter 'colour'"):
        clone(estimator).set_params(colour="blue")
    with pytest.raises(TypeError, match="colour"):
        type(estimator)(colour="blue")


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
def test_parameters_after_the_first_are_keyword_only(estimator):
    with pytest.raises(TypeError, match="positional"):
        type(estimator)(None, None)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
def test_not_fitted(estimator, make_rows):
    estimator = clone(estimator)
    for method in ("transform", "predict", "inverse_transform", "score"):
        if hasattr(estimator, method):
            with pytest.raises(NotFittedError):
                getattr(estimator, method)(make_rows(9, 5))
    with pytest.raises(NotFittedError):
        estimator.get_feature_names_out()


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_set_output(estimator, library, make_rows):
    pytest.importorskip(library)
    rows = make_rows(9, 5)
    plain = clone(estimator).fit(rows)
    dressed = clone(estimator).set_output(transform=library)
    frame = dressed.fit_transform(rows)
    assert type(frame).__module__.startswith(library)
    assert list(frame.columns) == list(dressed.get_feature_names_out())
    randomly_started = (DynamicConnectome, SemiNMF, TopClusterer)
    if not isinstance(estimator, randomly_started):
        assert_array_equal(frame.to_numpy(), plain.transform(rows))
    assert_array_equal(dressed.transform(rows).to_numpy(), frame.to_numpy())


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
def test_data_frames_in(estimator, make_rows):
    pandas = pytest.importorskip("pandas")
    rows = make_rows(9, 5)
    names = [f"column {k}" for k in range(10)]
    frame = pandas.DataFrame(rows, columns=names, index=range(100, 109))
    fitted = clone(estimator).fit(frame)
    assert list(fitted.feature_names_in_) == names
    with pytest.raises(ValueError, match="feature names"):
        fitted.transform(frame[names[::-1]])
    assert list(fitted.set_output(transform="pandas").transform(frame).index) == list(
        frame.index
    )


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
def test_sparse_raises(estimator):
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(TypeError, match="[Ss]parse"):
        clone(estimator).fit(sparse.eye_array(6, format="csr"))


def test_public_names():
    for name in sktopo.__all__:
        assert hasattr(sktopo, name)
    names = {type(estimator).__name__ for estimator in ESTIMATORS}
    assert {"ActivationExtractor", "WassersteinKernel"} < names < set(sktopo.__all__)
    assert np.all([name.isidentifier() for name in sktopo.__all__])
