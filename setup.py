"""The README as PyPI can show it; all else that the package is stands in setup.cfg."""

import re
from pathlib import Path

from setuptools import setup

readme = Path(__file__).with_name("README.md").read_text(encoding="utf-8")
# PyPI shows no files of the repository: pictures go with their captions, which are in
# italics, and links to files become text.
picture = r'(?:!\[[^]]*]\((?!https://)[^)]*\)|<img src="(?!https://)[^>]*>)'
readme = re.sub(picture + r"\n+(?:\*[^*]+\*\n+)?", "", readme)
readme = re.sub(r"\[([^]]*)]\((?!https://)[^)]*\)", r"\1", readme)

setup(long_description=readme)
