"""Topology of networks while they train, and across checkpoints."""

from sktopo.training._callbacks import (
    lightning_callback,
    skorch_callback,
    transformers_callback,
)
from sktopo.training._monitor import TopologyMonitor
from sktopo.training._stopping import StoppingRule

__all__ = [
    "StoppingRule",
    "TopologyMonitor",
    "lightning_callback",
    "skorch_callback",
    "transformers_callback",
]
