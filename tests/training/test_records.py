"""Records: ascending steps, what is forgotten, and steps of checkpoints."""

import numpy as np
import pytest

from sktopo.training._network_rows import RowLayout
from sktopo.training._records import Records, order_steps

LAYOUT = RowLayout({"all layers": {"births": slice(0, 2)}}, {"all layers": 3})


def make_records(steps):
    records = Records()
    for step in steps:
        records.add([np.full(3, float(step))], [records.read_step(step)], LAYOUT)
    return records


def test_rewinding():
    for step, kept in ((0, []), (3, [2]), (4, [2]), (5, [2, 4]), (99, [2, 4, 8])):
        records = make_records([2, 4, 8])
        records.rewind(step)
        assert records.steps == kept
        assert [int(row[0]) for row in records.rows] == kept
        assert records.read_step(None) == step


def test_steps_must_ascend():
    records = make_records([2, 4])
    assert records.read_step(None) == 5
    for step in (0, 4):
        with pytest.raises(ValueError, match=f"step={step} is not above 4"):
            records.read_step(step)


def test_steps_fit_in_64_bits():
    records = make_records([2**63 - 2])
    assert records.read_step(None) == 2**63 - 1
    for read in (records.read_step, lambda step: order_steps([None], [step])):
        with pytest.raises(ValueError, match="must be at most 9223372036854775806, go"):
            read(2**63 - 1)


def test_layouts_must_be_equal():
    records = make_records([0])
    other = RowLayout({"all layers": {"deaths": slice(0, 2)}}, {"all layers": 3})
    with pytest.raises(ValueError, match="The reference has the layers"):
        records.add_reference(np.ones(3), other)
    assert records.reference is None


def test_files(tmp_path):
    records = make_records([2, 4])
    records.add_reference(np.arange(3.0), LAYOUT)
    records.write(tmp_path / "a.npz", {"version": 1})
    found, settings = Records.read(tmp_path / "a.npz")
    assert settings == {"version": 1}
    np.testing.assert_array_equal(found.rows, records.rows)
    np.testing.assert_array_equal(found.reference, records.reference)
    assert (found.steps, found.next_step, found.layout) == ([2, 4], 5, LAYOUT)


@pytest.mark.parametrize(
    "changed", [{"steps": np.arange(3)}, {"layout": "null"}, {"settings": "null"}]
)
def test_files_whose_parts_do_not_fit_are_refused(tmp_path, changed):
    make_records([2, 4]).write(tmp_path / "a.npz", {"version": 1})
    with np.load(tmp_path / "a.npz") as found:
        parts = dict(found)
    np.savez(tmp_path / "b.npz", **(parts | changed))
    with pytest.raises(ValueError, match="b.npz is not a file that TopologyMonitor"):
        Records.read(tmp_path / "b.npz")


def test_order_of_steps():
    assert order_steps([None] * 3, [30, 10, 20]) == ([1, 2, 0], [10, 20, 30])
