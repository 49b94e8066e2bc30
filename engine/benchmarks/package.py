"""Package: what is sent to Lambda, zipped as the CDK does it. One count: it is no matter of chance.

The layer and the functions' zips as they are, and as bytecode would make them (docs/adr/0030-cold-start.md says why it
does not). The bytecode is of the Python that measures.
"""

import os
import sys
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

from benchmarks.harness.measuring import APP, Say, run
from benchmarks.harness.rows import Row, at_most, row
from fanout.packaging.dependencies import dependencies_of
from fanout.packaging.targets import aws_target
from fanout.packaging.zip_contents import zip_contents


def measure(say: Say) -> Iterator[Row]:
    for task in [handler.parent.name for handler in sorted(APP.glob("lambdas/*/handler.py"))]:
        say(task)
        folder = zip_contents(APP, task)
        yield row(f"the zip of {task}", _kilobytes(folder), unit="kB", goal=at_most(24))
        yield row(f"the zip of {task} with bytecode", _kilobytes(folder, bytecode=True), unit="kB")
        if layer := dependencies_of(APP, task, aws_target()):
            yield row(f"the layer of {task}", _kilobytes(layer), unit="kB", goal=at_most(1_500))
            yield row(f"the layer of {task} with bytecode", _kilobytes(layer, bytecode=True), unit="kB")


def _kilobytes(folder: Path, *, bytecode: bool = False) -> float:
    with TemporaryDirectory() as made:
        copy = copytree(folder, Path(made) / "copy")
        if bytecode:
            command = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(copy)]
            run(command, environment=os.environ)
        return _zipped(copy) / 1000


def _zipped(folder: Path) -> int:
    held = BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return held.tell()
