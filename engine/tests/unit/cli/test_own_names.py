"""A group and a reference are options by the app's own words for them, and hide none of a command's."""

from collections.abc import Callable
from typing import Any

import pytest
import typer

from fanout.cli import erase, options, replay


@pytest.mark.parametrize(
    ("properties", "named"),
    [
        (["shop_id"], ["--shop-id", "--shop"]),
        (["order_id", "invoice"], ["--order-id", "--invoice", "--order"]),
        (["type", "group_id", "from"], ["--group-id"]),
        ([], []),
    ],
)
def test_a_property_is_an_option_unless_the_command_has_it(properties: list[str], named: list[str]) -> None:
    assert options.own_names(properties) == named


@pytest.mark.parametrize("command", [erase.erase, replay.replay], ids=["erase", "replay"])
def test_every_option_of_these_commands_is_known_to_be_taken(command: Callable[..., Any]) -> None:
    app = typer.Typer()
    app.command()(command)
    found = {
        one.removeprefix("--")
        for each in typer.main.get_command(app).params
        for one in each.opts
        if one.startswith("--")
    }
    ours = {each.removeprefix("--") for each in options.own_names(["shop_id", "order_id"])}
    known = options._OPTIONS | {"install-completion", "show-completion"}
    assert ours & found and found - ours <= known, found - ours - known
