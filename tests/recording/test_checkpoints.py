"""Checkpoints: which files, in which order, and one network at a time."""

import pickle
import weakref

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sktopo import ActivationExtractor, FunctionalConnectome, GraphPersistence
from sktopo.recording import Checkpoints

torch = pytest.importorskip("torch")
nn = torch.nn


def build():
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh())


@pytest.fixture
def folder(tmp_path, make_mlp):
    """Make a folder of networks whose weights are multiples of their step."""
    for step in (1, 2, 10, 9):
        network = build()
        with torch.no_grad():
            network[0].weight.copy_(torch.arange(20.0).reshape(5, 4).sin() * step)
            network[0].bias.zero_()
        torch.save(network.state_dict(), tmp_path / f"step{step}.pt")
    return tmp_path


def test_order_names_and_steps(folder):
    (folder / "notes.txt").touch()
    (folder / "optimizer.pt").touch()
    names = ["step1.pt", "step2.pt", "step9.pt", "step10.pt"]
    for paths in (folder, str(folder), str(folder / "step*.pt")):
        checkpoints = Checkpoints(build, paths)
        assert checkpoints.names == names
        assert checkpoints.steps == [1, 2, 9, 10]
        assert checkpoints.paths == [folder / name for name in names]
    paths = [folder / "step10.pt", str(folder / "step2.pt")]
    assert Checkpoints(build, paths).names == ["step10.pt", "step2.pt"]
    named = Checkpoints(build, paths, ["late", "early 3"])
    assert named.names == ["late", "early 3"]
    assert named.steps == [None, 3]
    assert len(Checkpoints(build, folder / "step1.pt")) == 1


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("step143000", 143000),
        ("checkpoint-500", 500),
        ("epoch=3-step=1200.ckpt", 1200),
        ("resnet18_epoch7.pth", 7),
        ("Epoch 12", 12),
        ("model_64x2.safetensors", 2),
        ("final.pt", None),
    ],
)
def test_steps(name, step, folder):
    assert Checkpoints(build, [folder / "step1.pt"], [name]).steps == [step]


def test_folders_of_a_trainer(folder):
    for step in (500, 1000):
        (folder / f"checkpoint-{step}").mkdir()
        target = folder / f"checkpoint-{step}" / "pytorch_model.bin"
        target.write_bytes((folder / "step1.pt").read_bytes())
        (target.parent / "optimizer.pt").touch()
    checkpoints = Checkpoints(build, folder)
    assert checkpoints.names == ["checkpoint-500", "checkpoint-1000"]
    assert checkpoints.steps == [500, 1000]
    assert isinstance(checkpoints[0](), nn.Sequential)
    assert Checkpoints(build, folder / "checkpoint-500").names == ["checkpoint-500"]
    files = Checkpoints(build, str(folder / "*" / "pytorch_model.bin"))
    assert [name.replace("\\", "/") for name in files.names] == [
        "checkpoint-500/pytorch_model.bin",
        "checkpoint-1000/pytorch_model.bin",
    ]


def test_elements_build_networks(folder):
    checkpoints = Checkpoints(build, folder)
    for step, checkpoint in zip(checkpoints.steps, checkpoints, strict=True):
        network = checkpoint()
        assert checkpoint.name == f"step{step}.pt"
        assert_allclose(network[0].weight[0, 1].item(), step * np.sin(1), rtol=1e-6)
        assert network is not checkpoint()
    assert checkpoints[-1] == checkpoints[3]
    assert pickle.loads(pickle.dumps(checkpoints[1])) == checkpoints[1]
    assert checkpoints[1:3].names == ["step2.pt", "step9.pt"]
    for index in ([3, 0], np.array([3, 0])):
        assert checkpoints[index].names == ["step10.pt", "step1.pt"]
    assert checkpoints[np.array([True, False, False, True])].steps == [1, 10]
    assert len(checkpoints) == 4
    assert repr(checkpoints) == "<4 Checkpoints: step1.pt ... step10.pt>"
    with pytest.raises(IndexError):
        checkpoints[4]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"build": nn.Tanh()}, TypeError, "build is of type Tanh; expected a function"),
        ({"build": None}, TypeError, "build is of type NoneType"),
        ({"paths": "nowhere"}, ValueError, "paths='nowhere' leads to no checkpoint"),
        ({"paths": ["nowhere.pt"]}, ValueError, r"paths\[0\] does not exist: nowhere"),
        ({"paths": []}, ValueError, "paths is empty"),
        ({"paths": [3]}, TypeError, r"paths\[0\] is of type int"),
        ({"paths": 3}, TypeError, "paths is of type int"),
        ({"names": ["a"]}, ValueError, "There are 1 names for 4 paths"),
        ({"names": "abcd"}, TypeError, "names must be a sequence of strings"),
        ({"names": [1, 2, 3, 4]}, TypeError, "names must be a sequence of strings"),
        ({"names": 4}, TypeError, "names must be a sequence of strings"),
        ({"trust": "yes"}, ValueError, "trust must be True or False"),
    ],
)
def test_bad_arguments(folder, arguments, error, message):
    with pytest.raises(error, match=message):
        Checkpoints(**{"build": build, "paths": folder} | arguments)


def test_functions_that_build_something_else(folder):
    with pytest.raises(ValueError, match=r"build\(\) returned list"):
        Checkpoints(list, folder)[0]()


def test_recording(folder, stimuli):
    extractor = ActivationExtractor(stimuli=stimuli)
    checkpoints = Checkpoints(build, folder)
    found = extractor.fit_transform(checkpoints)
    assert_array_equal(found, extractor.fit_transform([c() for c in checkpoints]))
    assert_array_equal(extractor.fit(checkpoints).transform(checkpoints), found)
    assert list(extractor.get_feature_names_out()[[0, 4]]) == ["1[0]", "1[4]"]


def test_errors_name_the_sample_and_the_file(folder, stimuli):
    (folder / "step9.pt").write_bytes(b"damaged")
    extractor = ActivationExtractor(stimuli=stimuli)
    message = r"^Sample 2 of X \(step9\.pt\): .*step9\.pt cannot be loaded"
    with pytest.raises(ValueError, match=message):
        extractor.fit_transform(Checkpoints(build, folder))
    assert not hasattr(extractor, "input_kind_")


def test_one_network_is_alive_at_a_time(folder, stimuli, no_garbage_collector):
    alive = []

    def build_counted():
        counts.append(sum(reference() is not None for reference in alive))
        network = build()
        alive.append(weakref.ref(network))
        return network

    extractor = ActivationExtractor(stimuli=stimuli)
    checkpoints, counts = Checkpoints(build_counted, folder), []
    extractor.fit_transform(checkpoints)
    assert counts == [0] * 4  # each is built once, when no other is there
    extractor.fit(checkpoints).transform(checkpoints)
    assert counts == [0] * 9  # fit builds the first only


def test_search(folder, stimuli):
    chain = make_pipeline(
        ActivationExtractor(stimuli=stimuli),
        FunctionalConnectome(),
        GraphPersistence(),
        SVC(),
    )
    search = GridSearchCV(chain, {"svc__C": [1, 10]}, cv=2, error_score="raise")
    checkpoints = Checkpoints(build, folder)
    assert search.fit(checkpoints, [0, 1, 0, 1]).predict(checkpoints).shape == (4,)
