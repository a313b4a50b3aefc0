"""Checks of parameters, and the reset of fitted attributes."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.svm import SVC

from sktopo._utils.parameters import (
    check_flag,
    check_integer,
    check_n_jobs,
    check_option,
    check_positive,
    check_real,
    check_transformer,
    is_integer,
    read_random_state,
)


@pytest.mark.parametrize(
    ("check", "arguments"),
    [
        (check_option, ("a", ("a", "b"))),
        (check_flag, (True,)),
        (check_flag, (np.False_,)),
        (check_integer, (3, 3)),
        (check_integer, (np.int64(4), 3)),
        (check_real, (0, 0, 1)),
        (check_real, (np.float32(1), 0, 1)),
        (check_positive, (1e-300,)),
    ],
)
def test_values_in_range_pass(check, arguments):
    assert check("name", *arguments) is None


@pytest.mark.parametrize(
    ("check", "arguments", "message"),
    [
        (check_option, ("c", ("a", "b")), "'c' is unknown; expected one of 'a', 'b'"),
        (check_option, (["a"], ("a", "b")), r"\['a'\] is unknown"),
        (check_flag, (1,), "must be True or False, got 1"),
        (check_flag, ("yes",), "must be True or False, got 'yes'"),
        (check_integer, (2, 3), "must be an integer of at least 3, got 2"),
        (check_integer, (3.0, 3), "must be an integer of at least 3, got 3.0"),
        (check_integer, (True, 0), "must be an integer of at least 0, got True"),
        (check_real, (1.5, 0, 1), r"must be a finite number in \[0, 1\], got 1.5"),
        (check_real, (np.nan, 0, 1), "got nan"),
        (check_real, (np.inf, 0, np.inf), "got inf"),
        (check_real, (False, 0, 1), "got False"),
        (check_real, ("1", 0, 1), "got '1'"),
        (check_positive, (0.0,), "must be positive, got 0"),
        (check_positive, (-1,), r"must be a finite number in \[0, inf\], got -1"),
    ],
)
def test_errors_name_the_parameter_and_the_value(check, arguments, message):
    with pytest.raises(ValueError, match=f"^name.*{message}"):
        check("name", *arguments)


@pytest.mark.parametrize("n_jobs", [None, -1, np.int64(2)])
def test_jobs_in_range_pass(n_jobs):
    assert check_n_jobs(n_jobs) is None


@pytest.mark.parametrize("n_jobs", [0, "2", 2.0, True])
def test_jobs_are_integers_other_than_0(n_jobs):
    with pytest.raises(ValueError, match=f"^n_jobs must be None .* got {n_jobs!r}"):
        check_n_jobs(n_jobs)


def test_integers_are_neither_bools_nor_floats():
    assert is_integer(2) and is_integer(np.uint8(2))
    assert not any(is_integer(value) for value in (True, 2.0, "2", None))


@pytest.mark.parametrize("value", ["a", -1, 2**32, 1.5, [1, 2], {"a": 1}])
def test_a_bad_seed_is_named(value):
    with pytest.raises(ValueError, match="^random_state must be None") as caught:
        read_random_state(value)
    assert repr(value) in str(caught.value)


def test_seeds_give_generators():
    generator = np.random.RandomState(3)
    assert read_random_state(generator) is generator
    assert read_random_state(3).randint(1000) == generator.randint(1000)
    assert isinstance(read_random_state(None), np.random.RandomState)


@pytest.mark.parametrize("bad", [None, "PCA", 3, PCA, SVC()])
def test_transformers(bad):
    assert check_transformer(PCA()) is None
    with pytest.raises(TypeError, match="^transformer is .*; expected a"):
        check_transformer(bad)
