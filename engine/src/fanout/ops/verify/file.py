"""The facts of a verification in a file: dated, and without account ids, so that it can be shown to others."""

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fanout.errors import Unusable, fault
from fanout.installed import version
from fanout.ops.verify import probes
from fanout.ops.verify.result import Result
from fanout.ops.verify.verification import Verification
from fanout.project import find_root

_ACCOUNT = re.compile(r"\d{12}")
_ADDRESS = re.compile(r"[\w.+-]+@[\w.-]+")


def path_of(verification: Verification) -> Path:
    """One for each stack and day: the last run of a day stays."""
    return find_root() / ".fanout" / f"verify-{verification.stack.name}-{probes.now():%Y-%m-%d}.json"


def write(verification: Verification, results: Sequence[Result]) -> Path:
    """Whole or not at all. Raises Unusable in one line where the disk takes nothing."""
    path = path_of(verification)
    aws = verification.stack.aws
    told: dict[str, Any] = {
        "stack": verification.stack.name,
        "at": probes.now().isoformat(timespec="seconds"),
        "region": aws.region,
        "aws": "AWS" if aws.is_aws else "embedded",
        "engine": version(),
        "facts": [each.as_dict() for each in verification.facts],
        "steps": [each.as_dict() for each in results],
    }
    text = without_ids(json.dumps(told, indent=2, default=str)) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(".part")
        half.write_text(text, "utf-8")
        os.replace(half, path)
    except OSError as error:
        raise Unusable(f"the facts cannot be written: {fault(error)}") from None
    return path


def without_ids(text: str) -> str:
    """Neither account ids nor addresses of people."""
    return _ADDRESS.sub("ADDRESS", _ACCOUNT.sub("ACCOUNT", text))
