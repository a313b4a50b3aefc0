"""Callbacks of trainers: each records the run that the trainer makes."""

import pickle
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from sktopo.training import (  # noqa: E402
    StoppingRule,
    TopologyMonitor,
    lightning_callback,
    skorch_callback,
    transformers_callback,
)
from sktopo.training._callbacks import Follower  # noqa: E402

MAKERS = (lightning_callback, skorch_callback, transformers_callback)
# Stops at the first record at which it can.
HASTY = StoppingRule(tolerance=1, patience=1, window=1, burn_in=1)


def make_data(n=20):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(n, 5, generator=generator), torch.arange(n) % 3


def test_a_follower_records_each_step_once(build, stimuli, tmp_path):
    path = tmp_path / "run.npz"
    follower = Follower(TopologyMonitor(stimuli, every=2), path, None)
    for step in (0, 0, 1, 2, 2, 3):
        call = follower.follow if step else follower.start
        assert call(build(), step) is False
    assert TopologyMonitor.load(path).steps_.tolist() == [0, 2]


def test_a_follower_resumes_at_the_step_of_the_trainer(build, stimuli, tmp_path):
    path = tmp_path / "run.npz"
    first = Follower(TopologyMonitor(stimuli), path, None)
    for step in range(5):
        (first.follow if step else first.start)(build(), step)
    resumed = Follower(TopologyMonitor(stimuli), path, None)
    resumed.start(build(), 3)  # from a checkpoint
    assert resumed.monitor.steps_.tolist() == [0, 1, 2, 3]
    fresh = Follower(TopologyMonitor(stimuli), path, None)
    fresh.start(build(), 0)
    assert TopologyMonitor.load(path).steps_.tolist() == [0]
    other = Follower(TopologyMonitor(stimuli), path, None)
    other.start(build(), 1, saves=False)  # another process of the same run
    assert TopologyMonitor.load(path).steps_.tolist() == [0]


def test_a_follower_stops(build, stimuli):
    follower = Follower(TopologyMonitor(stimuli), None, HASTY)
    assert [follower.start(build(), 0)] == [False]
    assert [follower.follow(build(), step) for step in (1, 2)] == [False, True]


@pytest.mark.parametrize("make", MAKERS)
def test_wrong_arguments(make, stimuli):
    with pytest.raises(TypeError, match="monitor is of type str; expected a Topo"):
        make("monitor")
    with pytest.raises(TypeError, match="rule is of type int; expected a StoppingRule"):
        make(TopologyMonitor(stimuli), rule=3)


@pytest.mark.parametrize("make", MAKERS)
def test_missing_trainers_are_named(make, stimuli, monkeypatch):
    package = make.__name__.removesuffix("_callback")
    monkeypatch.delitem(sys.modules, "pytorch_lightning", raising=False)
    for name in (package, f"{package}.pytorch", f"{package}.callbacks"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=f"pip install {package}"):
        make(TopologyMonitor(stimuli))


@pytest.mark.filterwarnings("ignore")
def test_skorch(build, stimuli, tmp_path):
    skorch = pytest.importorskip("skorch")
    X, y = make_data()
    path = tmp_path / "run.npz"

    def fit(**parameters):
        callback = skorch_callback(
            TopologyMonitor(stimuli), path=path, rule=parameters.pop("rule", None)
        )
        torch.manual_seed(0)
        net = skorch.NeuralNetClassifier(
            build(),
            criterion=torch.nn.CrossEntropyLoss,
            max_epochs=2,
            batch_size=4,
            lr=0.1,
            train_split=None,
            verbose=0,
            callbacks=[callback],
        )
        return net.fit(X, y)

    net = fit()
    assert TopologyMonitor.load(path).steps_.tolist() == list(range(11))
    again = pickle.loads(pickle.dumps(net))
    again.partial_fit(X, y)
    assert TopologyMonitor.load(path).steps_.tolist() == list(range(21))
    fit(rule=HASTY)
    assert len(TopologyMonitor.load(path).steps_) < 11


@pytest.mark.filterwarnings("ignore")
def test_lightning(build, stimuli, tmp_path):
    pl = pytest.importorskip("lightning.pytorch")
    path = tmp_path / "run.npz"

    class Module(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.network = build()

        def forward(self, x):
            return self.network(x)

        def training_step(self, batch, index):
            x, y = batch
            return torch.nn.functional.cross_entropy(self(x), y)

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1)

    def fit(rule=None, checkpoint=None, max_epochs=2, path=path):
        callback = lightning_callback(TopologyMonitor(stimuli), path=path, rule=rule)
        trainer = pl.Trainer(
            accelerator="cpu",
            max_epochs=max_epochs,
            accumulate_grad_batches=2,
            callbacks=[pickle.loads(pickle.dumps(callback)) if path else callback],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        data = torch.utils.data.TensorDataset(*make_data(16))
        loader = torch.utils.data.DataLoader(data, batch_size=4)
        torch.manual_seed(0)
        module = Module()
        trainer.fit(module, loader, ckpt_path=checkpoint)
        return trainer, module

    trainer, module = fit()
    assert TopologyMonitor.load(path).steps_.tolist() == [0, 1, 2, 3, 4]
    trainer.save_checkpoint(tmp_path / "last.ckpt")
    fit(checkpoint=tmp_path / "last.ckpt", max_epochs=3)
    assert TopologyMonitor.load(path).steps_.tolist() == [0, 1, 2, 3, 4, 5, 6]
    trainer, _ = fit(rule=HASTY, max_epochs=9)
    assert trainer.global_step < 18


@pytest.mark.filterwarnings("ignore")
def test_transformers(stimuli, tmp_path):
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("accelerate")
    path = tmp_path / "run.npz"

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = torch.nn.Linear(5, 6), torch.nn.Linear(6, 3)
            self.act = torch.nn.ReLU()

        def forward(self, x, labels=None):
            outputs = self.second(self.act(self.first(x)))
            if labels is None:
                return {"logits": outputs}
            loss = torch.nn.functional.cross_entropy(outputs, labels)
            return {"loss": loss, "logits": outputs}

    X, y = make_data()
    data = [{"x": x, "labels": label} for x, label in zip(X, y, strict=True)]

    def fit(rule=None):
        callback = transformers_callback(TopologyMonitor(stimuli), path=path, rule=rule)
        arguments = transformers.TrainingArguments(
            output_dir=str(tmp_path),
            num_train_epochs=2,
            per_device_train_batch_size=4,
            report_to=[],
            save_strategy="no",
            use_cpu=True,
            disable_tqdm=True,
        )
        torch.manual_seed(0)
        trainer = transformers.Trainer(
            Model(),
            arguments,
            train_dataset=data,
            callbacks=[pickle.loads(pickle.dumps(callback))],
        )
        trainer.train()
        return TopologyMonitor.load(path)

    monitor = fit()
    assert monitor.steps_.tolist() == list(range(11))
    assert (np.diff(monitor.rows_, axis=0) != 0).any(axis=1).all()
    assert len(fit(HASTY).steps_) < 11
