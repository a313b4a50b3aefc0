"""Reports of comparisons for colleagues who do not program: one HTML file each.

The extra ``report`` installs what they need: Jinja2, matplotlib and pandas.
"""

from sktopo.reporting._report import Report

__all__ = ["Report"]
