"""`make adopter`: copies the checkout, adopts it as its documents say, and runs what `make test` would say of the app.

First a task is added by the README, to the letter. Then, in another copy, the examples are deleted, and a filtered task
and a settings entry are added. Each time `make snapshot docs` is all that follows, and no other file is touched.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.adopter.checkout import Checkout, block, copy_of
from tests.adopter.examples import delete_examples
from tests.places import REPOSITORY

MAKE = ["make", "--no-print-directory", "--old-file=.venv/.installed", "--old-file=node_modules/.installed"]
"""What is linked into a copy is installed, and installed by nobody else."""
ACCEPT = [*MAKE, "snapshot", "docs"]
CHECKS = [
    [*MAKE, "lint", "gate"],
    [".venv/bin/mypy"],
    [".venv/bin/python", "-m", "pytest", "-q"],
    [*MAKE, "-C", "engine", "documents"],
]
"""`make test`, but for the engine's tests that read nothing of the app."""

MADE = ("tests/snapshots/", "docs/catalog/", "README.md", "engine/tests/infra/snapshots/")
"""What `make snapshot docs` may write."""


def add_the_readmes_task(app: Checkout) -> None:
    app.add_task("sync_crm", block(app.readme, "handler"), block(app.readme, "call"))


def start_with_ones_own(app: Checkout) -> None:
    delete_examples(app)
    handler = block(app.readme, "handler").replace("sync_crm", "record_lead")
    call = block(app.readme, "filtered-call").replace("SyncCrm", "RecordLead").replace("sync_crm", "record_lead")
    app.add_task("record_lead", handler, call)
    app.write(
        "tests/tasks/record_lead/test_record_lead.py",
        block(app.contributing, "test-your-task").replace("sync_crm", "record_lead"),
    )
    app.add_entry("qa", like="DEV")


def main() -> int:
    chosen = {"add": add_the_readmes_task, "own": start_with_ones_own}
    names = sys.argv[1:] or list(chosen)
    for name in names:
        with tempfile.TemporaryDirectory(prefix="adopter-") as folder:
            began = time.monotonic()
            app = copy_of(REPOSITORY, Path(folder) / "app")
            chosen[name](app)
            ours = app.changed()
            app.run(ACCEPT)
            for command in CHECKS:
                app.run(command)
            if others := [path for path in app.changed() - ours if not path.startswith(MADE)]:
                print(f"error: {name}: more was written than snapshots and documents: {others}", file=sys.stderr)
                return 1
            print(f"adopter {name}: passed in {time.monotonic() - began:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        print(f"error: in the copy, {' '.join(error.cmd)} ended with {error.returncode}", file=sys.stderr)
        sys.exit(1)
