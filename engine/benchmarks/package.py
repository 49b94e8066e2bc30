"""Package: what is sent to Lambda, zipped as the CDK does it. One count: it is no matter of chance.

The layer as it is made, and with the bytecode that `make deploy` adds; the functions' zips as they are, and as bytecode
would make them (docs/adr/0030-cold-start.md says why it does not). The bytecode is of the Python that measures.
"""

import os
import sys
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from shutil import copytree, ignore_patterns
from tempfile import TemporaryDirectory

from benchmarks.harness.measuring import APP, Say, run
from benchmarks.harness.rows import Row, at_most, row

LAMBDAS = APP / "lambdas"


def measure(say: Say) -> Iterator[Row]:
    for handler in sorted(LAMBDAS.glob("*/handler.py")):
        task = handler.parent.name
        say(task)
        folders = {name: LAMBDAS / name for name in (task, "shared")}
        yield row(f"the zip of {task}", _kilobytes(folders), unit="kB", goal=at_most(20))
        yield row(f"the zip of {task} with bytecode", _kilobytes(folders, bytecode=True), unit="kB")
    say("the layer")
    layer = {"python": LAMBDAS / ".layer" / "python"}
    yield row("the layer", _kilobytes(layer), unit="kB", goal=at_most(1_500))
    yield row("the layer with bytecode", _kilobytes(layer, bytecode=True), unit="kB", goal=at_most(1_500))


def _kilobytes(folders: dict[str, Path], *, bytecode: bool = False) -> float:
    with TemporaryDirectory() as made:
        for name, folder in folders.items():
            copytree(folder, Path(made) / name, ignore=ignore_patterns("__pycache__"))
        if bytecode:
            command = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", made]
            run(command, environment=os.environ)
        return _zipped(Path(made)) / 1000


def _zipped(folder: Path) -> int:
    held = BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return held.tell()
