"""Networks to study offline, and connectomes with known groups."""

from sktopo.datasets._digit_networks import load_digit_networks
from sktopo.datasets._modular import make_modular_connectomes

__all__ = ["load_digit_networks", "make_modular_connectomes"]
