"""Templates to compare, by path or by git revision."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fanout.diff.git import commit_of, files_at
from fanout.errors import Unusable
from fanout.project import ARGUMENTS
from fanout.template.load import load, parse, parsed, text_of
from fanout.template.template import Template

SYNTHESIZED = Path("cdk.out")
INPUTS = ("*.py", "cdk.json", "stacks/**/*.py", "lambdas/**/*", "contracts/**/*.json")
"""What a synth of the app reads."""
_MADE = ("__pycache__", ".layer")
MASK = "<asset>.zip"
"""What a snapshot has for the name of a zip, which changes with every edit of its code."""
_ENVIRONMENT = re.compile(r"[a-z][a-z0-9-]*")
_ASSET = re.compile(r"^[0-9a-f]{64}\.zip$")


@dataclass(frozen=True)
class Compared:
    """Two sets of templates by stack name, where they were read, and of each stack that is not compared why."""

    old: dict[str, Template]
    new: dict[str, Template]
    places: tuple[str, str]
    left_out: dict[str, str]


def read_both(old: str, new: str, snapshots: Path) -> Compared:
    """Of files, folders or git revisions; without `new` what was synthesized last, else the snapshots.

    A snapshot has no hashes of assets, so that a comparison with one says nothing of code.
    """
    new = new or _newest(snapshots)
    before = _read(old, snapshots, {})
    after = _read(new, snapshots, before)
    if _is_masked(before) or _is_masked(after):
        before, after = _without_assets(before), _without_assets(after)
    places = tuple(each if Path(each).exists() else f"{each}:{snapshots.as_posix()}" for each in (old, new))
    left_out = {**_not_made(new, after, before), **_not_made(old, before, after)}
    before, after = ({name: each for name, each in side.items() if name not in left_out} for side in (before, after))
    return Compared(before, after, (places[0], places[1]), left_out)


def _not_made(source: str, made: dict[str, Template], others: dict[str, Template]) -> dict[str, str]:
    """Of `others`, what the program was not asked for that wrote `source`: all of its arguments name environments."""
    asked = _arguments(Path(source) / ARGUMENTS)
    ends = tuple(f"-{each}" for each in asked)
    if not asked or not all(any(name.endswith(end) for name in made) for end in ends):
        return {}
    why = f"{source} was made for {', '.join(asked)} alone: run make synth"
    beside = tuple(f"-{each}" for each in _beside(asked, [*made, *others]))
    return {name: why for name in others if name not in made and name.endswith(beside)}


def _beside(asked: list[str], names: list[str]) -> set[str]:
    """The other environments: what follows the name of a product that has one of these too. Shop-dev-Intake is of none."""
    products = {name.removesuffix(f"-{each}") for each in asked for name in names if name.endswith(f"-{each}")}
    rests = {name.removeprefix(f"{each}-") for each in products for name in names if name.startswith(f"{each}-")}
    within = tuple(f"{each}-" for each in asked)
    ends = tuple(f"-{each}" for each in asked)  # of another product's own
    return {
        each
        for each in rests
        if _ENVIRONMENT.fullmatch(each) and not each.startswith(within) and not each.endswith(ends)
    } - {*asked}


def _arguments(file: Path) -> list[str]:
    try:
        return [str(each) for each in parsed(file)] if file.is_file() else []
    except (Unusable, TypeError):
        return []


def _newest(snapshots: Path) -> str:
    manifest = SYNTHESIZED / "manifest.json"
    if not manifest.exists():
        return str(snapshots)
    made = manifest.stat().st_mtime
    changed = [path for path in _inputs() if path.stat().st_mtime > made]
    if changed:
        raise Unusable(f"{SYNTHESIZED} is older than {sorted(changed)[0]}: run make synth, or name NEW")
    return str(SYNTHESIZED)


def _inputs() -> Iterable[Path]:
    found = (path for pattern in INPUTS for path in Path().glob(pattern))
    return (path for path in found if path.is_file() and not set(path.parts) & set(_MADE))


def _read(source: str, snapshots: Path, beside: dict[str, Template]) -> dict[str, Template]:
    """Templates by stack name: of a file, of a folder, or of the snapshots that a git revision holds. `beside` are the older ones."""
    path = Path(source)
    if path.exists():
        return {each.name: each for each in load(path, beside=beside)}
    return _of_revision(source, snapshots)


def _of_revision(revision: str, snapshots: Path) -> dict[str, Template]:
    found = {}
    for file, text in files_at(commit_of(revision), snapshots).items():
        if file.endswith(".json") and "/" not in file:
            name = file.removesuffix(".json")
            found[name] = Template(parse(text, f"{revision}:{snapshots.as_posix()}/{file}"), name=name)
    if not found:
        raise Unusable(f"{revision}: no templates in {snapshots} there: give --snapshots FOLDER, or compare folders")
    return found


def _is_masked(templates: dict[str, Template]) -> bool:
    """By the text of its file, where it has one."""
    return any(MASK in (text_of(each.file) if each.file else str(each.body)) for each in templates.values())


def _without_assets(templates: dict[str, Template]) -> dict[str, Template]:
    for each in templates.values():
        _mask(each.body)
    return templates


def _mask(node: Any) -> None:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "S3Key" and isinstance(value, str) and _ASSET.match(value):
                node[key] = MASK
            else:
                _mask(value)
    elif isinstance(node, list):
        for each in node:
            _mask(each)
