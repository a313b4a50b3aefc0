"""Types that signatures share: a stub, for type checkers, that nothing imports."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypeVar

import joblib
import numpy as np
import pandas
import torch
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import BaseCrossValidator, BaseShuffleSplit

S = TypeVar("S", bound=np.generic)

# float32 or float64; with set_output a step returns a data frame in its place.
FloatArray: TypeAlias = NDArray[np.floating[Any]]
IntArray: TypeAlias = NDArray[np.integer[Any]]
Table: TypeAlias = pandas.DataFrame

Network: TypeAlias = torch.nn.Module | Callable[[], torch.nn.Module]
Networks: TypeAlias = Iterable[Network] | Iterable[tuple[Network, "Stimuli"]]
Stimuli: TypeAlias = (
    ArrayLike
    | torch.Tensor
    | Sequence[torch.Tensor]
    | Mapping[str, Any]
    | Iterable[Any]  # batches
)
Samples: TypeAlias = Networks | Stimuli
Layers: TypeAlias = (
    str
    | type
    | Sequence[str | type]
    | Callable[[torch.nn.Module], Sequence[str | type]]
    | None
)
Reduce: TypeAlias = (
    Literal["mean", "max", "last", "observations", "units"]
    | Callable[[torch.Tensor, torch.Tensor | None], torch.Tensor]
)
Diagrams: TypeAlias = Sequence[ArrayLike]  # (n_points, 2) each

Folds: TypeAlias = (
    int
    | BaseCrossValidator
    | BaseShuffleSplit
    | Iterable[tuple[ArrayLike, ArrayLike]]
    | None
)
ManyAxes: TypeAlias = Axes | Sequence[Axes] | NDArray[Any] | None
MemoryLike: TypeAlias = str | joblib.Memory | None
RandomState: TypeAlias = int | np.random.RandomState | None
