"""Output containers of transformers whose results are tables or stacks of tables."""

import numpy as np
import pytest
from sklearn.base import TransformerMixin

from sktopo._utils.base import BaseEstimator
from sktopo._utils.output import StackOutputMixin


class Doubler(StackOutputMixin, TransformerMixin, BaseEstimator):
    """Doubles X, whose columns have names where there are two of them."""

    def fit(self, X, y=None):
        self.fitted_on_ = X
        return self

    def transform(self, X):
        """Return twice X."""
        return [2 * table for table in X] if isinstance(X, list) else 2 * X

    def get_feature_names_out(self, input_features=None):
        if np.shape(self.fitted_on_[0])[-1] != 2:
            raise ValueError("no common names")
        return np.array(["a", "b"], dtype=object)


def test_arrays_are_returned_by_default():
    X = np.ones((4, 3, 2))
    result = Doubler().fit_transform(X)
    assert isinstance(result, np.ndarray)
    assert result.shape == (4, 3, 2)
    assert (result == 2).all()


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_a_stack_becomes_a_list_of_data_frames(container):
    library = pytest.importorskip(container)
    transformer = Doubler().set_output(transform=container)
    tables = transformer.fit_transform(np.ones((4, 3, 2)))
    assert len(tables) == 4
    for table in tables:
        assert isinstance(table, library.DataFrame)
        assert list(table.columns) == ["a", "b"]
        assert (np.asarray(table) == 2).all()


def test_a_table_becomes_a_data_frame():
    pandas = pytest.importorskip("pandas")
    transformer = Doubler().set_output(transform="pandas")
    table = transformer.fit_transform(np.ones((3, 2)))
    assert isinstance(table, pandas.DataFrame)
    assert list(table) == ["a", "b"]


def test_samples_without_common_names_stay_as_they_are():
    pytest.importorskip("pandas")
    transformer = Doubler().set_output(transform="pandas")
    tables = transformer.fit_transform([np.ones((3, 4)), np.ones((3, 5))])
    assert [type(table) for table in tables] == [np.ndarray, np.ndarray]
    assert [table.shape for table in tables] == [(3, 4), (3, 5)]


def test_the_method_keeps_its_name_and_docstring():
    assert Doubler.transform.__name__ == "transform"
    assert Doubler.transform.__doc__ == "Return twice X."


def test_fit_transform_is_fit_and_transform():
    transformer = Doubler()
    X = np.ones((3, 2))
    transformer.fit_transform(X, y=None)
    assert transformer.fitted_on_ is X
