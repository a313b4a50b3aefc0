"""Activations to rows that describe representations: what lies where among stimuli.

Connectomes relate single units. These rows describe what all units of a layer hold
together, which no rotation of the units changes. :class:`~sktopo.StimulusGeometry`
needs the same stimuli for all networks, :class:`~sktopo.CovarianceSpectrum` does not.
"""

from sktopo.representations._covariance_spectrum import CovarianceSpectrum
from sktopo.representations._spectra import gram_row, log_spectrum
from sktopo.representations._stimulus_geometry import StimulusGeometry

__all__ = ["CovarianceSpectrum", "StimulusGeometry", "gram_row", "log_spectrum"]
