"""`python -m fanout.local up`: what `fanout local up` was called in version 0.2; gone in 0.4."""

import sys

from fanout.cli.main import main

sys.argv[1:1] = ["local"]
main()
