"""Stimuli that are held, and stimuli that a loader yields."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sktopo.recording._inputs import is_iterable_only, read_inputs

torch = pytest.importorskip("torch")
nn = torch.nn
DataLoader, TensorDataset = torch.utils.data.DataLoader, torch.utils.data.TensorDataset

X = torch.arange(22.0).reshape(11, 2)
LINEAR = nn.Linear(2, 2)


class Batches:
    """An iterable that yields given batches, and counts how often it does."""

    def __init__(self, *batches):
        self.batches = batches
        self.n_times = 0

    def __iter__(self):
        self.n_times += 1
        return iter(self.batches)


def loaded(**options):
    return DataLoader(TensorDataset(X, torch.zeros(11)), batch_size=4, **options)


@pytest.mark.parametrize("stimuli", [X, X.numpy(), (X,), loaded()])
@pytest.mark.parametrize("batch_size", [1, 3, 4, 100])
@pytest.mark.parametrize("start", [0, 3, 10, 11])
def test_batches_hold_each_stimulus_once(stimuli, batch_size, start):
    inputs = read_inputs(stimuli, "stimuli")
    assert len(inputs) == 11
    rows, found = [], []
    for batch in inputs.batches(LINEAR, batch_size, start):
        rows += range(batch.rows.start, batch.rows.stop)
        found += batch.args[0].tolist()
        assert len(batch.args[0]) <= batch_size
    assert rows == list(range(start, 11))
    assert found == X[start:].tolist()


@pytest.mark.parametrize("stimuli", [X, loaded()])
def test_stimuli_of_a_trial(stimuli):
    batch = read_inputs(stimuli, "stimuli").trial(LINEAR, 4)
    assert_array_equal(batch.args[0], X[[0, 1, 2, 0]])
    assert batch.rows == slice(0, 4)


def test_trials_of_few_stimuli():
    batch = read_inputs(X[:2], "stimuli").trial(LINEAR, 5)
    assert_array_equal(batch.args[0], X[[0, 1, 0, 0, 0]])


@pytest.mark.parametrize("stimuli", [X, loaded()])
def test_counts_and_masks(stimuli):
    inputs = read_inputs(stimuli, "stimuli")
    assert inputs.count_observations(5) == 55
    assert next(inputs.batches(LINEAR, 4)).mask is None
    mask = np.ones((11, 5), dtype=int)
    mask[:, 3:] = 0
    mask[7, 2] = 0
    masked = read_inputs(stimuli, "stimuli", mask)
    assert masked.count_observations(5) == 32
    found = [batch.mask for batch in masked.batches(LINEAR, 4)]
    assert_array_equal(torch.cat(found), mask == 1)
    assert_array_equal(masked.trial(LINEAR, 3).mask, mask[[0, 1, 0]] == 1)
    with pytest.raises(ValueError, match=r"mask has shape \(11, 5, 1\)"):
        read_inputs(stimuli, "stimuli", mask[..., None])


def test_masks_of_loaders():
    batches = Batches(
        {"input_ids": torch.ones(2, 3).long(), "attention_mask": torch.ones(2, 3)},
        {"input_ids": torch.ones(1, 2).long(), "attention_mask": [[1, 0]]},
    )
    inputs = read_inputs(batches, "stimuli")
    assert inputs.count_observations(3) == 7
    assert read_inputs(batches, "stimuli", None).count_observations(3) == 9


def test_loaders_are_not_held():
    batches = Batches(X[:5], X[5:])
    inputs = read_inputs(batches, "stimuli")
    before = batches.n_times
    for _ in range(2):
        for _ in inputs.batches(LINEAR, 5):
            pass
    assert batches.n_times == before + 2
    inputs.trial(LINEAR, 2)
    inputs.check(LINEAR, "Sample 0")
    assert batches.n_times == before + 2


def test_loaders_leave_random_numbers_alone():
    before = torch.random.get_rng_state()
    read_inputs(loaded(), "stimuli")
    assert torch.equal(torch.random.get_rng_state(), before)


def test_loaders_that_shuffle_are_refused():
    message = "^Batch 0 of stimuli holds other stimuli .*Set shuffle=False"
    with pytest.raises(ValueError, match=message):
        read_inputs(loaded(shuffle=True), "stimuli")


def test_loaders_that_change_later_are_refused():
    batches = Batches(X[:5], X[5:])
    inputs = read_inputs(batches, "stimuli")
    for change, message in (
        ((X[:5], X[5:] + 1), "Batch 1 of stimuli holds other"),
        ((X[:5],), "stimuli holds 1 batches, but held 2"),
        ((X[:5], X[5:], X), "Batch 2 of stimuli holds other"),
    ):
        batches.batches = change
        with pytest.raises(ValueError, match=message):
            list(inputs.batches(LINEAR, 5))


@pytest.mark.parametrize(
    ("batches", "error", "message"),
    [
        ((), ValueError, "stimuli holds no batch"),
        ((X, X * torch.nan), ValueError, "Batch 1 of stimuli contains NaN"),
        ((X, None), TypeError, "Batch 1 of stimuli is of type NoneType"),
        ((X, {}), ValueError, "Batch 1 of stimuli is empty"),
    ],
)
def test_bad_loaders(batches, error, message):
    with pytest.raises(error, match=message):
        read_inputs(Batches(*batches), "stimuli")


def test_loaders_that_raise():
    class Broken:
        def __iter__(self):
            yield X
            raise KeyError("file")

    with pytest.raises(ValueError, match="stimuli: the Broken raised KeyError: 'file'"):
        read_inputs(Broken(), "stimuli")


def test_generators_are_refused():
    with pytest.raises(TypeError, match="a generator can be gone through only once"):
        read_inputs((x for x in X), "stimuli")


def test_descriptions():
    for stimuli in (X, loaded()):
        inputs = read_inputs(stimuli, "stimuli")
        expected = "of shape (4, 2) and type torch.float32"
        assert inputs.describe(slice(3, 7)).replace("input 0 ", "").startswith(expected)


def test_iterables():
    assert is_iterable_only(loaded())
    assert is_iterable_only(iter([]))
    assert is_iterable_only({}.values())
    for other in ([], (), {}, set(), "a", X, X.numpy(), nn.Sequential(), list, 3):
        assert not is_iterable_only(other)


def test_datasets_need_a_loader():
    dataset = TensorDataset(X)
    with pytest.raises(TypeError, match=r"stimuli: a TensorDataset .*DataLoader\(data"):
        read_inputs(dataset, "stimuli")
    assert len(read_inputs(DataLoader(dataset, batch_size=4), "stimuli")) == 11
