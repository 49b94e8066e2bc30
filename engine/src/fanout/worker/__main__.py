"""`python -m fanout.worker`: a worker in a container, told by its environment alone. It needs no package but boto3."""

import argparse
import sys
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m fanout.worker")
    parser.add_argument("--health", metavar="FILE", type=Path, help="write there every few seconds whether it lives")
    health = parser.parse_args().health
    from fanout.errors import UserError
    from fanout.worker.process import Options, leave, run  # the runtime reads its variables when it is imported

    try:
        status = run(Options(paths=[str(Path.cwd())], health_file=health))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        status = 2
    leave(status)


if __name__ == "__main__":
    main()
