"""`python -m fanout.assembly cdk.out python app.py`: as the CDK CLI runs an app, unless nothing changed since it last did.

With `--anew` before the folder, and wherever CI is set, the app always runs.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fanout.assembly.kept import Assembly
from fanout.errors import Unusable
from fanout.project import find_root

USAGE = "usage: python -m fanout.assembly [--anew] FOLDER PROGRAM [ARGUMENT ...]"
ANEW = "--anew"


def main(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> int:
    """Exit status: the program's own, and 2 for a command line that cannot be used."""
    anew = bool(environment.get("CI")) or arguments[:1] == [ANEW]
    folder, *program = [each for each in arguments if each != ANEW] or [""]
    if not folder or not program:
        print(f"error: {USAGE}", file=sys.stderr)
        return 2
    root = find_root()
    told = {"CDK_OUTDIR": folder, "CDK_CONTEXT_JSON": json.dumps(context(root))}
    assembly = Assembly(root, root / folder, program, {**environment, **told})
    with assembly.lock() as descriptor:
        said = None if anew else assembly.kept()
        if said is None:
            return _made(assembly, descriptor)
    sys.stderr.write(said)
    print(f"{folder}: {_counted(assembly.folder)}, as they were: nothing changed")
    return 0


def context(root: Path) -> dict[str, Any]:
    """What the CDK CLI hands to an app: of cdk.json, and what it has looked up."""
    read = _read(root / "cdk.json").get("context", {})
    own = read if isinstance(read, dict) else {}
    return own | (_read(found) if (found := root / "cdk.context.json").is_file() else {})


def _read(file: Path) -> dict[str, Any]:
    """Raises Unusable."""
    try:
        found = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise Unusable(f"{file}: {error.strerror}") from None
    except ValueError as error:
        raise Unusable(f"{file}: not JSON: {error}") from None
    if not isinstance(found, dict):
        raise Unusable(f"{file}: not an object of JSON")
    return found


def _made(assembly: Assembly, descriptor: int) -> int:
    assembly.forget()
    before, lines = assembly.key(), []
    with subprocess.Popen(
        assembly.program,
        cwd=assembly.root,
        env=dict(assembly.environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        pass_fds=[descriptor],
    ) as program:
        assert program.stdout is not None
        for line in program.stdout:
            sys.stderr.write(line)
            lines.append(line)
    if program.returncode:
        return program.returncode if program.returncode > 0 else 1
    assembly.keep(before, "".join(lines))
    print(f"{assembly.folder.name}: {_counted(assembly.folder)}")
    return 0


def _counted(folder: Path) -> str:
    return f"templates of {len(list(folder.glob('*template.json')))} environments"


if __name__ == "__main__":
    try:
        status = main(sys.argv[1:])
    except KeyboardInterrupt:
        status = 130
    except (Unusable, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        status = 2
    sys.exit(status)
