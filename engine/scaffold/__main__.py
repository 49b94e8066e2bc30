"""`python -m scaffold` in engine/ writes src/fanout/scaffold/files/ anew; `--check` says whether it is current."""

import sys
from pathlib import Path

from scaffold.derive import derived
from scaffold.edits import Stale
from scaffold.sources import TASK

ENGINE = Path(__file__).parents[1]
FILES = ENGINE / "src" / "fanout" / "scaffold" / "files"


def main(arguments: list[str], *, root: Path = ENGINE.parent, files: Path = FILES) -> int:
    """The exit status: 0, 1 when a file is not current, 2 when the app is no longer what the edits were written for.

    Who adopts this repository may have deleted the task that it is derived from: then all stays as it was.
    """
    if not (root / "lambdas" / TASK).is_dir():
        print(f"the app has no task {TASK}: what `fanout init` writes stays as it was")
        return 0
    try:
        wanted = derived(root)
    except Stale as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    found = {path.relative_to(files).as_posix(): path for path in sorted(files.rglob("*")) if path.is_file()}
    stale = [name for name, text in wanted.items() if name not in found or found[name].read_text("utf-8") != text]
    left_over = [name for name in found if name not in wanted]
    if arguments == ["--check"]:
        if stale or left_over:
            print(f"error: {[*stale, *left_over][0]} is not what the app is now: run `make scaffold`", file=sys.stderr)
        return 1 if stale or left_over else 0
    for name in stale:
        (files / name).parent.mkdir(parents=True, exist_ok=True)
        (files / name).write_text(wanted[name], "utf-8")
    for name in left_over:
        found[name].unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
