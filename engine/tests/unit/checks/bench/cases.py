"""The cases of the bench, read once."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from fanout.checks.engine import check_template
from fanout.checks.examples import ROOT as EXAMPLES
from fanout.checks.examples import examples
from fanout.checks.findings import Finding
from fanout.checks.rules import RULES
from fanout.contracts.contract import load as load_contracts
from fanout.template.template import Template
from fanout.template.yaml import parse_yaml
from tests.unit.contracts.given import HERE as ORDERS

HERE = Path(__file__).parent
CONTRACTS = load_contracts(ORDERS / "order")


@dataclass(frozen=True)
class Case:
    """One small template and what must be said of it."""

    id: str
    template: dict[str, Any]
    finds: tuple[str, ...] = ()
    spares: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    parameters: dict[str, str] = field(default_factory=dict)

    def read(self) -> Template:
        return Template(self.template, name="case", given=self.parameters)

    def findings(self) -> list[Finding]:
        return check_template(self.read(), contracts=CONTRACTS)

    def rules(self) -> set[str]:
        """Of what nobody has acknowledged."""
        return {each.rule for each in self.findings() if each.acknowledged is None}


@cache
def cases() -> tuple[Case, ...]:
    return tuple(each for file in sorted(HERE.glob("*.yaml")) for each in _of(file))


ABSENT = {
    "acknowledgement-unused", "deleted-with-stack", "dead-letter-queue-without-tls", "dependency-cycle",
    "kept-at-failed-creation", "log-group-never-expires", "macro-unseen", "queue-without-dead-letter-queue", "queue-without-tls",
    "topic-without-tls",
}  # fmt: skip
"""Rules about what is not there, or about what is no property: their broken examples hide nothing behind a condition."""


@cache
def of_rules() -> tuple[Case, ...]:
    """Of each rule its two examples, and the broken one with every property behind a condition that stays open."""
    found = []
    for rule in RULES:
        if (EXAMPLES / f"{rule}.yaml").exists():
            broken, clean = (parse_yaml(each, rule) for each in examples(rule))
            found += [Case(f"{rule}: broken", broken, finds=(rule,)), Case(f"{rule}: clean", clean, spares=(rule,))]
            if rule not in ABSENT:
                found.append(Case(f"{rule}: unseen", _hidden(broken), spares=(rule,), unseen=("Open",)))
    return tuple(found)


def _hidden(template: dict[str, Any]) -> dict[str, Any]:
    made = copy.deepcopy(template)
    made["Parameters"] = {**made.get("Parameters", {}), "Way": {"Type": "String"}}
    made["Conditions"] = {**made.get("Conditions", {}), "Open": {"Fn::Equals": [{"Ref": "Way"}, "this"]}}
    for resource in made["Resources"].values():
        for name, value in (resource.get("Properties") or {}).items():
            resource["Properties"][name] = {"Fn::If": ["Open", value, {"Ref": "AWS::NoValue"}]}
    return made


def _of(file: Path) -> Iterator[Case]:
    for each in parse_yaml(file.read_text("utf-8"), str(file)):
        lists = {name: tuple(each.get(name, ())) for name in ("finds", "spares", "unseen")}
        yield Case(f"{file.stem}: {each['case']}", each["template"], **lists, parameters=each.get("parameters", {}))
        assert each.keys() <= {"case", "template", "parameters", *lists}, f"{file}: {each['case']}: {sorted(each)}"
