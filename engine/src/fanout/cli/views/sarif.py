"""Findings as SARIF 2.1.0, which code scanning reads: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fanout.checks.findings import Finding
from fanout.checks.rule import Rule
from fanout.checks.rules import RULES
from fanout.template.coverage import Unseen
from fanout.template.template import Template

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(found: Sequence[Finding], templates: Sequence[Template], unseen: Sequence[Unseen]) -> dict[str, Any]:
    """One run with every rule, and each finding at the line of its resource; acknowledged ones are suppressed.

    What was not seen is a result of the kind `open`: more is needed to decide.
    """
    files = {each.name: each.file for each in templates}
    texts = {file: file.read_text("utf-8-sig", "replace") for file in files.values() if file is not None}
    ids = list(RULES)
    results = []
    for each in found:
        file = files.get(each.template) or next(iter(texts), None)
        results.append(_result(each, ids.index(each.rule), file, texts.get(file, "") if file else ""))
    results += [
        {
            "ruleId": "unseen",
            "kind": "open",
            "level": "none",
            "message": {"text": f"{each.template}: {each.where}: {each.what}"},
            "locations": [
                {"logicalLocations": [{"name": each.where, "fullyQualifiedName": f"{each.template}/{each.where}"}]}
            ],
        }
        for each in unseen
    ]
    driver = {"name": "fanout", "rules": [_rule(each) for each in RULES.values()]}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.what},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.fix},
        "helpUri": rule.link,
        "defaultConfiguration": {"level": str(rule.severity)},
    }


def _result(finding: Finding, index: int, file: Path | None, text: str) -> dict[str, Any]:
    location: dict[str, Any] = {
        "logicalLocations": [{"name": finding.resource, "fullyQualifiedName": finding.path, "kind": "resource"}]
    }
    if file is not None:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": _uri(file)},
            "region": {"startLine": _line(finding.resource, text)},
        }
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": str(finding.severity),
        "message": {"text": f"{finding.message}. {finding.fix}"},
        "locations": [location],
    }
    if finding.acknowledged is not None:
        result["suppressions"] = [{"kind": "inSource", "justification": finding.acknowledged}]
    return result


def _uri(file: Path) -> str:
    """Relative to where the command runs, as code scanning wants it."""
    found = file.resolve()
    here = Path.cwd()
    return found.relative_to(here).as_posix() if found.is_relative_to(here) else found.as_uri()


def _line(resource: str, text: str) -> int:
    """The line on which the resource begins, in JSON and in YAML; 1 when it cannot be found."""
    start = max(text.find("Resources"), 0)
    match = re.compile(rf'^\s*["\']?{re.escape(resource)}["\']?\s*:', re.MULTILINE).search(text, start)
    return text.count("\n", 0, match.end()) + 1 if match else 1
