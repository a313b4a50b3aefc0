"""Transformers applied to one sample at a time, whatever stage they belong to."""

from sktopo._samplewise._estimator import SampleWise

__all__ = ["SampleWise"]
