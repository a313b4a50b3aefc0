"""Attention heads as nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sktopo._utils.parameters import check_integer, check_option

if TYPE_CHECKING:
    from typing import Literal

    import torch


class split_heads:
    """Make a node of each attention head: a value for the `reduce` parameter.

    The input of the output projection of an attention layer holds the outputs of its
    heads side by side. At each position the outputs of a head become one number; a
    node is the mean of that number over the positions that count.

    Parameters
    ----------
    n_heads : int
        Number of heads; it must divide the number of features.

    statistic : {"norm", "mean"}, default="norm"
        The number that stands for a head at a position: the Euclidean norm of its
        outputs, or their mean.

    Raises
    ------
    ValueError
        If a parameter is out of range, or, when called, if the number of features is
        not a multiple of `n_heads`.

    See Also
    --------
    sktopo.ActivationExtractor : Takes it as the parameter `reduce`.

    Examples
    --------
    >>> import torch
    >>> from sktopo.recording import split_heads
    >>> outputs = torch.ones(2, 5, 12)  # 2 stimuli, 5 positions, 3 heads of 4 features
    >>> split_heads(3)(outputs, None).tolist()
    [[2.0, 2.0, 2.0], [2.0, 2.0, 2.0]]
    """

    def __init__(
        self, n_heads: int, statistic: Literal["norm", "mean"] = "norm"
    ) -> None:
        check_integer("n_heads", n_heads, 1)
        check_option("statistic", statistic, ("norm", "mean"))
        self.n_heads = n_heads
        self.statistic = statistic

    def __repr__(self) -> str:
        return f"split_heads({self.n_heads}, statistic={self.statistic!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, split_heads) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.n_heads, self.statistic))

    def __call__(self, tensor: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """Return the nodes of an output.

        Parameters
        ----------
        tensor : torch.Tensor of shape (n_stimuli, ..., n_features)
            The outputs of the heads, side by side on the last axis.

        mask : torch.Tensor of bool of shape (n_stimuli, n_positions) or None
            The positions that count; None if all do.

        Returns
        -------
        nodes : torch.Tensor of shape (n_stimuli, n_heads)
            The mean over the positions of each head's number.
        """
        n_features = tensor.shape[-1]
        if n_features % self.n_heads:
            raise ValueError(
                f"{n_features} features cannot be split into {self.n_heads} heads."
            )
        heads = tensor.unflatten(-1, (self.n_heads, -1))
        numbers = heads.norm(dim=-1) if self.statistic == "norm" else heads.mean(dim=-1)
        if numbers.ndim == 2:
            return numbers
        numbers = numbers.flatten(1, -2)
        if mask is None:
            return numbers.mean(dim=1)
        counted = numbers.masked_fill(~mask[..., None], 0)
        return counted.sum(dim=1) / mask.sum(dim=1, keepdim=True)
