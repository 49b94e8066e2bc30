"""Precision and recall over all cases, and each case that is wrong."""

import sys

from tests.unit.checks.bench.cases import cases, of_rules


def main() -> int:
    found = missed = false = spared = 0
    every = [*cases(), *of_rules()]
    for case in every:
        rules = case.rules()
        absent, wrong = (
            [each for each in case.finds if each not in rules],
            [each for each in case.spares if each in rules],
        )
        found, missed = found + len(case.finds) - len(absent), missed + len(absent)
        false, spared = false + len(wrong), spared + len(case.spares) - len(wrong)
        for word, some in (("missed", absent), ("false", wrong)):
            for each in some:
                print(f"{word}: {each}: {case.id}")
    print(
        f"{len(every)} templates: recall {found} of {found + missed}; {false} false of {false + spared} that must be spared"
    )
    return 1 if missed or false else 0


if __name__ == "__main__":
    sys.exit(main())
