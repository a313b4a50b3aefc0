"""Small trained networks, and simulated connectomes whose groups are known."""

from sktopo.datasets._digit_networks import load_digit_networks
from sktopo.datasets._modular import make_modular_connectomes
from sktopo.datasets._training import train_digit_networks

__all__ = ["load_digit_networks", "make_modular_connectomes", "train_digit_networks"]
