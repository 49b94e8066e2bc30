"""Breaks any task: its handler is replaced, on the embedded AWS, by one that fails each event; and put back."""

import io
import zipfile
from pathlib import Path

from fanout.local.evidence import Evidence

KEPT = "before-the-drill.zip"
RAISES = """\
from typing import Union

import events
from fanout.runtime import TransientError, handler_of


def broken(event):
    raise TransientError("broken on purpose by the drill")


broken.__annotations__["event"] = Union[tuple(getattr(events, name) for name in events.__all__)]
{name} = handler_of(broken)
"""


def put(seen: Evidence, task: str) -> None:
    """The code before is kept in the run's folder."""
    function = seen.stack.subscriber(task).function_name
    code = seen.emulator.code_of(function)
    _kept(seen, task).write_bytes(code)
    configuration = seen.session.client("lambda").get_function_configuration(FunctionName=function)
    module, _, name = configuration["Handler"].rpartition(".")
    _update(seen, function, _with(code, f"{module.replace('.', '/')}.py", RAISES.format(name=name)))


def take_back(seen: Evidence, task: str) -> None:
    _update(seen, seen.stack.subscriber(task).function_name, _kept(seen, task).read_bytes())


def _kept(seen: Evidence, task: str) -> Path:
    return seen.emulator.state.folder / f"{task}-{KEPT}"


def _update(seen: Evidence, function: str, code: bytes) -> None:
    functions = seen.session.client("lambda")
    functions.update_function_code(FunctionName=function, ZipFile=code)
    functions.get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig={"Delay": 1})


def _with(code: bytes, name: str, text: str) -> bytes:
    """The same zip, with another text in one of its files."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(code)) as before, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as after:
        for each in before.infolist():
            after.writestr(each, text if each.filename == name else before.read(each))
    return changed.getvalue()
