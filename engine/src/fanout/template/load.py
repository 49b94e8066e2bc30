"""Reads templates from files and folders. Whatever is wrong with one is a single line: what, where, what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fanout.errors import Unusable
from fanout.template.assembly import acknowledgements_in, artifact_of, as_dict, paths_in
from fanout.template.template import Template

LARGEST = 20_000_000
DEEPEST = 100
_ENDINGS = ("*.template.json", "*.template", "*.json", "*.yaml", "*.yml")


def load(path: Path, *, production: bool = False) -> list[Template]:
    """The templates of a file, of a `cdk.out` folder (nested stacks and stages too), or of a folder of templates."""
    if not path.exists():
        raise Unusable(f"{path}: there is no such file or folder")
    if path.is_dir():
        return list(_folder(path, production))
    if path.name.endswith(".template.json"):
        return [_synthesized(path, production)]
    return [_template(path, path.stem.removesuffix(".template"), production)]


def parse(text: str, where: str) -> Any:
    """JSON, or YAML with CloudFormation's short tags."""
    body = _parse(text, where)
    if _is_deep(body):
        raise Unusable(f"{where}: nested too deeply for a template")
    return body


def _is_deep(body: Any) -> bool:
    level = [body]
    for _ in range(DEEPEST):
        level = [each for node in level for each in _inside(node)]
        if not level:
            return False
    return True


def _inside(node: Any) -> list[Any]:
    return list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else []


def _parse(text: str, where: str) -> Any:
    if text.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(text)
        except RecursionError:
            raise Unusable(f"{where}: nested too deeply for a template") from None
        except ValueError as error:
            if not where.endswith((".yaml", ".yml", ".template")):
                raise Unusable(f"{where}: not JSON: {error}") from None
    from fanout.template.yaml import parse_yaml  # PyYAML takes a while to import, and JSON does not need it

    return parse_yaml(text, where)


def _folder(folder: Path, production: bool) -> Iterator[Template]:
    files = sorted(folder.rglob("*.template.json")) if (folder / "manifest.json").exists() else []
    if files:
        for file in files:
            yield _synthesized(file, production)
        return
    found = [file for file in sorted({file for end in _ENDINGS for file in folder.glob(end)}) if _looks_like_one(file)]
    if not found:
        raise Unusable(f"{folder}: no CloudFormation template in this folder: run `cdk synth`, or name a file")
    for file in found:
        yield _template(file, file.stem.removesuffix(".template"), production)


def _synthesized(file: Path, production: bool) -> Template:
    """A template with what CDK wrote beside it: construct paths, acknowledgements, termination protection."""
    name = file.name.removesuffix(".template.json")
    artifact = artifact_of(file.name, _parsed_if_there(file.parent / "manifest.json"))
    metadata = {**artifact.metadata, **as_dict(_parsed_if_there(file.parent / f"{name}.metadata.json"))}
    template = _template(file, name, production or artifact.is_protected)
    template.paths = paths_in(metadata)
    template.acknowledged_in_cdk = list(acknowledgements_in(metadata))
    return template


def _parsed_if_there(file: Path) -> Any:
    return parsed(file) if file.exists() else None


def _template(file: Path, name: str, production: bool) -> Template:
    text = _text(file)
    body = parse(text, str(file))
    if not isinstance(body, dict) or not isinstance(body.get("Resources"), dict):
        raise Unusable(f"{file}: not a CloudFormation template: it has no Resources")
    template = Template(body, name=name, production=production, size=len(text.encode()))
    template.file = file
    return template


def _looks_like_one(file: Path) -> bool:
    try:
        body = parsed(file)
    except Unusable:
        return False
    return isinstance(body, dict) and isinstance(body.get("Resources"), dict)


def parsed(file: Path) -> Any:
    """The JSON or YAML of a file. Raises Unusable, one line."""
    return parse(_text(file), str(file))


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > LARGEST:
            raise Unusable(f"{file}: {file.stat().st_size} bytes: a template has at most 1 MB")
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unusable(f"{file}: not text: expected a template in JSON or YAML") from None
    except OSError as error:
        raise Unusable(f"{file}: {error.strerror}") from None
    if not text.strip():
        raise Unusable(f"{file}: empty")
    return text
