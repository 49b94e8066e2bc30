"""What a function that is fed by a queue must not have."""

from __future__ import annotations

from collections.abc import Iterator

from fanout.checks.rule import Consequence, Problem, rule
from fanout.template.chains import circles, lets_through, takers_of, told
from fanout.template.grants import grants_of, permits
from fanout.template.messaging import all_mappings, all_subscriptions, mappings
from fanout.template.policies import any_of
from fanout.template.template import Linked, Resource, Template
from fanout.template.types import TOPIC

_ASYNC = "https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html"
_RECURSION = "https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html"


@rule(
    "function-dead-letter-config",
    consequence=Consequence.LOST,
    what="The dead-letter queue is the queue's, not the function's.",
    why="Lambda uses a function's DeadLetterConfig for asynchronous invocations only. A mapping invokes synchronously:"
    " this dead-letter queue stays empty, whatever fails.",
    fix="Remove DeadLetterConfig from the function and give the queue a RedrivePolicy.",
    link=_ASYNC,
)
def function_dead_letter_config(template: Template) -> Iterator[Problem]:
    fed = [each.function for each in mappings(template) if each.function is not None]
    for function in dict.fromkeys(fed):
        if function.get("DeadLetterConfig") is not None and function.template is template:
            yield Problem(function, "DeadLetterConfig is not used for messages from a queue")


@rule(
    "function-feeds-itself",
    consequence=Consequence.DOUBLED,
    what="A function may not publish to the topic, or send to the queue, that it is fed from.",
    why="One message that makes another is a loop without an end. Lambda stops it after about 16 turns, and the message"
    " it stopped with is gone or a dead letter.",
    fix="Remove the right, or limit it to other topics and queues (its own dead-letter queue is allowed). If it is meant, and ends,"
    " set RecursiveLoop to Allow.",
    link=_RECURSION,
)
def function_feeds_itself(template: Template) -> Iterator[Problem]:
    for function, sources in _sources(template).items():
        if function.get("RecursiveLoop") not in (None, "Terminate"):
            continue  # it is meant, and Lambda does not stop it
        for source in sources:
            if _is_kept_back(function, source):
                continue
            action = "sns:Publish" if source.type == TOPIC else "sqs:SendMessage"
            if any_of(permits(grant, action, source) for grant in grants_of(function)):
                yield Problem(function, f"may {action} to {source.path}, which it is fed from")


def _is_kept_back(function: Resource, topic: Resource) -> bool:
    """Whether all that the function says it makes for the topic is kept back by its own filter there."""
    types = [type_ for where, type_ in told(function) if where is topic]
    own = [each for each in takers_of(function) if each.topic is topic]
    return bool(types) and not any(lets_through(each, type_) for each in own for type_ in types)


@rule(
    "events-in-a-circle",
    consequence=Consequence.DOUBLED,
    what="What a function makes of an event never comes back to it, by way of other functions' events.",
    why="One event makes another without an end, and each is worked on, paid for and sent on. Lambda stops a loop through SNS and"
    " SQS after about 16 turns, and the event it stopped with is a dead letter or gone.",
    fix="Give one of the functions a filter that keeps back the type of event that closes the circle, or let it make none. If it ends by"
    " itself, acknowledge the finding and say why.",
    link=_RECURSION,
)
def events_in_a_circle(template: Template) -> Iterator[Problem]:
    for way in circles(template):
        steps = " -> ".join(f"{function.path} ({what})" for function, what in way)
        yield Problem(way[0][0], f"its events come back to it: {steps} -> {way[0][0].path}")


def _sources(template: Template) -> dict[Resource, list[Resource]]:
    """Each function of the template with its queues and the topics they are subscribed to."""
    found = template.linked.remember(_all_sources)
    return {function: sources for function, sources in found.items() if function.template is template}


def _all_sources(linked: Linked) -> dict[Resource, list[Resource]]:
    found: dict[Resource, list[Resource]] = {}
    topics_of: dict[Resource, list[Resource]] = {}
    for each in all_subscriptions(linked):
        if each.queue is not None and isinstance(each.topic, Resource):
            topics_of.setdefault(each.queue, []).append(each.topic)
    for mapping in all_mappings(linked):
        function, queue = mapping.function, mapping.queue
        if function is not None and isinstance(queue, Resource):
            found.setdefault(function, []).extend([queue, *topics_of.get(queue, ())])
    return {function: list(dict.fromkeys(sources)) for function, sources in found.items()}
