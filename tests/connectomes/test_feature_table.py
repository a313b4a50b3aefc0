"""feature_table."""

import numpy as np
import pytest

from sktopo.connectomes import feature_table

pytest.importorskip("pandas")
WEIGHTS = np.array([[0.0, 2], [3, 1], [1, 0]])
COMPONENTS = np.array([[0.5, -0.9, 0, 0], [0, 0, 0, 1]])


def test_by_hand():
    table = feature_table(WEIGHTS, COMPONENTS, n_largest=2)
    assert table.fillna({"unit": "none"}).to_dict("list") == {
        "feature": [0, 0, 1, 1],
        "rank": [1, 2, 1, 2],
        "unit": ["x1", "x0", "x3", "none"],
        "unit_weight": [-0.9, 0.5, 1, 0],
        "stimulus": [1, 2, 0, 1],
        "stimulus_weight": [3, 1, 2, 1],
    }


def test_names():
    table = feature_table(
        WEIGHTS, COMPONENTS, unit_names=list("abcd"), stimulus_names=["4", "7", "9"]
    )
    assert len(table) == 2 * 4  # all units; there are fewer stimuli
    assert list(table["unit"][:2]) == ["b", "a"]
    assert list(table["stimulus"][:3]) == ["7", "9", "4"]
    assert table["stimulus_weight"].isna().sum() == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((WEIGHTS, COMPONENTS[:1]), "^weights has 2 columns, but components has 1 row"),
        ((WEIGHTS * np.nan, COMPONENTS), "^weights contains NaN in stimulus 0"),
        ((WEIGHTS, [[np.inf, 1]] * 2), "^components contains inf"),
        ((WEIGHTS, COMPONENTS, ["a"]), r"^unit_names has the shape \(1,\); expected 4"),
    ],
)
def test_errors(arguments, message):
    names = dict(zip(("unit_names",), arguments[2:], strict=False))
    with pytest.raises(ValueError, match=message):
        feature_table(*arguments[:2], **names)
    with pytest.raises(
        ValueError, match=r"stimulus_names has the shape \(\); expected 3"
    ):
        feature_table(WEIGHTS, COMPONENTS, stimulus_names="abc")
    with pytest.raises(ValueError, match="n_largest must be"):
        feature_table(WEIGHTS, COMPONENTS, n_largest=0)
    with pytest.raises(ValueError, match=r"unit_names has the shape \(\); expected 4"):
        feature_table(WEIGHTS, COMPONENTS, unit_names=4)
