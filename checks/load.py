"""Reads templates from files and folders. Whatever is wrong with one is a single line: what, where, what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from checks.findings import Acknowledgement
from checks.template import Template

LARGEST = 20_000_000
NATIVE_ACKNOWLEDGEMENTS = "aws:cdk:acknowledged-rules"
PLUGIN_NAMESPACE = "Fanout::"
_ENDINGS = ("*.template.json", "*.template", "*.json", "*.yaml", "*.yml")


class Unusable(ValueError):
    """Input that is not a template; its one line says why."""


def load(path: Path, *, production: bool = False) -> list[Template]:
    """The templates of a file, of a `cdk.out` folder (nested stacks and stages too), or of a folder of templates."""
    if not path.exists():
        raise Unusable(f"{path}: there is no such file or folder")
    if path.is_dir():
        return list(_folder(path, production))
    return [_template(path, path.stem.removesuffix(".template"), production)]


def load_acknowledgements(path: Path) -> list[Acknowledgement]:
    """A JSON (or YAML) list of `{rule, resource, reason}`, or those that CDK wrote into a `cdk.out` folder."""
    if path.is_dir():
        return [each for file in sorted(path.rglob("*.metadata.json")) for each in _native(_parsed(file))]
    entries = _parsed(path)
    keys = {"rule", "resource", "reason"}
    for entry in entries if isinstance(entries, list) else [None]:
        if (
            not isinstance(entry, dict)
            or set(entry) != keys
            or not all(isinstance(each, str) for each in entry.values())
        ):
            raise Unusable(f"{path}: expected a list of {{rule, resource, reason}}, found {entry!r}")
    return [Acknowledgement(**entry) for entry in entries]


def parse(text: str, where: str) -> Any:
    """JSON, or YAML with CloudFormation's short forms."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(text)
        except RecursionError:
            raise Unusable(f"{where}: nested too deeply for a template") from None
        except ValueError as error:
            if not where.endswith((".yaml", ".yml", ".template")):
                raise Unusable(f"{where}: not JSON: {error}") from None
    from checks.yaml_loader import parse_yaml  # PyYAML takes a while to import, and JSON does not need it

    return parse_yaml(text, where)


def _folder(folder: Path, production: bool) -> Iterator[Template]:
    manifests = sorted(folder.rglob("manifest.json"))
    files = sorted({file for each in manifests for file in each.parent.glob("*.template.json")})
    if files:
        protected = {name for each in manifests for name in _protected(each)}
        for file in files:
            name = file.name.removesuffix(".template.json")
            yield _template(file, name, production or name in protected)
        return
    found = [file for file in sorted({file for end in _ENDINGS for file in folder.glob(end)}) if _looks_like_one(file)]
    if not found:
        raise Unusable(f"{folder}: no CloudFormation template in this folder: run `cdk synth`, or name a file")
    for file in found:
        yield _template(file, file.stem.removesuffix(".template"), production)


def _protected(manifest: Path) -> Iterator[str]:
    """The template names of stacks with termination protection: that is how CDK marks production."""
    body = _parsed(manifest)
    artifacts = body.get("artifacts") if isinstance(body, dict) else None
    for artifact in artifacts.values() if isinstance(artifacts, dict) else ():
        properties = artifact.get("properties") if isinstance(artifact, dict) else None
        if isinstance(properties, dict) and properties.get("terminationProtection") is True:
            yield str(properties.get("templateFile", "")).removesuffix(".template.json")


def _template(file: Path, name: str, production: bool) -> Template:
    text = _text(file)
    body = parse(text, str(file))
    if not isinstance(body, dict) or not isinstance(body.get("Resources"), dict):
        raise Unusable(f"{file}: not a CloudFormation template: it has no Resources")
    template = Template(body, name=name, production=production)
    template.file = file
    return template


def _looks_like_one(file: Path) -> bool:
    try:
        body = _parsed(file)
    except Unusable:
        return False
    return isinstance(body, dict) and isinstance(body.get("Resources"), dict)


def _parsed(file: Path) -> Any:
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


def _native(metadata: Any) -> Iterator[Acknowledgement]:
    """`Validations.of(construct).acknowledge(Acknowledgment(id="Fanout::<rule>", reason=...))`."""
    for path, entries in metadata.items() if isinstance(metadata, dict) else ():
        for entry in entries if isinstance(entries, list) else ():
            data = (
                entry.get("data") if isinstance(entry, dict) and entry.get("type") == NATIVE_ACKNOWLEDGEMENTS else None
            )
            for rule, reason in data.items() if isinstance(data, dict) else ():
                if rule.startswith(PLUGIN_NAMESPACE):
                    yield Acknowledgement(rule.removeprefix(PLUGIN_NAMESPACE), path.lstrip("/"), str(reason or ""))
