"""Run the command line: ``python -m sktopo``."""

import sys

from sktopo._command import main

if __name__ == "__main__":
    sys.exit(main())
