"""Readers of recordings and connectomes, small data sets, and simulated ones."""

from sktopo.datasets._celegans import load_celegans
from sktopo.datasets._connectomes import read_connectomes
from sktopo.datasets._digit_networks import load_digit_networks
from sktopo.datasets._fmri_recording import load_fmri_recording
from sktopo.datasets._modular import make_modular_connectomes
from sktopo.datasets._recordings import read_recordings
from sktopo.datasets._states import make_state_recordings
from sktopo.datasets._training import train_digit_networks

__all__ = [
    "load_celegans",
    "load_digit_networks",
    "load_fmri_recording",
    "make_modular_connectomes",
    "make_state_recordings",
    "read_connectomes",
    "read_recordings",
    "train_digit_networks",
]
