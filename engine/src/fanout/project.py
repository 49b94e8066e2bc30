"""Finds the app that a command or a synth is about, and what its `cdk.json` says of it.

The app's root is the nearest folder with a `cdk.json`, from the working directory up. Its context names the product:
`fanout:product` begins the name of every stack (`OrderEvents-dev`), `fanout:prefix` every physical name, so that two
products can share an account. `fanout:intake` is what the name of an intake's stack begins with.
"""

import json
import re
from pathlib import Path
from typing import Any

from fanout.names import INTAKE_CONTEXT, PREFIX_CONTEXT, PRODUCT_CONTEXT

ARGUMENTS = ".arguments.json"
"""Of an assembly's folder: those of the program that made it, as of `python app.py local`."""


def find_root(start: Path | None = None) -> Path:
    """The app's root; the working directory itself when no folder above it has a `cdk.json`."""
    here = (start or Path.cwd()).resolve()
    return next((folder for folder in (here, *here.parents) if (folder / "cdk.json").is_file()), here)


def find_cdk() -> Path:
    """The CDK CLI that is installed for the app: in `node_modules` of its root or of a folder above."""
    root = find_root()
    places = [folder / "node_modules" / ".bin" / "cdk" for folder in (root, *root.parents)]
    return next((place for place in places if place.exists()), places[0])


def product(root: Path | None = None) -> str:
    """The product's name, as in OrderEvents; Fanout where cdk.json does not say."""
    found = _context(root or find_root()).get(PRODUCT_CONTEXT)
    return found if isinstance(found, str) and found else "Fanout"


def prefix(root: Path | None = None) -> str:
    """What physical names begin with; where cdk.json does not say, the product's name as order-events."""
    root = root or find_root()
    found = _context(root).get(PREFIX_CONTEXT)
    return found if isinstance(found, str) and found else re.sub(r"(?<!^)(?=[A-Z])", "-", product(root)).lower()


def stack_name(entry: str, root: Path | None = None) -> str:
    """The stack of one settings entry: OrderEvents-dev."""
    return f"{product(root)}-{entry}"


def intake_stack_name(entry: str, root: Path | None = None) -> str:
    """The stack of one settings entry's intake, where the app has one: cdk.json says the word before the entry."""
    root = root or find_root()
    return f"{intake(root) or f'{product(root)}Intake'}-{entry}"


def intake(root: Path | None = None) -> str | None:
    """What the name of an intake's stack begins with, as in OrderDesk; None where cdk.json does not say."""
    found = _context(root or find_root()).get(INTAKE_CONTEXT)
    return found if isinstance(found, str) and found else None


def _context(root: Path) -> dict[str, Any]:
    try:
        read = json.loads((root / "cdk.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    context = read.get("context") if isinstance(read, dict) else None
    return context if isinstance(context, dict) else {}
