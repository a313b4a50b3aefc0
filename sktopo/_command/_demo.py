"""``sktopo demo``: compare the bundled networks."""

from sktopo import demo

SUMMARY = "compare the bundled networks, draw figures and save a report"
DESCRIPTION = """\
Compare 80 networks that come with sktopo, trained on handwritten digits with four kinds
of regularisation. Prints how well clusters match the four, and saves figures and, with
the extra report, an HTML page.
"""
EPILOG = """\
examples:
  sktopo demo
  sktopo demo --train --output figures    train the networks first (some minutes)

needs: pip install 'sktopo[torch,plot,tables]', or 'sktopo[torch,report]'
"""

add_arguments = demo.add_arguments
run = demo.run
