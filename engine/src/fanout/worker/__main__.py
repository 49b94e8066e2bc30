"""`python -m fanout.worker`: a worker where the command `fanout` is not installed, as in an image that a stack builds.

The task is the environment's, and stands as in a function's zip: in the working directory.
"""

import argparse
import os
import signal
import sys
from pathlib import Path


def main() -> None:
    signal.signal(
        signal.SIGTERM, lambda *_: os._exit(0)
    )  # until the worker heeds it: process 1 of a container would ignore it
    from fanout.errors import UserError, fault
    from fanout.worker.process import Options, leave, run

    parser = argparse.ArgumentParser(
        prog="python -m fanout.worker", description="Works on a task's events until SIGTERM."
    )
    parser.add_argument("--health", metavar="FILE", type=Path, help="write there every few seconds whether it lives")
    parser.add_argument("--port", metavar="N", type=int, help="answer GET /live and /ready there")
    parser.add_argument("--host", metavar="ADDRESS", default="127.0.0.1", help="for --port")
    asked = parser.parse_args()
    try:
        status = run(Options([os.getcwd()], asked.health, asked.host, asked.port))
    except UserError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        status = 2
    except Exception as error:
        print(f"error: {fault(error)}", file=sys.stderr)
        status = 2
    leave(status)


if __name__ == "__main__":
    main()
