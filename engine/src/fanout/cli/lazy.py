"""Builds the command tree from a table, so that a command's module is imported when that command runs, and not before."""

import importlib
from collections.abc import Mapping
from typing import Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

from fanout.errors import Unusable


class LazyCommand(TyperCommand):
    """Stands for a command in the list of commands; `target` is module:function."""

    def __init__(self, name: str, target: str, summary: str) -> None:
        super().__init__(name, help=summary)
        self.target = target

    def load(self) -> Any:
        """Imports the function, and makes a command of its signature."""
        module, _, function = self.target.partition(":")
        try:
            found = getattr(importlib.import_module(module), function)
        except ModuleNotFoundError as error:
            from fanout.installed import missing

            line = missing(f"`fanout {self.name}`", error.name)
            if line is None:
                raise
            raise Unusable(line) from None
        app = typer.Typer(add_completion=False)
        app.command(self.name)(found)
        command = typer.main.get_command(app)
        for each in command.params:
            if getattr(each, "is_flag", False):
                each.metavar = " "  # Typer shows <bool>, which a flag does not take
        return command

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Parses the arguments as the command itself does."""
        return self.load().make_context(info_name, args, parent, **extra)


Table = Mapping[str, "tuple[str, str] | tuple[Mapping[str, tuple[str, str]], str]"]
"""By name: (module:function, what it does), or (a table of its own, what that is about)."""


def command_group(name: str, summary: str, table: Table) -> TyperGroup:
    """Lists the commands in the order of the table."""
    commands: dict[str, Any] = {}
    for command, (target, what) in table.items():
        if isinstance(target, str):
            commands[command] = LazyCommand(command, target, what)
        else:
            commands[command] = command_group(command, what, cast(Table, target))
    return TyperGroup(name=name, help=summary, commands=commands, no_args_is_help=True)
