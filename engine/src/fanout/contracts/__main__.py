"""`python -m fanout.contracts` writes the validators that the tasks run; `--check` says whether they are current."""

import argparse
import sys
from pathlib import Path

from fanout.contracts.app import heartbeat_schema, schema
from fanout.contracts.validator import validator_code

FOLDER = Path(__file__).parents[1] / "runtime"
GENERATED = {"form_submitted_v1.py": schema, "form_heartbeat_v1.py": heartbeat_schema}
"""By file name: the schema it validates by."""


def main(arguments: list[str] | None = None, *, folder: Path = FOLDER) -> int:
    """Write the files into `folder`, or compare with them; the exit status: 0, or 1 when one is not current."""
    parser = argparse.ArgumentParser(prog="python -m fanout.contracts", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a validator is not current")
    check = parser.parse_args(arguments).check
    stale = 0
    for name, definition in GENERATED.items():
        generated, code = folder / name, validator_code(definition())
        if not check:
            generated.write_text(code, "utf-8")
        elif not generated.exists() or generated.read_text("utf-8") != code:
            print(f"{generated} is not what the schema says: run python -m fanout.contracts", file=sys.stderr)
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main())
