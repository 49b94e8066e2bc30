"""The `fanout` command, as far as it goes without any extra: its version, and one line where it cannot go on."""

import atexit
import gc
import sys

from fanout.errors import fault
from fanout.installed import another_version, missing, version
from fanout.project import find_root

READ_TEMPLATES = frozenset({"check", "cost", "diff", "docs"})
"""Commands that read templates into millions of objects, which all stay until they end: looking for circles among them takes a quarter
of their time."""
NEW_OBJECTS = 100_000
"""Of the other commands: after so many Python looks for circles, instead of after 700."""
WRONG = 2
"""Exit status of every error that a person can mend."""


def main() -> None:
    """Runs a command; with another version of the engine than the app here has, none."""
    reads_templates = bool(READ_TEMPLATES.intersection(sys.argv[1:2]))
    gc.set_threshold(0 if reads_templates else NEW_OBJECTS)
    if reads_templates:
        atexit.register(gc.freeze)  # nor when Python itself ends
    if sys.argv[1:] == ["--version"]:
        print(f"fanout {version()}")
        return
    if line := another_version(find_root()):
        _end(line)
    try:
        from fanout.cli.main import main as run

        run()
    except ModuleNotFoundError as error:
        line = missing(f"`{' '.join(['fanout', *sys.argv[1:2]])}`", error.name)
        _end(line or fault(error))


def _end(line: str) -> None:
    print(f"error: {line}", file=sys.stderr)
    sys.exit(WRONG)


if __name__ == "__main__":
    main()
