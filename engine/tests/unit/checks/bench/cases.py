"""The cases of the bench, read once."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fanout.checks.engine import check_template
from fanout.checks.findings import Finding
from fanout.template.template import Template
from fanout.template.yaml import parse_yaml

HERE = Path(__file__).parent


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
        return check_template(self.read())

    def rules(self) -> set[str]:
        return {each.rule for each in self.findings()}


def cases() -> list[Case]:
    return [each for file in sorted(HERE.glob("*.yaml")) for each in _of(file)]


def _of(file: Path) -> Iterator[Case]:
    for each in parse_yaml(file.read_text("utf-8"), str(file)):
        lists = {name: tuple(each.get(name, ())) for name in ("finds", "spares", "unseen")}
        yield Case(f"{file.stem}: {each['case']}", each["template"], **lists, parameters=each.get("parameters", {}))
        assert each.keys() <= {"case", "template", "parameters", *lists}, f"{file}: {each['case']}: {sorted(each)}"
