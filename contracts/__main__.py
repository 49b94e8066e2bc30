"""`python -m contracts` writes the validator that the tasks run; `--check` says whether it is current."""

import argparse
import sys
from pathlib import Path

from contracts.validator import validator_code

GENERATED = Path(__file__).parents[1] / "lambdas" / "shared" / "form_submitted_v1.py"


def main(arguments: list[str] | None = None, *, generated: Path = GENERATED) -> int:
    """Write `generated`, or compare with it; the exit status: 0, or 1 when it is not current."""
    parser = argparse.ArgumentParser(prog="python -m contracts", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if the validator is not current")
    check = parser.parse_args(arguments).check
    code = validator_code()
    if not check:
        generated.write_text(code, "utf-8")
    elif not generated.exists() or generated.read_text("utf-8") != code:
        print(f"{generated} is not what the schema says: run python -m contracts", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
