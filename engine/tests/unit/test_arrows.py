"""Which package may import which, and no module that is imported by what it imports.

Read from the syntax of every module, imports inside functions and for types alone included.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.places import ENGINE

SOURCE = ENGINE / "src" / "fanout"


ALLOWED: dict[str, set[str]] = {
    "names": set(),
    "errors": set(),
    "words": set(),
    "terminal": {"words"},
    "installed": {"names", "errors", "project"},
    "__main__": {"errors", "installed", "project", "cli.main"},  # the command fanout, which needs no extra to say its version
    "project": {"names"},
    "testing": {"names", "project", "runtime"},
    "aws_errors": {"names"},
    "runtime": {"names"},
    "worker": {"names", "errors", "aws_errors", "runtime"},
    "contracts": {"names", "errors", "project"},
    "contracts.model": {"runtime.event"},  # generated code reads events as the runtime does
    "contracts.roles": {"runtime.event"},
    "contracts.claimed": {"runtime.claim_check"},  # what a task restores is not there for the publisher
    "contracts.validator": {"runtime.errors", "runtime.event"},  # a time that a task cannot read is none for the publisher
    "intake": {"names", "runtime"},
    "packaging.definitions": {"intake"},
    "packaging.intake_zip": {"intake", "contracts"},
    "constructs.intake": {"intake"},
    "constructs.intake.intake": {"intake"},
    "constructs.intake.relay": {"intake"},
    "constructs.intake.operators": {"intake"},
    "constructs.intake.subject": {"intake"},
    "publisher": {"names", "errors", "aws_errors", "contracts"},
    "template": {"names", "errors", "physical_names", "contracts.contract"},  # a filter is judged against what is published
    "costs": {"names", "errors", "words", "template"},
    "checks": {"names", "errors", "words", "template", "contracts"},
    "checks.rule_pages": {"diff.change"},  # the pages list the dangers that fanout diff knows, too
    "diff": {"names", "errors", "words", "template", "checks", "contracts"},
    "catalog": {"names", "errors", "project", "template", "contracts", "costs"},
    "packaging": {"names", "errors", "project"},
    "assembly": {"project", "errors"},
    "diff.revisions": {"project"},  # how an assembly says what it was made for
    "diff.schemas": {"installed"},  # which extra brings what is missing; the next two as well
    "template.yaml": {"installed"},
    "template.sam": {"installed"},
    "local.emulator.emulator": {"installed"},
    "local.console_page": {"installed"},
    "constructs": {
        "installed",
        "names", "errors", "project", "packaging", "batching", "physical_names",
        "costs.prices",  # the dashboard shows what a subscriber costs
    },
    "constructs.event_types": {"contracts.model", "contracts.roles"},  # the class of a type, and the type of a schema
    "constructs.emits": {"contracts.contract"},  # the attributes of a type, for a task that emits it
    "constructs.topic_checks": {"contracts.app"},  # whether a property is in a contract, for a topic that names one
    "constructs.checks": {"checks.plugin"},  # when an app is made or asks for them, and no sooner
    "constructs.app": {"contracts.contract"},  # when an app is made
    "ops.verify.file": {"installed"},  # which version's facts these are
    "ops.deploy.preflight": {"packaging.tidy"},  # whether Lambda could read what is deployed
    "ops.erase.places.intake": {"intake.subject"},
    "ops.intake": {"intake.store"},  # the table, as the functions write it
    "ops.aws.session": {"runtime.authorities"},  # as a function's clients, of which it has many more connections
    "publisher.client": {"runtime.authorities"},
    "ops.aws.records": {"runtime.record"},  # the table, as the functions write it
    "ops": {"names", "errors", "aws_errors", "project", "words", "template", "checks", "contracts", "publisher", "costs"},
    "console": {"names", "errors", "aws_errors", "project", "words", "template", "contracts", "publisher", "costs", "ops"},
    "cli.console": {"console"},
    "cli": {
        "names", "errors", "aws_errors", "project", "words", "terminal", "template", "checks", "diff", "costs", "catalog", "contracts",
        "packaging", "publisher", "ops", "scaffold", "local", "installed", "batching", "worker",
    },
    "local.__main__": {"cli.main"},  # python -m fanout.local is fanout local, for one version
    "local": {"names", "errors", "aws_errors", "project", "words", "terminal", "template", "ops", "publisher", "contracts", "packaging", "assembly"},
    "local.intake": {"intake.page"},  # how a browser sends what its page asks for
    "local.handlers.call": {"runtime"},  # it runs a task on an event as the runtime does
    "scaffold": {"names", "errors", "project", "contracts"},
    "physical_names": set(),
    "batching": {"names", "errors"},
}  # fmt: skip
"""By package, or by module where one is an exception: the packages that it may import, or single modules of them."""


def modules(root: Path) -> dict[str, Path]:
    """By name below fanout, as in ops.status."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(tree: ast.AST) -> Iterator[str]:
    """Every name that is imported, wherever the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "an import by dots"
            yield from (f"{node.module}.{each.name}" for each in node.names)


def imports(names: Iterable[str], known: Mapping[str, object]) -> Iterator[str]:
    """The modules of ours among them."""
    for name in names:
        below, _, rest = name.partition(".")
        if below == "fanout":
            yield rest if rest in known else rest.rpartition(".")[0]


def read(root: Path) -> dict[str, list[str]]:
    """What each module imports."""
    return {name: [*imported(ast.parse(path.read_text("utf-8")))] for name, path in modules(root).items()}


def graph(read: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """Every module with the modules of ours that it imports."""
    return {name: {each for each in imports(wanted, read) if each not in ("", name)} for name, wanted in read.items()}


@cache
def engine() -> dict[str, list[str]]:
    """Read when a test asks for it, and not by each worker that collects."""
    return read(SOURCE)


def wrong_arrows(edges: Mapping[str, set[str]], allowed: Mapping[str, set[str]]) -> list[str]:
    """Imports that `allowed` does not have. A package may import itself."""
    wrong = []
    for module, targets in edges.items():
        package = module.partition(".")[0]
        for target in sorted(targets):
            above = {".".join(target.split(".")[:count]) for count in range(1, target.count(".") + 2)}
            if package not in above and not above & (allowed.get(package, set()) | allowed.get(module, set())):
                wrong.append(f"{module} -> {target}")
    return wrong


def circles(edges: Mapping[str, set[str]]) -> list[list[str]]:
    """Each circle once, as the modules along it."""
    found: list[list[str]] = []
    finished: set[str] = set()

    def visit(module: str, path: list[str]) -> None:
        if module in path:
            found.append([*path[path.index(module) :], module])
            return
        if module in finished:
            return
        for target in sorted(edges.get(module, ())):
            visit(target, [*path, module])
        finished.add(module)

    for module in sorted(edges):
        visit(module, [])
    return found


def test_every_import_is_one_that_its_package_may_make() -> None:
    assert wrong_arrows(graph(engine()), ALLOWED) == []


def test_every_package_is_in_the_table() -> None:
    assert {each.partition(".")[0] for each in graph(engine())} - {""} <= ALLOWED.keys()


def test_no_module_is_imported_by_what_it_imports() -> None:
    assert circles(graph(engine())) == []


def test_the_engine_imports_no_test_and_nothing_of_an_app() -> None:
    strangers = {"tests", "benchmarks", "stacks", "lambdas", "contracts", "events", "app"}
    assert {
        name for name, wanted in engine().items() if strangers & {each.partition(".")[0] for each in wanted}
    } == set()


@pytest.mark.parametrize(
    ("module", "line", "wrong"),
    [
        ("ops.status", "from fanout.cli.output import table", "ops.status -> cli.output"),
        ("ops.status", "def late():\n    import fanout.local.run", "ops.status -> local.run"),
        ("constructs.topic", "from fanout.template import load", "constructs.topic -> template.load"),
        ("constructs.topic", "from fanout.costs.prices import PRICES", None),
        ("constructs.topic", "from fanout.costs import bill", "constructs.topic -> costs.bill"),
        ("runtime.batch", "from fanout.errors import UserError", "runtime.batch -> errors"),
        ("runtime.batch", "import json", None),
    ],
)
def test_the_test_sees_a_wrong_import(module: str, line: str, wrong: str | None) -> None:
    edges = {module: set(imports(imported(ast.parse(line)), modules(SOURCE)))}
    assert wrong_arrows(edges, ALLOWED) == ([wrong] if wrong else [])


def test_the_test_sees_a_circle() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c", "a"]]
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
