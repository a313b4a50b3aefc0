"""Reports of comparisons for readers who do not program; empty in this version."""

__all__: list[str] = []
