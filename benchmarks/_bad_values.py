"""Bad values for each kind of parameter, and which of them are accepted all the same.

A bad value is a function of the good one, so that it can be nearly right: the same rows
with a NaN, or a column short.
"""

from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import scipy.sparse
import torch
from matplotlib.figure import Figure
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sktopo import FunctionalConnectome, GraphPersistence, TopClusterer
from sktopo.barcodes import BarcodeLayout, decompose_distance

NAN, INF = float("nan"), float("inf")

# What is accepted although it is listed as bad: the reason, by the label of the value.
ACCEPTED = {
    "masked array": "scikit-learn reads the numbers under the mask",
    "dates": "scikit-learn converts dates to numbers",
    "numbers as text": "scikit-learn converts text that holds numbers",
    "gradient": "the numbers of a tensor are read without its gradient",
}


def constants(**values):
    """Make values that do not depend on the good one."""
    return {
        label.replace("_", " "): (lambda good, value=value: value)
        for label, value in values.items()
    }


def edit(good, position, value, dtype=None):
    """Copy an array and change one entry."""
    changed = np.array(good, dtype=dtype)
    changed[position] = value
    return changed


def first(good):
    """Return the position of the first entry of an array."""
    return (0,) * np.ndim(good)


NO_FLAG = constants(
    text="False", one=1, zero=0, none=None, nan=NAN, list=[True], array=np.ones(2, bool)
)
NO_NUMBER = constants(
    text="2",
    true=True,
    nan=NAN,
    infinity=INF,
    complex=2j,
    list=[2],
    dict={},
    path=Path(),
)
NO_INTEGER = {**NO_NUMBER, **constants(fraction=1.5, minus_one=-1)}
NONE = constants(none=None)
COUNT = {**NO_INTEGER, **NONE, **constants(zero=0)}
POSITIVE = {**NO_NUMBER, **NONE, **constants(zero=0, minus_one=-1.0)}
SHARE = {**NO_NUMBER, **NONE, **constants(above=1.5, below=-0.5)}
NO_WORD = constants(
    unknown="nope", empty="", number=3, bytes=b"x", list=["x"], true=True, nan=NAN
)

# Whole objects that are not data.
NO_DATA = {
    **constants(
        none=None,
        text="rows",
        bytes=b"rows",
        path=Path("rows.npy"),
        number=3,
        nan=NAN,
        dictionary={"a": [1.0, 2.0]},
        empty_dictionary={},
        set={1.0, 2.0},
        range_of_none=[None, None],
        function=len,
        type=dict,
        object=object(),
        network=torch.nn.ReLU(),
        estimator=PCA(),
        unfitted_estimator=TopClusterer(),
        graph=nx.path_graph(4),
        list_of_graphs=[nx.path_graph(4), nx.path_graph(4)],
        list_of_words=["a", "b"],
        list_of_dictionaries=[{"a": 1}, {"a": 2}],
        list_of_paths=[Path("a.npy"), Path("b.npy")],
        list_of_sets=[{1.0}, {2.0}],
        empty_list=[],
        empty_rows=[[], []],
    ),
    "generator": lambda good: (row for row in good),
    "map": lambda good: map(np.asarray, good),
}
# Arrays of the right shape that hold something else.
NO_CONTENT = {
    "NaN": lambda good: edit(good, first(good), NAN),
    "infinity": lambda good: edit(good, first(good), INF),
    "minus infinity": lambda good: edit(good, first(good), -INF),
    "complex": lambda good: np.asarray(good) + 1j,
    "words": lambda good: np.full(np.shape(good), "word"),
    "objects": lambda good: edit(good, first(good), object(), object),
    "a dictionary inside": lambda good: edit(good, first(good), {}, object),
    "None inside": lambda good: edit(good, first(good), None, object),
    "a word inside": lambda good: edit(good, first(good), "word", object),
    "masked array": lambda good: np.ma.masked_array(good, np.asarray(good) > 0.5),
    "dates": lambda good: (1000 * np.asarray(good)).astype("datetime64[s]"),
    "numbers as text": lambda good: np.asarray(good).astype(str),
    "records": lambda good: np.zeros(len(good), [("a", float), ("b", float)]),
    "gradient": lambda good: torch.tensor(np.asarray(good), requires_grad=True),
    "no samples": lambda good: np.asarray(good)[:0],
    "too large to square": lambda good: 1e200 * np.asarray(good),
    "too large to subtract": lambda good: alternate(good, 1.7e308),
}
TWO_D = {
    "one axis more": lambda good: np.asarray(good)[None, None],
    "no columns": lambda good: np.asarray(good)[:, :0],
    "ragged": lambda good: [
        list(row[: len(row) - k % 2]) for k, row in enumerate(good)
    ],
    "sparse": lambda good: scipy.sparse.csr_array(good),
    "sparse matrix": lambda good: scipy.sparse.coo_matrix(good),
    "sparse tensor": lambda good: torch.tensor(np.asarray(good)).to_sparse(),
    "frame of words": lambda good: pd.DataFrame(np.full(np.shape(good), "word")),
    "frame with a missing value": lambda good: pd.DataFrame(
        edit(good, first(good), NAN)
    ),
}
ONE_ROW = {"one row": lambda good: np.asarray(good)[0]}
WIDTH = {
    "a column short": lambda good: np.asarray(good)[:, :-1],
    "a column more": lambda good: np.hstack([good, np.asarray(good)[:, :1]]),
}


