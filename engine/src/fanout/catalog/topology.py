"""The picture: a Mermaid flowchart of topics, subscribers, dead letters and alarms.

Up to `MOST_LANES` subscribers each have a lane that shows queue, function and dead letters. More are one line each in one
box, with one arrow into it and one out of it, so that thirty are a list and not a net.

Every label is quoted and every id is made here: Mermaid takes words like `end` and characters like `(` for its own
(https://mermaid.js.org/syntax/flowchart.html).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from fanout.catalog import markdown, working
from fanout.catalog.intake import drawn
from fanout.catalog.reading import Subscriber, Topic, anchor, name_of
from fanout.catalog.tasks import Task
from fanout.catalog.unqueued import attempts
from fanout.costs.schedules import SCHEDULES
from fanout.template import dead_letters
from fanout.template.alarms import alarms_on
from fanout.template.filter_policy import keys
from fanout.template.template import Resource, Template
from fanout.template.values import shown

MOST_LANES = 6
_PROTOCOLS = {"email": "e-mail", "email-json": "e-mail", "sqs": "queue of another stack"}


def flowchart(topics: list[Topic], tasks: dict[str, Task], intake: Template | None = None) -> str:
    """A fenced block. `tasks` says in words what each subscriber is for; `intake` stands before the first topic."""
    lines = ["flowchart LR"]
    total = sum(len(each.subscribers) for each in topics)
    for number, topic in enumerate(topics, start=1):
        id_ = f"topic{number}"
        kind = "FIFO topic" if topic.is_fifo else "topic"
        shape = f'{id_}(["{kind} {markdown.label(topic.name)}"])'
        own = drawn(intake, shape) if number == 1 else None
        lines.append(own or f'    publisher["publishing service"] -- publish --> {shape}')
        lines += _schedules(id_, topic)
        lines += _lanes(id_, topic, tasks) if total <= MOST_LANES else _column(id_, topic)
        lines += _called(id_, topic, tasks)
        lines += _others(id_, topic)
    lines += _alarms(topics, lanes=total <= MOST_LANES)
    return "```mermaid\n" + "\n".join(lines) + "\n```\n"


def _schedules(topic: str, of: Topic) -> Iterator[str]:
    """What the stack itself publishes by the clock: schedules that refer to the topic."""
    template = of.resource.template if of.resource else None
    for each in template.of(*SCHEDULES) if template else ():
        if of.resource and of.resource.id in each.template.dependencies[each.id]:
            rate = re.fullmatch(r"rate\((.+)\)", shown(each.get("ScheduleExpression")))
            when = f"every {rate.group(1)}" if rate else "by the clock"
            yield f'    {anchor(name_of(each))}["schedule"] -- "{markdown.label(when)}" --> {topic}'


def _lanes(topic: str, of: Topic, tasks: dict[str, Task]) -> Iterator[str]:
    for each in of.subscribers:
        name = anchor(each.name)
        yield f'    subgraph {name}_lane["{markdown.label(each.name)}"]'
        yield f'        {name}_queue[["queue"]] --> {name}_task("{markdown.label(_what(each, tasks))}")'
        if each.dead_letter_queue:
            yield f'        {name}_queue -. "{_attempts(each)}" .-> {_dead(each.dead_letter_queue)}[["dead letters"]]'
        yield "    end"
        yield f"    {topic} {_arrow(each)} {name}_queue"


def _column(topic: str, of: Topic) -> Iterator[str]:
    names = "<br/>".join(markdown.label(each.name + _only(each)) for each in of.subscribers)
    yield f'    {topic} -- "to a queue for each" --> {topic}_tasks["{names}"]'


def _called(topic: str, of: Topic, tasks: dict[str, Task]) -> Iterator[str]:
    """Tasks without a queue."""
    for each in of.called:
        name, what = anchor(each.name), tasks[each.name].phrase or each.name
        yield f'    {topic} -- "calls" --> {name}_task("{markdown.label(what)}")'
        dead = (
            f'{_dead(each.dead_letter_queue)}[["dead letters"]]'
            if each.dead_letter_queue
            else f'{name}_gone["dropped"]'
        )
        yield f'    {name}_task -. "{attempts(each)}" .-> {dead}'


def _others(topic: str, of: Topic) -> Iterator[str]:
    counted = Counter(_PROTOCOLS.get(shown(each.protocol), shown(each.protocol)) for each in of.others)
    for protocol, count in sorted(counted.items()):
        yield f'    {topic} --> {topic}_{anchor(protocol)}["{markdown.label(protocol)}{f" x {count}" if count > 1 else ""}"]'


def _alarms(topics: list[Topic], *, lanes: bool) -> Iterator[str]:
    watched: dict[str, str] = {}
    for number, topic in enumerate(topics, start=1):
        for each in topic.subscribers:
            queue = each.dead_letter_queue
            if queue and alarms_on(queue):
                here, says = (
                    (_dead(queue), "-.->") if lanes else (f"topic{number}_tasks", '-. "dead letters of each" .->')
                )
                watched[here] = says
        for called in topic.called:
            queue = called.dead_letter_queue
            if queue and alarms_on(queue):
                watched[_dead(queue)] = "-.->"
    if watched:
        yield f'    {" & ".join(watched)} {next(iter(watched.values()))} alarm{{{{"alarm"}}}}'


def _what(each: Subscriber, tasks: dict[str, Task]) -> str:
    if each.worker:
        return tasks[each.name].phrase or working.phrase(each.worker)
    if each.function is None:
        return "another program"
    return tasks[each.name].phrase or "function"


def _attempts(each: Subscriber) -> str:
    attempts = dead_letters.attempts_of(each.queue)
    return f"after {attempts:g} attempts" if attempts else "what fails"


def _arrow(each: Subscriber) -> str:
    return f'-- "{markdown.label(_only(each).strip(", "))}" -->' if each.filter else "-->"


def _only(each: Subscriber) -> str:
    return f", only some {markdown.listed(sorted(keys(each.filter)))}" if each.filter else ""


def _dead(queue: Resource) -> str:
    return anchor(name_of(queue))
