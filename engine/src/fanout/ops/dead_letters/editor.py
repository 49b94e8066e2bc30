"""What a person makes of an event: by an RFC 6902 patch, or in $EDITOR. Whatever goes wrong there is one line."""

import json
import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import jsonpatch

from fanout.errors import Unusable
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.ops.dead_letters.wrapped import MOST_DEPTH, json_value
from fanout.ops.interrupt import postponed

ENDS_IN = 2.0
"""Seconds that an editor has to end, when the command is ended."""


def patch_event(message: DeadLetterMessage, patch: str) -> dict[str, Any]:
    """The event after an RFC 6902 patch, given as JSON or as the name of a file. Raises Unusable."""
    event = message.event
    if event is None:
        raise Unusable("the body is no JSON object, so there is nothing to patch: edit it without --patch")
    text = patch if patch.lstrip().startswith("[") else _file(patch)
    operations = json_value(text)
    if not isinstance(operations, list):
        raise Unusable(f"the patch is no JSON array by RFC 6902, or nested more than {MOST_DEPTH} levels deep")
    try:
        made = jsonpatch.JsonPatch(operations).apply(event)
    except Exception as error:  # jsonpatch raises many types for a patch that makes no sense
        raise Unusable(f"the patch does not fit: {type(error).__name__}; expected a JSON array by RFC 6902") from None
    return event_of(json.dumps(made), "after the patch")


def open_editor(message: DeadLetterMessage) -> dict[str, Any]:
    """The event after $EDITOR, in a file that only this user can read and that is gone afterwards. Raises Unusable."""
    editor = (os.environ.get("VISUAL") or os.environ.get("EDITOR") or "").strip()
    if not editor:
        raise Unusable("no editor: set EDITOR, or give --patch")
    try:
        command = shlex.split(editor)
    except ValueError as error:
        raise Unusable(f"EDITOR cannot be read as a command ({error}): set another, or give --patch") from None
    with tempfile.TemporaryDirectory(prefix="fanout-") as folder:
        path = Path(folder) / "event.json"
        path.touch(mode=0o600)
        path.write_bytes(text_of(message).encode("utf-8", "surrogatepass"))
        try:
            status = _call([*command, str(path)])
        except (OSError, ValueError) as error:
            raise Unusable(f"{command[0]} cannot be run ({_why(error)}): set EDITOR, or give --patch") from None
        if status != 0:
            raise Unusable(f"{command[0]} did not end well: nothing was changed")
        return event_of(_read(path), "any more")


def _call(command: list[str]) -> int:
    """The status of a program. When we are ended, it is asked to end first, so that it leaves the terminal as it was."""
    program: subprocess.Popen[bytes] | None = None
    try:
        with postponed():
            program = subprocess.Popen(command)
        return program.wait()
    except BaseException:
        if program is not None:
            _end(program)
        raise


def _end(program: "subprocess.Popen[bytes]") -> None:
    program.terminate()
    try:
        program.wait(ENDS_IN)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()


def text_of(message: DeadLetterMessage) -> str:
    """What is edited: the event in lines; a body that is none as it is."""
    if message.event is None:
        return message.body
    text = json.dumps(message.event, indent=2, ensure_ascii=False)
    # half a surrogate pair is no character that a file or a page could have
    return text if not any("\ud800" <= each <= "\udfff" for each in text) else json.dumps(message.event, indent=2)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(f"what the editor left cannot be read ({_why(error)}): nothing was changed") from None


def _file(name: str) -> str:
    try:
        return Path(name).read_text("utf-8")
    except (OSError, ValueError):
        raise Unusable(f"--patch {name[:100]!r}: neither a JSON array nor a file with one") from None


def event_of(text: str, when: str = "any more") -> dict[str, Any]:
    """The object that a person made of an event's text. Raises Unusable."""
    value = json_value(text)
    if value is None:
        raise Unusable(f"not JSON {when}{_place(text)}: nothing was changed")
    if not isinstance(value, dict):
        raise Unusable(f"not a JSON object {when}: nothing was changed")
    return value


def _place(text: str) -> str:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return f" (line {error.lineno}, column {error.colno})"
    except (ValueError, RecursionError):
        return " (nested too deeply, or a number that is too long)"
    return f" (null, or nested more than {MOST_DEPTH} levels deep)"


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or (
        "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
    )
