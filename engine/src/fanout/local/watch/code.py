"""Puts a task's code, as it is on disk now, into its function on the embedded AWS: one call, without the CDK."""

import io
import json
import zipfile
from hashlib import sha256
from pathlib import Path

from fanout.local.emulator.state import State
from fanout.local.evidence import Evidence
from fanout.packaging.zip_contents import zip_files
from fanout.project import find_root

MARK = "code-put-by-hand.json"
"""Of the run's folder: tasks whose code CloudFormation does not know."""


def put(seen: Evidence, task: str) -> None:
    """The next invocation runs it; one under way finishes with the code before."""
    function = seen.stack.subscriber(task).function_name
    mark = _mark(seen)
    mark.write_text(json.dumps(sorted({*_marked(mark), task})))
    seen.session.client("lambda").update_function_code(FunctionName=function, ZipFile=zipped(task))


def put_again(seen: Evidence) -> None:
    """After a deployment, which leaves alone what looks unchanged to it: what is on disk runs, whatever was put before."""
    mark = _mark(seen)
    for task in _marked(mark):
        if task in seen.stack.tasks:
            put(seen, task)
    mark.unlink(missing_ok=True)


def is_put(state: State) -> bool:
    """Whether any task runs what CloudFormation does not know."""
    return (state.folder / MARK).exists()


def zipped(task: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, name in sorted(zip_files(find_root(), task), key=lambda each: each[1]):
            archive.writestr(zipfile.ZipInfo(name), path.read_bytes())
    return made.getvalue()


def fingerprint(task: str) -> str:
    return sha256(zipped(task)).hexdigest()


def _mark(seen: Evidence) -> Path:
    return seen.emulator.state.folder / MARK


def _marked(mark: Path) -> list[str]:
    try:
        return [str(each) for each in json.loads(mark.read_text())]
    except (OSError, ValueError):
        return []
