"""Any template in one picture and three tables: who sends to what, who takes it, where what fails goes. For `fanout docs --out`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from fanout.catalog import markdown
from fanout.catalog.reading import anchor
from fanout.template.coverage import unseen_in
from fanout.template.dead_letters import attempts_of, dead_letter_queue_of, dead_letter_queues
from fanout.template.linking import link
from fanout.template.links import Link
from fanout.template.load import load
from fanout.template.messaging import mappings, subscriptions
from fanout.template.senders import links, pipes_from_queues
from fanout.template.template import Resource, Template
from fanout.template.types import FUNCTION, QUEUE, TOPIC
from fanout.template.values import Value, shown

MOST_ARROWS = 60
_SHAPES = {QUEUE: '[["{}"]]', TOPIC: '(["{}"])', FUNCTION: '("{}")'}


def overview(assembly: Path) -> dict[Path, str]:
    """One page, README.md, of all templates of an assembly or a file. Raises Unusable, one line."""
    problems: list[str] = []
    templates = link(load(assembly, problems=problems))
    sections = [section for each in templates for section in _sections(each)]
    unseen = [f"- {each}" for each in unseen_in(templates, problems)]
    if unseen:
        sections += ["## Not seen", "\n".join(unseen)]
    return {Path("README.md"): markdown.page(f"# {assembly.name}", *sections)}


def _sections(template: Template) -> list[str]:
    queues, pipes = template.of(QUEUE), pipes_from_queues(template)
    if not (queues or links(template) or template.of(TOPIC)):
        return [f"## {template.name}", "Nothing in it sends, keeps or takes messages."]
    return [f"## {template.name}", _picture(template, pipes), _table_of_queues(template), _table_of_senders(template)]


def _picture(template: Template, pipes: Sequence[tuple[Resource, Resource]]) -> str:
    arrows = list(dict.fromkeys(_arrows(template, pipes)))
    if not arrows:
        return ""
    left = len(arrows) - MOST_ARROWS
    more = [f'    more["and {left} more arrows: the tables have them all"]'] if left > 0 else []
    return "```mermaid\nflowchart LR\n" + "\n".join([*arrows[:MOST_ARROWS], *more]) + "\n```"


def _arrows(template: Template, pipes: Sequence[tuple[Resource, Resource]]) -> Iterator[str]:
    for each in links(template):
        source = each.source if isinstance(each.source, Resource) else each.owner
        yield f"    {_node(source)} --> {_node(each.target)}"
        if each.dead_letter_queue is not None and each.kind != "topic":
            yield f'    {_node(source)} -. "undeliverable" .-> {_node(each.dead_letter_queue)}'
    for mapping in mappings(template):
        yield f"    {_node(mapping.queue)} --> {_node(mapping.function or mapping.resource)}"
    for pipe, queue in pipes:
        yield f"    {_node(queue)} --> {_node(pipe)}"
    for queue in template.of(QUEUE):
        dead = dead_letter_queue_of(queue)
        if isinstance(dead, Resource):
            attempts = attempts_of(queue)
            told = f"after {attempts:.0f} attempts" if attempts else "what fails"
            yield f'    {_node(queue)} -. "{told}" .-> {_node(dead)}'


def _table_of_queues(template: Template) -> str:
    takers: dict[Value, list[str]] = {}
    for mapping in mappings(template):
        takers.setdefault(mapping.queue, []).append((mapping.function or mapping.resource).id)
    for pipe, queue in pipes_from_queues(template):
        takers.setdefault(queue, []).append(pipe.id)
    rows = []
    for queue in template.of(QUEUE):
        dead = dead_letter_queue_of(queue)
        kept = queue in dead_letter_queues(template)
        taken = ", ".join(takers.get(queue, [])) or (
            "nobody: it is for dead letters" if kept else "not in this template"
        )
        rows.append([queue.path, taken, shown(dead.id if isinstance(dead, Resource) else dead or "none")])
    return "### Queues\n\n" + markdown.table(("queue", "taken from by", "dead letters go to"), rows) if rows else ""


def _table_of_senders(template: Template) -> str:
    rows = [[each.kind, each.owner.path, _name(each.target), _dead(each)] for each in links(template)]
    rows += [
        [f"topic, by {shown(each.protocol)}", each.resource.path, "outside", ""]
        for each in subscriptions(template)
        if each.protocol not in ("sqs", "lambda", "firehose")
    ]
    return (
        "### Senders\n\n" + markdown.table(("kind", "written in", "sends to", "what it cannot deliver"), rows)
        if rows
        else ""
    )


def _dead(link: Link) -> str:
    if link.dead_letter_queue is not None:
        return _name(link.dead_letter_queue)
    return "is lost" if link.takes_dead_letters else ""


def _node(value: Value) -> str:
    if not isinstance(value, Resource):
        return f'{anchor(shown(value)) or "elsewhere"}["{markdown.label(shown(value))}"]'
    return anchor(f"{value.template.name} {value.id}") + _SHAPES.get(value.type, '["{}"]').format(
        markdown.label(value.id)
    )


def _name(value: Value) -> str:
    return value.path if isinstance(value, Resource) else shown(value)
