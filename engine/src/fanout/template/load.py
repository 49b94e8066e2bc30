"""Reads templates from files and folders. Whatever is wrong with one is a single line: what, where, what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from fanout.errors import Unusable
from fanout.template.alike import share
from fanout.template.assembly import acknowledgements_in, artifact_of, as_dict, paths_in, template_files
from fanout.template.nested import Shape, shape_of
from fanout.template.template import Template

LARGEST = 20_000_000
DEEPEST = 100
_ENDINGS = ("*.template.json", "*.template", "*.json", "*.yaml", "*.yml")


@dataclass(frozen=True)
class _How:
    production: bool = False
    given: Mapping[str, str] = field(default_factory=dict)
    beside: Mapping[str, Template] = field(default_factory=dict)
    manifests: dict[Path, Any] = field(default_factory=dict)
    """Of folders, each read once whatever the number of its stacks."""

    def manifest(self, folder: Path) -> Any:
        if folder not in self.manifests:
            self.manifests[folder] = _parsed_if_there(folder / "manifest.json")
        return self.manifests[folder]


def load(
    path: Path,
    *,
    production: bool = False,
    given: Mapping[str, str] | None = None,
    problems: list[str] | None = None,
    beside: Mapping[str, Template] | None = None,
) -> list[Template]:
    """The templates of a file, of a `cdk.out` folder (nested stacks and stages too), or of a folder of templates.

    `given` are values of parameters. A file of a folder that cannot be used is a line of `problems`, if there is such a list and
    another file can be used; otherwise, as for a file that was named itself, it raises Unusable. `beside` are another revision's, by
    name: what is alike in both is kept once.
    """
    how = _How(production, given or {}, beside or {})
    if not path.exists():
        raise Unusable(f"{path}: there is no such file or folder")
    if path.is_dir():
        return _folder(path, how, problems)
    if path.name.endswith(".template.json"):
        return [_synthesized(path, how)]
    return [_template(path, path.stem.removesuffix(".template"), how)]


def parse(text: str, where: str) -> Any:
    """JSON, or YAML with CloudFormation's short tags."""
    return _with_shape(text, where)[0]


def _with_shape(text: str, where: str) -> tuple[Any, Shape]:
    body = _parse(text, where)
    shape = shape_of(body)
    if shape.depth >= DEEPEST:
        raise Unusable(f"{where}: nested too deeply for a template")
    return body, shape


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


def _folder(folder: Path, how: _How, problems: list[str] | None) -> list[Template]:
    is_assembly = (folder / "manifest.json").exists()
    read = partial(_synthesized, may_be_empty=True) if is_assembly else _named_by_file
    files = list(_of_assembly(folder, how)) if is_assembly else []
    if not files:
        read, files = _named_by_file, list(_of_folder(folder))
    if not files:
        raise Unusable(f"{folder}: no CloudFormation template in this folder: run `cdk synth`, or name a file")
    found: list[Template] = []
    unusable: list[str] = []
    for file in files:
        try:
            found.append(read(file, how))
        except Unusable as error:
            unusable.append(str(error))
    if unusable and (problems is None or not found):
        raise Unusable(unusable[0])
    if problems is not None:
        problems += unusable
    return found


def _of_assembly(folder: Path, how: _How) -> Iterator[Path]:
    """What the manifests say is deployed, stages too, and the nested stacks beside it; a template of an older synth is not."""
    for file in sorted(folder.rglob("*.template.json")):
        named = template_files(how.manifest(file.parent))
        if file.name in named or not named or file.name.endswith(".nested.template.json"):
            yield file


def _of_folder(folder: Path) -> Iterator[Path]:
    for file in sorted({file for end in _ENDINGS for file in folder.glob(end)}):
        if _looks_like_one(file):
            yield file


def _named_by_file(file: Path, how: _How) -> Template:
    return _template(file, file.stem.removesuffix(".template"), how)


def _synthesized(file: Path, how: _How, *, may_be_empty: bool = False) -> Template:
    """A template with what CDK wrote beside it: construct paths, acknowledgements, termination protection."""
    name = file.name.removesuffix(".template.json")
    artifact = artifact_of(file.name, how.manifest(file.parent))
    metadata = {**artifact.metadata, **as_dict(_parsed_if_there(file.parent / f"{name}.metadata.json"))}
    protected = replace(how, production=how.production or artifact.is_protected)
    template = _template(file, name, protected, may_be_empty=may_be_empty)
    template.paths, template.environment = paths_in(metadata), artifact.environment
    template.acknowledged_in_cdk = list(acknowledgements_in(metadata))
    return template


def _parsed_if_there(file: Path) -> Any:
    return parsed(file) if file.exists() else None


def _template(file: Path, name: str, how: _How, *, may_be_empty: bool = False) -> Template:
    """CDK writes a stack with nothing in it as a template without Resources."""
    text = text_of(file)
    body, shape = _with_shape(text, str(file))
    if may_be_empty and isinstance(body, dict):
        body.setdefault("Resources", {})
    if not isinstance(body, dict) or not isinstance(body.get("Resources"), dict):
        raise Unusable(f"{file}: not a CloudFormation template: it has no Resources{_rather(body)}")
    size = len(text.encode())
    template = Template(body, name=name, production=how.production, size=size, given=how.given, shape=shape)
    template.file = file
    if name in how.beside:
        share(template, how.beside[name])
    return template


def _rather(body: Any) -> str:
    """What to check in its place."""
    if isinstance(body, dict) and "service" in body and ("functions" in body or "provider" in body):
        return ": run `serverless package`, and check .serverless/cloudformation-template-update-stack.json"
    return ""


def _looks_like_one(file: Path) -> bool:
    try:
        body = parsed(file)
    except Unusable:
        return False
    return isinstance(body, dict) and isinstance(body.get("Resources"), dict)


def parsed(file: Path) -> Any:
    """The JSON or YAML of a file. Raises Unusable, one line."""
    return parse(text_of(file), str(file))


def text_of(file: Path) -> str:
    """As it is on the disk now. Raises Unusable."""
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
