"""Topology of networks while they train; empty in this version."""

__all__: list[str] = []
