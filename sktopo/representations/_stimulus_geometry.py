"""The geometry of stimuli in each network, as rows that can be compared."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from sktopo._utils.nodes import name_edges
from sktopo._utils.parameters import check_integer, check_positive, read_random_state
from sktopo.representations._base import LayerTransformer
from sktopo.representations._spectra import compute_gram_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Literal

    from numpy.typing import ArrayLike

    from sktopo._typing import RandomState


class StimulusGeometry(LayerTransformer):
    r"""Describe each network by which stimuli lie near each other, in each layer.

    Networks that were shown the same stimuli, in the same order, become rows whose
    Euclidean distance compares the similarities of stimuli: with Z the activations of
    a layer, less the mean of each node, and K = Z Zᵀ, the row holds the power
    :math:`K^p / \lVert K^p \rVert_F`. Nodes are not matched, so networks may differ in
    their widths.

    Parameters
    ----------
    power : float, default=0.5
        The power p, above 0. For 1, the squared distance is 2 - 2 CKA, with linear
        CKA [1]_; for 0.5 the distance is near that of Procrustes, see Notes. Smaller
        powers give weak directions of the activations more influence.

    groups : array-like (n_nodes,), list, mapping, "layer" or None, default=None
        The layer of each node. Each layer has a block of columns. "layer" reads it
        from the names of nodes, such as ``"fc1[0]"``, so samples must be data frames,
        which ``ActivationExtractor().set_output(transform="pandas")`` returns. For
        networks of different widths, a list with such an array for each sample of
        `fit`, or a mapping from each number of nodes to one. None: all nodes together.

    balance : bool, default=True
        Whether `fit` learns factors with which the blocks of all layers have the same
        variance. Their mean variance stays what it was. A block that does not vary, or
        by rounding only, keeps its scale.

    n_stimuli : int or None, default=None
        If given, the rows are computed from so many stimuli, which `fit` draws at
        random, the same ones for all networks. A block has ``n_stimuli * (n_stimuli +
        1) / 2`` columns.

    random_state : int, RandomState instance or None, default=None
        Which stimuli are drawn. Give an integer for reproducible results.

    n_jobs : int or None, default=None
        Number of networks to work on at once, see :term:`n_jobs`; threads are
        preferred.

    verbose : bool, default=False
        Whether to show a progress bar (needs tqdm).

    Attributes
    ----------
    group_slices_ : dict of str to slice
        Which columns belong to which layer; ``"all"`` without groups.

    scales_ : dict of str to float
        The factor that balances each block.

    group_names_ : list of str
        The names of the layers, in the order of their first node; empty without groups.

    members_ : dict of int to ndarray of shape (n_nodes,)
        For each number of nodes the layer of each node, an index into `group_names_`;
        empty without groups, and if data frames of different widths name them.

    n_stimuli_in_ : int
        The number of stimuli that every network must have seen.

    stimulus_indices_ : ndarray of shape (n_stimuli,)
        Which stimuli are used, ascending.

    stimulus_names_ : ndarray of shape (`n_stimuli_in_`,) or None
        The index of the first data frame, which all others must have too; None if no
        sample was a data frame with an index.

    input_kind_ : {"samples", "ragged samples", "table"}
        What was fitted. Samples are ragged if they differ in their number of nodes.

    n_features_in_ : int
        Number of nodes, if all samples have the same; number of stimuli of a table.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the nodes, if X was a sequence of data frames, or of the stimuli of a
        table.

    See Also
    --------
    CovarianceSpectrum : Compares networks that saw different stimuli.
    sktopo.representations.gram_row : The row of one layer.

    Notes
    -----
    *Invariance.* Rotations and permutations of the nodes, offsets of single nodes and
    a common factor of a layer change nothing.

    *Distances.* Rows of one layer have length 1, so their squared distance is 2 - 2s
    with the inner product s of the powers. For p = 1, s is CKA. For p = 1/2,
    :math:`s = \mathrm{tr}(K_1^{1/2} K_2^{1/2})`, of matrices of trace 1. The Procrustes
    distance b between the activations, each scaled to Frobenius norm 1, is the Bures
    distance between K1 and K2 [2]_: :math:`b^2 = 2 - 2 F` with the nuclear norm F of
    :math:`K_1^{1/2} K_2^{1/2}`. Since :math:`F^2 \le s \le F`, the distance d between
    rows lies between the two: :math:`b \le d \le \sqrt 2\, b`, with d = b where the
    matrices commute. Unlike b, it is Euclidean in the rows, so the mean of rows is
    their barycenter and kernels are positive definite. With several layers, squared
    distances add up, each times the square of its factor in `scales_`.

    *Sizes.* Columns of a block are the diagonal, then the pairs of stimuli in the
    order of :func:`scipy.spatial.distance.squareform`, times :math:`\sqrt 2`. They grow
    with the square of the number of stimuli: 2,000 stimuli make 2 million columns, 16
    MB a network and layer. If there is not enough memory, an error says so before any
    work. Time is that of a singular value decomposition of the activations of each
    layer, and of one product of matrices.

    *Order.* The order of stimuli cannot be seen in arrays; data frames must have the
    same index.

    *Constant nodes.* If no node of a layer varies, its columns are 0, which is at
    distance 1 from all other networks, and a warning says so.

    References
    ----------
    .. [1] Kornblith et al., "Similarity of neural network representations revisited",
       ICML 2019, eq. 3 and 4.
    .. [2] Harvey et al., "Duality of Bures and shape distances with implications for
       comparing neural representations", UniReps 2023, PMLR 243:60-75,
       arXiv:2311.11436.

    Examples
    --------
    >>> import numpy as np
    >>> from sktopo import StimulusGeometry
    >>> activations = np.random.default_rng(0).normal(size=(20, 5))
    >>> rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(5, 5)))[0]
    >>> networks = [activations, activations @ rotation, activations[:, :3]]
    >>> rows = StimulusGeometry().fit_transform(networks)
    >>> np.linalg.norm(rows - rows[0], axis=1).round(2)
    array([0.  , 0.  , 0.69])
    """

    def __init__(
        self,
        power: float = 0.5,
        *,
        groups: ArrayLike
        | Literal["layer"]
        | Sequence[ArrayLike]
        | Mapping[int, ArrayLike]
        | None = None,
        balance: bool = True,
        n_stimuli: int | None = None,
        random_state: RandomState = None,
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None:
        self.power = power
        self.groups = groups
        self.balance = balance
        self.n_stimuli = n_stimuli
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    def _check_parameters(self):
        super()._check_parameters()
        check_positive("power", self.power)
        if self.n_stimuli is not None:
            check_integer("n_stimuli", self.n_stimuli, 2)
        read_random_state(self.random_state)

    def _choose(self, samples, given, *, reset):
        """Take the stimuli that are used; with `reset` draw them."""
        self._check_stimuli(samples, given, reset=reset)
        if reset:
            self.stimulus_indices_ = self._draw()
        if len(self.stimulus_indices_) == self.n_stimuli_in_:
            return samples
        return [sample[self.stimulus_indices_] for sample in samples]

    def _draw(self):
        """Draw the stimuli that are used: their positions, ascending."""
        n_stimuli = self.n_stimuli
        if n_stimuli is None:
            return np.arange(self.n_stimuli_in_)
        if n_stimuli > self.n_stimuli_in_:
            raise ValueError(
                f"n_stimuli={n_stimuli} is more than the {self.n_stimuli_in_} stimuli "
                "of X."
            )
        order = read_random_state(self.random_state).permutation(self.n_stimuli_in_)
        return np.sort(order[:n_stimuli])

    def _count_columns(self, sample, members):
        n_layers = max(len(self.group_names_), 1)
        return [len(sample) * (len(sample) + 1) // 2] * n_layers

    def _find_scale(self, size):
        return 1.0

    def _make_function(self):
        return partial(compute_gram_row, power=self.power)

    def _count_working_bytes(self, n_stimuli, n_nodes):
        """Count the bytes that a row needs: copies of the activations, two matrices."""
        return 8 * (4 * n_stimuli * n_nodes + 3 * n_stimuli**2)

    def _describe_size(self, samples):
        what = f"the pairs of {len(samples[0]):,} stimuli"
        return what, "n_stimuli of StimulusGeometry draws fewer stimuli"

    def _make_namer(self):
        stimuli = [f"stimulus{k}" for k in self.stimulus_indices_]
        return partial(_name_columns, list(self.group_slices_), stimuli)


def _name_columns(layers, stimuli, positions):
    """Name the columns at positions of a row, with a block for each layer."""
    n_stimuli = len(stimuli)
    block, place = np.divmod(np.asarray(positions), n_stimuli * (n_stimuli + 1) // 2)
    inside = np.empty(len(place), dtype=object)
    alone = place < n_stimuli
    inside[alone] = [stimuli[k] for k in place[alone]]
    inside[~alone] = name_edges(stimuli, place[~alone] - n_stimuli)
    pairs = zip(block.tolist(), inside, strict=True)
    return np.array([f"{layers[k]}[{name}]" for k, name in pairs], dtype=object)
