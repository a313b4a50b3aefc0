"""Networks to activations: recording the units of networks shown stimuli."""

from sktopo.recording._checkpoints import Checkpoints
from sktopo.recording._extractor import ActivationExtractor
from sktopo.recording._heads import split_heads
from sktopo.recording._interaction_basis import InteractionBasis

__all__ = ["ActivationExtractor", "Checkpoints", "InteractionBasis", "split_heads"]
