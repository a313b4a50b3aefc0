"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from uuid import uuid4


@contextmanager
def replace_file(path):
    """Open a file for bytes that takes the place of `path` when it is closed.

    If an error is raised, or the run is killed, `path` is as it was before.
    """
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        with part.open("wb") as file:
            yield file
        os.replace(part, path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
