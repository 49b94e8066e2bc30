"""Generates the package `events`, with which tasks read events: a module for each schema, its check and its classes."""

from pathlib import Path
from typing import Final

from fanout.contracts.contract import Contract, Contracts
from fanout.contracts.model import Model, class_name, module_name
from fanout.contracts.validator import validator_code
from fanout.errors import ContractError

FIRST_LINE: Final = "# generated from contracts/"
HEADER: Final = """\
{first_line}{name}; do not edit
# ruff: noqa
# fmt: off
# mypy: ignore-errors
"""
IMPORTS: Final = """\
import re
from typing import Any, Self

from fanout.runtime.errors import ContractViolation as _Violation
from fanout.runtime.event import Event as _Event, Model as _Model, utc as _utc, whole as _whole

"""
LAZY: Final = """
else:

    def __getattr__(name):
        from importlib import import_module

        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f".{_MODULES[name]}", __name__), name)
"""


def generated(contracts: Contracts) -> dict[str, str]:
    """The files of the package by name. Raises ContractError for a schema that is none, one line each."""
    files, faults = {"__init__.py": _init(contracts)}, []
    for contract in sorted(contracts, key=lambda each: each.type):
        try:
            files[f"{module_name(contract.type)}.py"] = _module(contract)
        except ValueError as error:
            faults.append(f"contract {contract.path}: {error}: correct the schema (JSON Schema, draft-07)")
    if faults:
        raise ContractError("\n".join(faults))
    return files


def write(contracts: Contracts, folder: Path) -> None:
    """Makes `folder` the package; a module that was generated for another type goes, a file of any other kind stays."""
    files = generated(contracts)
    folder.mkdir(parents=True, exist_ok=True)
    for path in _left_over(files, folder):
        path.unlink()
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")


def stale(contracts: Contracts, folder: Path) -> list[Path]:
    """The files in `folder` that are not what the schemas say, missing ones and left-over ones included."""
    files = generated(contracts)
    differ = [folder / name for name, text in files.items() if _text(folder / name) != text]
    return differ + _left_over(files, folder)


def _left_over(files: dict[str, str], folder: Path) -> list[Path]:
    others = [path for path in sorted(folder.glob("*.py")) if path.name not in files]
    return [path for path in others if (_text(path) or "").startswith(FIRST_LINE)]


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError):
        return None


def _module(contract: Contract) -> str:
    header = HEADER.format(first_line=FIRST_LINE, name=contract.path.name)
    imports = IMPORTS
    model = Model(contract.schema).code()
    if "_whole(" not in model:
        imports = imports.replace(", whole as _whole", "")
    if "(_Model)" not in model:
        imports = imports.replace("Model as _Model, ", "")
    return f"{header}{imports}{validator_code(contract.schema)}\n\n\n{model}\n"


def _init(contracts: Contracts) -> str:
    modules = {class_name(each.type): module_name(each.type) for each in sorted(contracts, key=lambda each: each.type)}
    header = HEADER.format(first_line=FIRST_LINE, name="*.schema.json").replace("# mypy: ignore-errors\n", "")
    imports = [f"from .{module} import {name} as {name}" for name, module in modules.items()]
    if len(modules) == 1:
        return f"{header}{imports[0]}\n\n__all__ = {list(modules)}\n"
    lines = "\n".join(f"    {each}" for each in imports)
    names = f"__all__ = {list(modules)}\n_MODULES = {modules}\n"
    return f"{header}from typing import TYPE_CHECKING\n\n{names}\nif TYPE_CHECKING:\n{lines}{LAZY}"
