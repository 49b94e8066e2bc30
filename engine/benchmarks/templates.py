"""Large assemblies: how long `check`, `cost`, `diff` and `docs` take for 40, 400 and 2,000 subscribers, and in how much memory.

A subscriber of the tests' own app, as its synthesized template has it, is copied 40 times into each of 1, 10 and 50 stacks of one
assembly. `diff` is with a copy in which every function's memory is another. The floor is Python's own reading of the JSON. 3 rounds,
in turn. The goal is 3 seconds for 2,000 on the machine on which it was set, where an empty stack takes 0.77 s: 16 times the floor.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.harness.errors import BenchmarkError
from benchmarks.harness.measuring import APP, Say, environment, interleaved, run, seconds
from benchmarks.harness.rows import Row, at_most, row

A_STACK = 40
STACKS = (1, 10, 50)
ENTRY = "dev"
PATHS = json.dumps({"aws:cdk:enable-path-metadata": True})
"""As the CDK's CLI asks for: the construct of each resource."""
ROUNDS, MOST = 3, at_most(16, of="floor")
READ = "import json, pathlib, sys\nfor file in pathlib.Path(sys.argv[1]).glob('*.template.json'): json.loads(file.read_text())"


def measure(say: Say) -> Iterator[Row]:
    with TemporaryDirectory() as folder:
        say("synthesizing one stack")
        template = _synthesized(Path(folder) / "one")
        for stacks in STACKS:
            say(f"copying its subscriber into {stacks} stacks")
            yield from _measured(Path(folder) / str(stacks), template, stacks, say)


def _measured(folder: Path, template: dict[str, Any], stacks: int, say: Say) -> Iterator[Row]:
    now, other = folder / "now", folder / "other"
    for number in range(stacks):
        body: Any = many(template, A_STACK)
        _write(now, f"Many-{number}", body)
        for each in body["Resources"].values():
            if each["Type"] == "AWS::Lambda::Function":
                each["Properties"]["MemorySize"] = 2 * each["Properties"].get("MemorySize", 128)
        _write(other, f"Many-{number}", body)
    commands = {
        "check": ["check", str(now)],
        "cost": ["cost", "--assembly", str(now)],
        "diff": ["diff", str(other), str(now)],
        "docs": ["docs", str(now), "--out", str(folder / "documents")],
    }
    memory: dict[str, float] = {}
    variants: dict[str, Callable[[], float]] = {
        "floor": lambda: seconds([sys.executable, "-c", READ, str(now)], environment=environment())
    }
    for name, arguments in commands.items():
        variants[name] = partial(_fanout, arguments, memory, name)
    took = interleaved(variants, rounds=ROUNDS, say=say)
    largest = stacks == STACKS[-1]
    for name in commands:
        said = f"{stacks * A_STACK:,} subscribers in {stacks} stack{'s' if stacks > 1 else ''}: {name}"
        yield row(said, took[name], unit="s", floor=took["floor"], goal=MOST if largest else None)
        yield row(f"{said}, memory", memory[name], unit="MB", goal=at_most(300) if largest else None)


def _synthesized(folder: Path) -> dict[str, Any]:
    run(
        [sys.executable, "app.py", ENTRY],
        environment=environment(CDK_OUTDIR=str(folder), CDK_CONTEXT_JSON=PATHS),
        cwd=APP,
    )
    files = sorted(folder.glob(f"*-{ENTRY}.template.json"))
    if not files:
        raise BenchmarkError(f"the synth of {ENTRY} wrote no template")
    found: dict[str, Any] = json.loads(files[0].read_text())
    return found


def many(template: Mapping[str, Any], copies: int) -> dict[str, Any]:
    """The template with so many copies of its first subscriber, and no other."""
    owners: dict[str, list[str]] = {}
    for id_, each in template["Resources"].items():
        construct = each.get("Metadata", {}).get("aws:cdk:path", "").split("/")[1:2]
        owners.setdefault("".join(construct), []).append(id_)
    mapped = {id_ for id_, each in template["Resources"].items() if each["Type"] == "AWS::Lambda::EventSourceMapping"}
    subscribers = [name for name, ids in owners.items() if name and mapped & set(ids)]
    if not subscribers:
        raise BenchmarkError("the template has no subscriber, or says no constructs")
    theirs = {id_ for name in subscribers for id_ in owners[name]}
    copied = owners[subscribers[0]]
    resources = {id_: each for id_, each in template["Resources"].items() if id_ not in theirs}
    text = json.dumps({id_: template["Resources"][id_] for id_ in copied})
    for number in range(copies):
        one = text.replace(f"/{subscribers[0]}/", f"/{subscribers[0]}{number}/")
        for id_ in copied:
            one = one.replace(f'"{id_}"', f'"{id_}{number}"').replace(f"${{{id_}", f"${{{id_}{number}")
        resources |= json.loads(one)
    return {**template, "Resources": resources, "Outputs": {}}


def _write(folder: Path, stack: str, body: Mapping[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stack}.template.json").write_text(json.dumps(body, indent=1))
    file = folder / "manifest.json"
    manifest: Any = json.loads(file.read_text()) if file.exists() else {"version": "55.0.0", "artifacts": {}}
    artifact = {"type": "aws:cloudformation:stack", "properties": {"templateFile": f"{stack}.template.json"}}
    manifest["artifacts"][stack] = artifact
    file.write_text(json.dumps(manifest))


def _fanout(arguments: Sequence[str], memory: dict[str, float], name: str) -> float:
    """Its seconds. What it finds is no error: status 1 is an answer."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "fanout", *arguments]
    child = subprocess.Popen(
        command, cwd=APP, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    said = child.stderr.read() if child.stderr else ""
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    took = time.perf_counter() - began
    if child.returncode not in (0, 1):
        raise BenchmarkError(f"`fanout {arguments[0]}` ended with {child.returncode}: {said.strip()[-200:]}")
    memory[name] = max(memory.get(name, 0.0), used.ru_maxrss / 1024)
    return took
