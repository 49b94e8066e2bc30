"""Synthesizes the stack of the settings entry `local`, with the app's own program; tells in the app's words what is wrong."""

import json
import os
import re
import shutil
from collections.abc import Callable
from typing import Any

from fanout.assembly.kept import Assembly, read_object
from fanout.local.console import errors
from fanout.local.deploy import ENTRY, reason
from fanout.local.emulator.connection import ACCOUNT, REGION, Connection
from fanout.local.emulator.state import State
from fanout.local.errors import LocalError
from fanout.local.program import environment, running
from fanout.project import find_root, stack_name

APP = f"python app.py {ENTRY}"
"""Makes no other environment's stack."""
_TEMPLATE = ".template.json"
_FINDING = re.compile(r"^ERROR .*(?:\n[ ]+.*)*", re.MULTILINE)
_OF_THE_CLI = {"aws:cdk:enable-path-metadata": True, "aws:cdk:enable-asset-metadata": True}
"""What the CDK CLI adds to the context: with it, its own deployments change nothing after ours."""


def synthesize(
    connection: Connection, state: State, app: str = APP, meanwhile: Callable[[], None] = lambda: None
) -> str:
    """What `cdk deploy --app` takes: the assembly or, where the stack looks something up, the command for the CLI.

    An assembly that was made from what is there now is taken as it is. Where one is made, `meanwhile` is called first.
    """
    is_own = app == APP  # what another program reads is not known
    assembly = _assembly(connection, state, app)
    before = assembly.key() if is_own else ""
    if is_own and not os.environ.get("CI") and assembly.kept(before) is not None:
        return str(state.assembly)
    shutil.rmtree(state.assembly, ignore_errors=True)
    meanwhile()
    log = state.log("synth")
    with log.open("w") as file, running(assembly.program, dict(assembly.environment)) as program:
        assert program.stdout is not None
        file.writelines(program.stdout)
    if program.returncode:
        said = log.read_text(errors="replace")
        for finding in _FINDING.findall(said):
            errors.print(f"{finding}\n", markup=False)
        raise LocalError(f"the stack was not synthesized: {reason(log)}; all it said is in {log}")
    manifest = read_object(state.assembly / "manifest.json")
    if manifest.get("missing"):
        return app
    if is_own:
        assembly.keep(before, "")
    return str(state.assembly)


def is_current(connection: Connection, state: State) -> bool:
    """Whether a synth would make the assembly that is there."""
    return not os.environ.get("CI") and _assembly(connection, state, APP).kept() is not None


def _assembly(connection: Connection, state: State, app: str) -> Assembly:
    own = {
        "CDK_OUTDIR": str(state.assembly),
        "CDK_CONTEXT_JSON": json.dumps(_context()),
        "CDK_DEFAULT_ACCOUNT": ACCOUNT,
        "CDK_DEFAULT_REGION": REGION,
    }
    return Assembly(find_root(), state.assembly, ["/bin/sh", "-c", app], {**environment(connection), **own})


def template(state: State) -> dict[str, Any]:
    """Of the fan-out's stack, as it was synthesized; empty when the CDK CLI is to synthesize it."""
    return templates(state).get(stack_name(ENTRY), {})


def templates(state: State) -> dict[str, dict[str, Any]]:
    """Of each stack, by its name: an intake has one of its own."""
    found = sorted(state.assembly.glob(f"*{_TEMPLATE}"))
    return {path.name.removesuffix(_TEMPLATE): read_object(path) for path in found}


def _context() -> dict[str, Any]:
    root = find_root()
    told = read_object(root / "cdk.json").get("context", {})
    return {**_OF_THE_CLI, **told, **read_object(root / "cdk.context.json")}
