"""`fanout check`: what would lose, duplicate, block or leak messages in any template."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from rich.markdown import Markdown
from rich.text import Text

from fanout import names
from fanout.checks import baseline as baselines
from fanout.checks.engine import check_templates
from fanout.checks.findings import Finding, load_acknowledgements
from fanout.checks.rule import Consequence, Severity
from fanout.checks.rule_pages import page
from fanout.checks.rules import RULES
from fanout.cli.options import Json, OfTopic, Parameters, read_parameters
from fanout.cli.output import console, print_indented, print_line
from fanout.cli.views.sarif import sarif
from fanout.contracts.contract import load as load_contracts
from fanout.contracts.roles import is_type
from fanout.errors import Unusable
from fanout.template.coverage import Unseen, unseen_in
from fanout.template.load import load
from fanout.template.template import Template
from fanout.words import counted, printable

MOST_NAMED = 8


class FailOn(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    UNSEEN = "unseen"


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    SARIF = "sarif"


def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="PATH", help="Template files (JSON or YAML) and cdk.out folders.")
    ] = None,
    format: Annotated[Format, typer.Option(help="How to print the findings.")] = Format.TABLE,
    contract: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="*.schema.json and examples/valid/ to judge filters against."),
    ] = None,
    acknowledgements: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A JSON list of {rule, resource, reason}.")
    ] = None,
    production: Annotated[bool, typer.Option("--production", help="Treat every template as production.")] = False,
    parameter: Parameters = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Findings that are accepted for now; with --reason the file is made, of today's."
        ),
    ] = None,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why a new baseline is accepted.")] = "",
    explain: Annotated[
        str, typer.Option(metavar="RULE", help="Print a rule's page: what, why, how to fix, an example.")
    ] = "",
    fail_on: Annotated[
        FailOn, typer.Option(help="What makes the exit status 1: errors, warnings too, or also what was not seen.")
    ] = FailOn.WARNING,
    publisher_next: Annotated[
        str,
        typer.Option(
            metavar="TYPE", help="Say instead who is not ready for this type, by the filters that are deployed."
        ),
    ] = "",
    env: Annotated[str | None, typer.Option("--env", "-e", metavar="ENV", help="Of --publisher-next.")] = None,
    stack: Annotated[
        str | None, typer.Option("--stack", "-s", metavar="STACK", envvar=names.STACK, help="Of --publisher-next.")
    ] = None,
    topic: OfTopic = None,
    profile: Annotated[str | None, typer.Option(metavar="PROFILE", help="Of ~/.aws/config.")] = None,
    region: Annotated[str | None, typer.Option(metavar="REGION", help="Else AWS_REGION.")] = None,
    as_json: Json = False,
) -> int:
    """Say what would lose, duplicate, block or leak messages, and what to change.

    Exit status: 0 nothing of what --fail-on says, 1 something, 2 unusable input. Acknowledged findings are shown and do not count.
    """
    if explain:
        return _explain(explain)
    if publisher_next:
        return _publisher_next(
            publisher_next, paths, format, as_json, topic, env=env, stack=stack, profile=profile, region=region
        )
    if env or topic or profile or region:
        raise Unusable(
            "--env, --topic, --profile and --region are for --publisher-next TYPE: a template needs none of them"
        )
    format = Format.JSON if as_json else format
    if not paths:
        raise Unusable("what to check? give a template, a cdk.out folder, or --explain RULE")
    given, problems = read_parameters(parameter or []), list[str]()
    templates = [each for path in paths for each in load(path, production=production, given=given, problems=problems)]
    found = check_templates(
        templates,
        acknowledgements=load_acknowledgements(acknowledgements) if acknowledgements else (),
        contracts=load_contracts(contract) if contract else (),
    )
    if baseline is not None:
        found = _accepted(baseline, found, reason)
    unseen = unseen_in(templates, problems)
    if format is Format.TABLE:
        _print_table(found, templates, unseen)
    else:
        every = [each.as_dict() for each in found] + [each.as_dict() for each in unseen]
        print(json.dumps(every if format is Format.JSON else sarif(found, templates, unseen), indent=2))
    return int(_fails(found, unseen, fail_on))


def _publisher_next(
    type_: str, paths: Sequence[Path] | None, format: Format, as_json: bool, topic: str | None, **target: str | None
) -> int:
    """Needs AWS, which `check` else does not: imported where it is asked for."""
    from fanout.cli.publisher_next import publisher_next

    if paths:
        raise Unusable(f"--publisher-next asks what is deployed: leave out {paths[0]}")
    if not is_type(type_):
        raise Unusable(f"--publisher-next {type_}: expected a type with its version, as in order.placed.v2")
    if format is Format.SARIF:
        raise Unusable("--publisher-next has no SARIF: give --json")
    return publisher_next(type_=type_, topic=topic, as_json=as_json or format is Format.JSON, **target)


def _explain(rule: str) -> int:
    if rule not in RULES:
        near = ", ".join(get_close_matches(rule, RULES, 3))
        hint = f"did you mean {near}?" if near else "a finding begins with the name of its rule"
        raise Unusable(f"--explain {rule}: there is no such rule; {hint}")
    console.print(Markdown(page(RULES[rule])))
    return 0


def _accepted(file: Path, found: list[Finding], reason: str) -> list[Finding]:
    """By a baseline, which is made first when there is a reason for it."""
    if reason.strip():
        count = baselines.write(file, found, " ".join(reason.split()), date.today())
        print(f"{file}: {counted(count, 'finding')} accepted for now", file=sys.stderr)
    elif not file.exists():
        raise Unusable(f"{file}: there is no such file; --reason TEXT makes it of what is found now")
    accepted = baselines.read(file)
    if mended := accepted.mended(found):
        print(f"{file}: {mended} of its findings are found no more: make it anew", file=sys.stderr)
    return accepted.apply(found)


def _fails(found: Sequence[Finding], unseen: Sequence[Unseen], fail_on: FailOn) -> bool:
    open_ones = [each for each in found if each.acknowledged is None]
    if fail_on is FailOn.ERROR:
        return any(each.severity is Severity.ERROR for each in open_ones)
    return bool(open_ones) or (fail_on is FailOn.UNSEEN and bool(unseen))


def _print_table(found: Sequence[Finding], templates: Sequence[Template], unseen: Sequence[Unseen]) -> None:
    """First what no rule saw, as SAM's resources were not written out. Then grouped by rule, errors first, and by what becomes of
    messages: the reason once, then each place. Hygiene is a line a rule.
    """
    macros = {(each.name, macro) for each in templates for macro in each.macros}
    unwritten = [each for each in unseen if (each.template, each.where) in macros]
    _print_unseen(unwritten)
    open_ones = [each for each in found if each.acknowledged is None]
    for (*_, rule), group in groupby(sorted(open_ones, key=_order), key=_order):
        if RULES[rule].consequence is Consequence.HYGIENE and RULES[rule].severity is not Severity.ERROR:
            _print_hygiene(rule, list(group))
        else:
            _print_rule(rule, list(group))
    accepted = [each for each in found if each.acknowledged is not None]
    for each in accepted:
        _print_heading("acknowledged", "cyan", each.rule)
        print_indented(f"{each.path}: {each.message}")
        print_indented(f"reason: {each.acknowledged}", "dim")
    _print_unseen([each for each in unseen if each not in unwritten])
    errors = sum(each.severity is Severity.ERROR for each in open_ones)
    clean = f"clean in what was seen; {counted(len(unseen), 'thing')} not seen" if unseen else "clean"
    summary = f"{counted(errors, 'error')} and {counted(len(open_ones) - errors, 'warning')}" if open_ones else clean
    names = ", ".join(each.name for each in templates)
    scope = f"{counted(len(templates), 'template')}, {len(RULES)} rules, {len(accepted)} acknowledged: {names}"
    console.print(printable(f"{summary}: {scope}"), style="bold red" if errors else "bold green", soft_wrap=True)


def _print_unseen(unseen: Sequence[Unseen]) -> None:
    for each in unseen:
        print_line(Text.assemble(("not seen", "yellow"), " ", printable(str(each))))


def _print_rule(rule: str, group: list[Finding]) -> None:
    definition = RULES[rule]
    label = f"{definition.severity} ({definition.consequence})"
    _print_heading(label, "bold red" if definition.severity is Severity.ERROR else "yellow", rule)
    print_indented(f"{definition.what} {definition.why}", "dim")
    for each in group:
        print_indented(f"{each.path}: {each.message}")
        if each.fix != definition.fix:
            print_indented(f"  fix: {each.fix}")
    if any(each.fix == definition.fix for each in group):
        print_indented(f"fix: {definition.fix}")
    console.print(f"  {definition.link}", style="dim", soft_wrap=True)  # whole, so that it can be clicked
    console.print()


def _print_hygiene(rule: str, group: list[Finding]) -> None:
    named = ", ".join(each.path for each in group[:MOST_NAMED]) + (", ..." if len(group) > MOST_NAMED else "")
    _print_heading("hygiene", "dim", rule)
    print_indented(f"{len(group)}: {named}; fanout check --explain {rule}")


def _print_heading(label: str, style: str, rest: str) -> None:
    print_line(Text.assemble((label, style), " ", (printable(rest), "bold")))


def _order(finding: Finding) -> tuple[bool, int, str]:
    return (
        finding.severity is not Severity.ERROR,
        list(Consequence).index(RULES[finding.rule].consequence),
        finding.rule,
    )
