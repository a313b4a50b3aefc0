"""What is read from the signature of a network's forward."""

import pytest

from sktopo.recording._forward import (
    count_required,
    describe_forward,
    find_misfit,
    takes,
    takes_any_keyword,
)

torch = pytest.importorskip("torch")
nn = torch.nn


class Pair(nn.Module):
    """Takes two inputs."""

    def forward(self, x, y, *, scale: float = 1.0):
        return scale * (x + y)


class Wrapper(nn.Module):
    """Hands on what it is given."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, *args, **kwargs):
        return self.module(*args, **kwargs)


class Anything(nn.Module):
    """Takes anything."""

    def forward(self, *args, **kwargs):
        return args[0]


class Named(nn.Module):
    """Takes named inputs and any others."""

    def forward(self, ids=None, mask=None, **kwargs):
        return ids


@pytest.mark.parametrize("wrap", [lambda n: n, Wrapper, lambda n: Wrapper(Wrapper(n))])
def test_wrappers_take_what_the_network_in_them_takes(wrap):
    network = wrap(Pair())
    assert describe_forward(network) == "forward(x, y, *, scale=1.0)".replace("*, ", "")
    assert count_required(network) == 2
    assert takes(network, "scale")
    assert not takes(network, "z")
    assert not takes_any_keyword(network)
    assert find_misfit(network, 2, []) is None
    assert find_misfit(network, 1, ["y", "scale"]) is None
    assert "'y'" in find_misfit(network, 1, [])
    assert "'z'" in find_misfit(network, 2, ["z", "scale"])


def test_parallel_networks():
    assert count_required(nn.DataParallel(Pair())) == 2


def test_forwards_that_take_anything():
    assert count_required(Anything()) == 1
    assert takes_any_keyword(Anything())
    assert find_misfit(Anything(), 3, ["z"]) is None
    assert describe_forward(Anything()) == "forward(*args, **kwargs)"


def test_keywords_of_which_none_is_a_parameter():
    assert find_misfit(Named(), 0, ["ids", "other"]) is None
    assert find_misfit(Named(), 0, ["other"]) == (
        "it has none of the parameters 'other'."
    )
    assert find_misfit(Named(), 0, ["ids", "masks"]) == (
        "'masks' is not a parameter of it, did you mean 'mask'?"
    )


def test_long_signatures_are_cut():
    class Long(nn.Module):
        def forward(self, a, b, c, d, e, f, g, h, i):
            return a

    assert describe_forward(Long()) == "forward(a, b, c, d, e, f, g, h, ...)"
