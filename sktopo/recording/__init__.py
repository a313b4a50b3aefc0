"""Networks to activations: recording the units of networks shown stimuli."""

from sktopo.recording._extractor import ActivationExtractor

__all__ = ["ActivationExtractor"]