def alternate(good, size):
    """Make rows of `size` and `-size` in turn, in the shape of the good rows."""
    rows = np.full(np.shape(good), size)
    rows[::2] *= -1
    return rows


ROWS = {**NO_DATA, **NO_CONTENT, **TWO_D, **ONE_ROW}
VECTOR = {
    **NO_DATA,
    **NO_CONTENT,
    "two axes": lambda good: np.asarray(good)[None, None],
}
BARCODES = {**ROWS, "descending": lambda good: np.asarray(good)[:, ::-1]}
BARCODE = {**VECTOR, "descending": lambda good: np.asarray(good)[::-1]}
DISTANCES = {
    **ROWS,
    "negative": lambda good: -np.asarray(good),
    "not symmetric": lambda good: np.triu(good),
    "not square": lambda good: np.asarray(good)[:, :-1],
    "diagonal": lambda good: np.asarray(good) + np.eye(len(good)),
}
SAMPLES = {
    **NO_DATA,
    **NO_CONTENT,
    "one axis more": lambda good: np.asarray(good)[None],
    "mixed axes": lambda good: [good[0], good[0][0]],
    "no observations": lambda good: np.asarray(good)[:, :0],
    "no nodes": lambda good: np.asarray(good)[:, :, :0],
    "None among samples": lambda good: [good[0], None],
    "text among samples": lambda good: [good[0], "text"],
    "NaN in a sample of a list": lambda good: [good[0], edit(good[1], (0, 0), NAN)],
    "sparse samples": lambda good: [scipy.sparse.csr_array(sample) for sample in good],
    "frames of words": lambda good: [
        pd.DataFrame(np.full(np.shape(sample), "word")) for sample in good
    ],
}
DIAGRAMS = {
    **NO_DATA,
    "one diagram": lambda good: good[0],
    "three columns": lambda good: [np.ones((2, 3))] * len(good),
    "die before birth": lambda good: [[[0.5, 0.1]]] * len(good),
    "NaN": lambda good: [*good[:-1], [[0.1, NAN]]],
    "infinity": lambda good: [*good[:-1], [[0.1, INF]]],
    "words": lambda good: [*good[:-1], [["a", "b"]]],
    "complex": lambda good: [*good[:-1], [[0.1, 0.5j]]],
    "None inside": lambda good: [*good[:-1], None],
    "text inside": lambda good: [*good[:-1], "text"],
    "ragged points": lambda good: [*good[:-1], [[0.1], [0.1, 0.2]]],
    "sparse": lambda good: [scipy.sparse.csr_array(np.ones((1, 2)))] * len(good),
    "gradient": lambda good: [torch.ones(1, 2, requires_grad=True)] * len(good),
    "four axes": lambda good: np.ones((2, 2, 2, 2)),
    "too large": lambda good: [[[-1.7e308, 1.7e308]]] * len(good),
}
DIAGRAMS.pop("empty rows")  # two empty diagrams
LABELS = {
    **constants(
        text="ab",
        number=3,
        nan=NAN,
        dictionary={"a": 1},
        set={0, 1},
        function=len,
        object=object(),
        path=Path("y.npy"),
        empty=[],
        estimator=PCA(),
        graph=nx.path_graph(4),
    ),
    "generator": lambda good: (label for label in good),
    "one short": lambda good: good[:-1],
    "one more": lambda good: [*good, good[0]],
    "two columns": lambda good: np.column_stack([good, good]),
    "NaN": lambda good: edit(good, 0, NAN, float),
    "NaN among words": lambda good: np.array([NAN, *map(str, good[1:])], object),
    "None inside": lambda good: [None, *good[1:]],
    "None among words": lambda good: [None, *map(str, good[1:])],
    "a missing value of pandas": lambda good: pd.Series([pd.NA, *good[1:]]),
    "a list inside": lambda good: [[1], *good[1:]],
    "a dictionary inside": lambda good: [{}, *good[1:]],
    "sparse": lambda good: scipy.sparse.csr_array([good]),
    "gradient": lambda good: torch.tensor(np.asarray(good, float), requires_grad=True),
    "complex": lambda good: np.asarray(good) + 1j,
}
GROUPS = {**LABELS, **NONE, "one group": lambda good: [0] * len(good)}
GROUPS["each its own"] = lambda good: list(range(len(good)))
CLASSES = {**LABELS, **NONE, "continuous": lambda good: np.asarray(good) + 0.1}
CLASSES["infinity"] = lambda good: edit(good, 0, INF, float)
NAMES = {
    **constants(text="names", number=3, function=len, dictionary={"a": 1}, empty=[]),
    "one short": lambda good: good[:-1],
    "one more": lambda good: [*good, "more"],
    "two columns": lambda good: np.column_stack([good, good]),
    "generator": lambda good: (name for name in good),
}
AXES = {
    **constants(number=3, text="axes", list_of_numbers=[3], nan=NAN, dictionary={}),
    "figure": lambda good: Figure(),
    "too many": lambda good: Figure().subplots(1, 5),
    "none at all": lambda good: [],
}
LAYOUT = constants(
    text="rows", number=3, dictionary={"n_edges": 10}, type=BarcodeLayout, nan=NAN
)
LAYOUT["of another width"] = lambda good: BarcodeLayout(3)
DECOMPOSITION = constants(
    none=None, text="level", number=3, dictionary={}, array=np.ones((2, 2))
)
DECOMPOSITION["of barcodes"] = lambda good: decompose_distance([[0.2, 0.5, 0.1]])
# Values of whole parameters that are neither numbers nor arrays.
SEED = constants(text="0", minus_one=-1, fraction=1.5, nan=NAN, list_of_words=["a"])
SEED["generator of NumPy"] = lambda good: np.random.default_rng(0)
JOBS = constants(text="2", zero=0, fraction=1.5, nan=NAN, list=[1], complex=1j)
MEMORY = constants(number=3, fraction=1.5, list=["folder"], true=True, dictionary={})
DIMENSIONS = constants(
    text="01",
    number=0,
    none=None,
    empty=(),
    two=(2,),
    minus_one=(-1,),
    three=(0, 1, 2),
    words=("0",),
    nested=([0],),
    nan=(NAN,),
    dictionary={0: 1},
)
ESTIMATOR = constants(
    none=None,
    text="model",
    number=3,
    type=GraphPersistence,
    unfitted_persistence=GraphPersistence(),
    unfitted_clusterer=TopClusterer(2),
    unfitted_connectome=FunctionalConnectome(),
    unfitted_pipeline=make_pipeline(PCA(2), TopClusterer(2)),
    unfitted_classifier=SVC(),
    dictionary={},
    array=np.ones((3, 3)),
)
CANDIDATES = constants(
    none=None,
    empty={},
    list=[],
    text="SVC",
    number=3,
    estimator=SVC(),
    value_is_a_number={"a": 3},
    value_is_none={"a": None},
    value_is_a_class={"a": SVC},
    tuple_of_one={"a": (SVC(),)},
    grid_of_words={"a": (SVC(), ["x"])},
    grid_of_numbers={"a": (SVC(), {"C": 3})},
    grid_is_empty={"a": (SVC(), [])},
    grid_without_values={"a": (SVC(), {"C": []})},
    grid_of_unknown_names={"a": (SVC(), {"nope": [1]})},
    grid_of_numbered_names={"a": (SVC(), {3: [1]})},
)
FOLDS = constants(
    text="5",
    zero=0,
    one=1,
    minus_one=-1,
    fraction=2.5,
    empty=[],
    nan=NAN,
    too_many=100,
    numbers=[1, 2],
    words=[("a", "b")],
    object=object(),
)
SCORING = constants(unknown="nope", number=3, empty=[], dictionary={"a": 3}, nan=NAN)
TABLE = constants(
    none=None,
    text="table",
    number=3,
    dictionary={},
    list=[],
    array=np.ones((2, 2)),
    empty_frame=pd.DataFrame(),
    other_frame=pd.DataFrame({"a": [1]}),
)
