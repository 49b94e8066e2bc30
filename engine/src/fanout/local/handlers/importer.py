"""The program that imports handlers: each in a process of its own, with the variables and packages of its function.

One request is one line of JSON on standard input: {module, attribute, paths, variables, patience}; the answer, one line on
standard output: {error, place, traceback}, all empty when all is well. It loads boto3 once, as Lambda has it, and forks.
"""

import importlib
import json
import os
import select
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import boto3  # noqa: F401  # loaded for the children

OF_LAMBDA = {"boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3"}
"""https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html: the SDK, and what it needs."""
OF_THE_RUNTIME = ("fanout.runtime", "fanout.names")
WITHOUT_AWS = {"EndpointConnectionError", "ConnectTimeoutError", "ConnectionClosedError"}
"""The handler was imported as far as its first call to AWS, and there is none."""
STRANGER = "it imports "
"""So begins what is said of a package that no Lambda has."""


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _silence()
            with os.fdopen(writing, "w") as out:
                out.write(json.dumps(_answer(request)) + "\n")
            os._exit(0)
        os.close(writing)
        told, is_late = _answer_of(reading, request["patience"])
        os.close(reading)
        if is_late:
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        sys.stdout.write(told or json.dumps(_late(request) if is_late else _ended(request)) + "\n")
        sys.stdout.flush()


def _silence() -> None:
    """What a handler, or a program that it starts, prints or reads is none of the importer's own lines."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for each in (0, 1, 2):
        os.dup2(nothing, each)


def _answer_of(reading: int, patience: float) -> tuple[str, bool]:
    """The whole line, or nothing; and whether it took too long."""
    end = time.monotonic() + patience
    told = b""
    while not told.endswith(b"\n"):
        if not select.select([reading], [], [], max(0.0, end - time.monotonic()))[0]:
            return "", True
        if not (part := os.read(reading, 65536)):
            return "", False
        told += part
    return told.decode(), False


def _answer(request: dict[str, Any]) -> dict[str, str]:
    os.environ.clear()
    os.environ.update(request["variables"])
    sys.path[:0] = request["paths"]
    sys.dont_write_bytecode = True
    before = set(sys.modules)
    try:
        module = importlib.import_module(request["module"])
        handler = getattr(module, request["attribute"])
        if not callable(handler):
            raise TypeError(f"{request['attribute']} of {request['module']} is no function")
        return _stranger(set(sys.modules) - before, request)
    except BaseException as error:
        if type(error).__name__ in WITHOUT_AWS:
            return {"error": "", "place": "", "traceback": ""}
        return _told(error, request["paths"])


def _told(error: BaseException, paths: list[str]) -> dict[str, str]:
    frames = traceback.TracebackException.from_exception(error)
    own = [each for each in frames.stack if each.filename.startswith(paths[0])]
    place = f"{own[-1].filename}:{own[-1].lineno}" if own else ""
    if isinstance(error, SyntaxError):
        place = f"{error.filename}:{error.lineno}"
    frames.stack = traceback.StackSummary.from_list(
        each for each in frames.stack if each.filename != __file__ and "importlib" not in each.filename
    )
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    return {"error": f"{type(error).__name__}: {said}", "place": place, "traceback": "".join(frames.format())}


def _stranger(loaded: set[str], request: dict[str, Any]) -> dict[str, str]:
    """A module that this machine has, installed or in a folder of its own, and Lambda would not: it is in no requirements.txt of the
    task."""
    for name in sorted(loaded):
        file = str(getattr(sys.modules.get(name), "__file__", None) or "")
        own = file.startswith(tuple(request["paths"]))
        ours = name == "fanout" or name.startswith(OF_THE_RUNTIME)
        if own or ours or name.partition(".")[0] in OF_LAMBDA or not _is_of_this_machine(name, file):
            continue
        what = f"{STRANGER}{name}, which no Lambda has: "
        task = request["module"].partition(".")[0]
        mend = (
            "a task may import fanout.runtime alone"
            if name.startswith("fanout.")
            else f"pin it in lambdas/{task}/requirements.txt, and run `make install`"
        )
        return {"error": what + mend, "place": f"lambdas/{task}", "traceback": ""}
    return {"error": "", "place": "", "traceback": ""}


def _is_of_this_machine(name: str, file: str) -> bool:
    """Neither Python's own, nor one that an installer runs at each start."""
    return bool(file) and name.partition(".")[0] not in sys.stdlib_module_names and not name.startswith("_")


def _ended(request: dict[str, Any]) -> dict[str, str]:
    return {"error": f"the process ended while it imported {request['module']}", "place": "", "traceback": ""}


def _late(request: dict[str, Any]) -> dict[str, str]:
    told = f"the import of {request['module']} took longer than {request['patience']:g} s; Lambda gives it 10 s"
    return {"error": told, "place": "", "traceback": ""}


if __name__ == "__main__":
    sys.path[:] = [*(each for each in sys.path if each != str(Path(__file__).parent)), *sys.argv[1:]]
    main()
