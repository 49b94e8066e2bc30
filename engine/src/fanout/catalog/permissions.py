"""Who may do what: a row for each right, in words; rights that differ only in who has them are one row."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from fanout.catalog import markdown
from fanout.catalog.reading import Topic
from fanout.catalog.statements import Guarding, Held, guarding, held
from fanout.catalog.words import Words, functions_of, without_account
from fanout.template.grants import ROLE
from fanout.template.policies import Statement
from fanout.template.template import Resource, Template
from fanout.template.values import Value, as_list, shown

_INTRODUCTION = """\
What the template of {stack} grants and refuses; what is granted elsewhere in the account is not here. "If" says what must
be true of the call, and "its own" is what belongs to the same task."""
_UNSEEN = "what the template does not show"
_THIS, _NAMED = "this account", "an account that the template names"


@dataclass(frozen=True)
class Row:
    """`who` and `on` are words; `rest` (may, if) must be equal for rows to become one."""

    who: tuple[str, ...]
    may: str
    on: tuple[str, ...]
    condition: str


def page(template: Template, topics: list[Topic]) -> str:
    words = Words(template, topics)
    every = list(held(template))
    roles = [_held(each, words) for each in every if each.holder.type == ROLE]
    others = [each for each in every if each.holder.type != ROLE]
    resources = [_guarded(each, words) for each in guarding(template)]
    return markdown.page(
        "# Who may do what",
        markdown.paragraph(_INTRODUCTION.format(stack=template.name)),
        _section("Policies to attach", _described(others, words), [_held(each, words) for each in others], words),
        _section("Roles", "What runs in this stack.", _shared_by_who(roles), words),
        _section("What resources allow and refuse", "Beside these rights.", _shared_by_on(resources), words),
    )


def _section(title: str, text: str, rows: list[Row], words: Words) -> str:
    if not rows:
        return ""
    told = [(words.collapsed(row.who), row.may, words.collapsed(row.on), row.condition) for row in rows]
    ordered = sorted(told, key=lambda row: (not row[1].startswith("not"), row))
    lines = [(", ".join(who), may, ", ".join(on), condition) for who, may, on, condition in ordered]
    return f"## {title}\n\n{text}\n\n" + markdown.table(("who", "may", "on", "if"), dict.fromkeys(lines))


def _described(policies: list[Held], words: Words) -> str:
    """What each policy says it is for."""
    found = {words.of(each.holder): each.holder.get("Description") for each in policies}
    lines = [f"- {name}: {text}" for name, text in sorted(found.items()) if isinstance(text, str)]
    return "\n".join(["Whose role has the policy has its rights.", *([""] if lines else []), *lines])


def _held(each: Held, words: Words) -> Row:
    who = _holder(each.holder, words)
    if each.foreign_policy:
        return Row(who, f"what policy `{each.foreign_policy}` allows", (_UNSEEN,), "")
    return _row(each.statement, words, who=who, owner=words.owner_of(each.holder))


def _guarded(each: Guarding, words: Words) -> Row:
    statement = each.statement
    who = _principals(statement, words) if statement else (_UNSEEN,)
    row = _row(statement, words, who=who, owner="")
    return replace(row, on=(words.of(each.resource),)) if each.resource else row


def _row(statement: Statement | None, words: Words, *, who: tuple[str, ...], owner: str) -> Row:
    if statement is None:
        return Row(who, _UNSEEN, (_UNSEEN,), "")
    on = tuple(words.together(as_list(statement.body.get("Resource")), owner=owner)) or (_UNSEEN,)
    may = ("not " if statement.denies else "") + _actions(statement)
    return Row(who, may, on, _conditions(statement, words, owner))


def _actions(statement: Statement) -> str:
    but = as_list(statement.body.get("NotAction"))
    named = sorted(f"`{shown(each)}`" for each in but or as_list(statement.body.get("Action")))
    return ("all but " if but else "") + ", ".join(named) if named else _UNSEEN


def _shared_by_who(rows: Iterable[Row]) -> list[Row]:
    """Who has the same right shares a row."""
    found: dict[tuple[str, tuple[str, ...], str], dict[str, None]] = {}
    for row in rows:
        found.setdefault((row.may, row.on, row.condition), {}).update(dict.fromkeys(row.who))
    return [Row(tuple(sorted(who)), may, on, condition) for (may, on, condition), who in found.items()]


def _shared_by_on(rows: Iterable[Row]) -> list[Row]:
    """What is guarded in the same way shares a row."""
    found: dict[tuple[tuple[str, ...], str, str], dict[str, None]] = {}
    for row in rows:
        found.setdefault((row.who, row.may, row.condition), {}).update(dict.fromkeys(row.on))
    return [Row(who, may, tuple(sorted(on)), condition) for (who, may, condition), on in found.items()]


def _holder(holder: Resource, words: Words) -> tuple[str, ...]:
    found = functions_of(holder) if holder.type == ROLE else []
    return tuple(words.of(each) for each in found) or (words.of(holder),)


def _principals(statement: Statement, words: Words) -> tuple[str, ...]:
    if statement.is_for_anyone():
        return ("anyone",)
    principal = statement.body.get("Principal")
    if not isinstance(principal, dict):
        return (_UNSEEN,)
    named = [each for values in principal.values() for each in as_list(values)]
    return tuple(sorted(_principal(each, words) for each in named))


def _principal(value: Value, words: Words) -> str:
    text = shown(value)
    if text.endswith(":root") or re.fullmatch(r"\d{12}", text):
        return f"whom IAM lets in {_THIS if 'AWS::AccountId' in text else _NAMED}"
    return f"`{text}`" if text.endswith(".amazonaws.com") else words.one(value)


def _conditions(statement: Statement, words: Words, owner: str) -> str:
    found = statement.conditions()
    if found is None:
        return _UNSEEN
    return "; ".join(_condition(*each, words=words, owner=owner) for each in found)


def _condition(operator: str, key: str, values: list[Value], *, words: Words, owner: str) -> str:
    if operator == "Null":
        signs = {"true": "is not there", "false": "is there"}
        return f"`{key}` {signs.get(str(values[0]).lower() if values else '', 'is there, or is not')}"
    told = _in_words(key, values, words=words, owner=owner)
    if told:
        return f"not {told}" if "Not" in operator else told
    texts = [without_account(shown(each)) for each in values]
    named = [each.replace(owner, "<task>") if owner else each for each in texts]
    sign = "is not" if "Not" in operator else "is"
    return f"`{key}` {sign} " + " or ".join(f"`{each}`" for each in named)


def _in_words(key: str, values: list[Value], *, words: Words, owner: str) -> str:
    """What most policies say; empty for any other key."""
    if key == "aws:securetransport" and [str(each).lower() for each in values] == ["false"]:
        return "the call is not over TLS"
    if key == "aws:sourcearn":
        return "for " + markdown.listed([words.one(each, owner=owner) for each in values])
    if key in ("aws:sourceaccount", "kms:calleraccount"):
        return f"for {_THIS if [shown(each) for each in values] == ['AWS::AccountId'] else _NAMED}"
    if key == "kms:viaservice":
        return "through " + markdown.listed([f"`{shown(each).partition('.')[0]}`" for each in values])
    return ""
