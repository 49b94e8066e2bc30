"""What of templates was not seen, so that nobody takes silence about it for a verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fanout.template.dead_letters import dead_letter_queues
from fanout.template.intrinsics import resolve
from fanout.template.macros import SERVERLESS
from fanout.template.messaging import all_mappings
from fanout.template.nested import objects
from fanout.template.references import referred_in
from fanout.template.senders import pipes_from_queues
from fanout.template.template import NESTED, Linked, Resource, Template
from fanout.template.types import QUEUE
from fanout.template.values import External, Value

MOST_NAMED = 5
_IMPORTS = {"Fn::ImportValue", "Fn::GetStackOutput"}


@dataclass(frozen=True)
class Unseen:
    """`where`: a resource, a condition, a macro or a file of `template`; `what` says what was not judged there, and what would."""

    template: str
    where: str
    what: str

    def as_dict(self) -> dict[str, Any]:
        """With the keys of a finding, of the rule `unseen`."""
        path = f"{self.template}/{self.where}"
        told = {"resource": self.where, "path": path, "message": self.what, "fix": "", "link": ""}
        return {"rule": "unseen", "severity": "unseen", **told}

    def __str__(self) -> str:
        return f"{self.template}: {self.where}: {self.what}"


def unseen_in(templates: Sequence[Template], problems: Iterable[str] = (), *, elsewhere: bool = True) -> list[Unseen]:
    """Of templates that were linked; `problems` are files that could not be read. With `elsewhere`, who reads a queue too."""
    questions = (_unseen, _of_several, _unread) if elsewhere else (_unseen, _of_several)
    found = [each for template in templates for question in questions for each in question(template)]
    return [*found, *(Unseen("file", *_parts(problem)) for problem in problems)]


def _unseen(template: Template) -> Iterator[Unseen]:
    for macro in template.macros:
        how = template.expansion.why_not_sam if SERVERLESS in macro else None
        yield Unseen(template.name, macro, f"what it adds was not judged; {how or 'the processed template shows it'}")
    for loop in template.expansion.loops:
        yield Unseen(template.name, loop, "its list is known to the deployment only: --parameter NAME=VALUE")
    for stack in template.of(NESTED):
        child = template.child_of(stack)
        if child is None:
            yield Unseen(template.name, stack.path, "the template of this nested stack is not here")
        elif child.given_by and child.given_by.get("Parameters") != stack.get("Parameters"):
            yield Unseen(template.name, stack.path, _judged_once(child, child.given_by))
    for name in sorted(_open(template)):
        yield Unseen(template.name, f"condition {name}", f"it may go either way{_deciding(template, name)}")
    for name in sorted(set(template.switched_off.values())):
        ids = sorted(id_ for id_, each in template.switched_off.items() if each == name)
        yield Unseen(
            template.name,
            f"condition {name}",
            f"false here, so {', '.join(ids)} were not judged{_deciding(template, name)}",
        )


def _of_several(template: Template) -> Iterator[Unseen]:
    """Imports of a name that several of the other templates export."""
    if not template.of_several:
        return
    found = (resolve(template, each) for each in objects(template.body) if not _IMPORTS.isdisjoint(each))
    for where in sorted({each.name for each in found if isinstance(each, External)}):
        if stacks := template.of_several.get(where.partition(" ")[2]):
            said = f"{' and '.join(stacks)} export it, so where it leads was not judged: check each with its own stacks"
            yield Unseen(template.name, where, said)


def _judged_once(child: Template, first: Resource) -> str:
    alone = f"check {child.file.name} alone with --parameter NAME=VALUE" if child.file else "check it alone"
    return f"its template was judged with the parameters of {first.path}, not with its own: {alone}"


def _unread(template: Template) -> Iterator[Unseen]:
    if queues := _without_consumer(template):
        named = ", ".join(each.id for each in queues[:MOST_NAMED]) + (", ..." if len(queues) > MOST_NAMED else "")
        said = f"nothing here takes the messages of {len(queues)}: who does so was not judged"
        yield Unseen(template.name, named, said)


def _open(template: Template) -> set[str]:
    """Conditions that are not decided and that something deployed depends on."""
    undecided = {name for name, decided in template.conditions.items() if decided is None}
    if not undecided:
        return undecided
    return {name for each in template.resources.values() for name in _conditions_in(each.body) & undecided}


def _conditions_in(body: Any) -> set[str]:
    choices = (each["Fn::If"] for each in objects(body) if "Fn::If" in each)
    found = {each[0] for each in choices if isinstance(each, list) and each and isinstance(each[0], str)}
    named = body.get("Condition") if isinstance(body, dict) else None
    return found | ({named} if isinstance(named, str) else set())


def _deciding(template: Template, condition: str) -> str:
    """The parameters by which it is decided, through other conditions too."""
    section = template.body.get("Conditions")
    section = section if isinstance(section, dict) else {}
    names: set[str] = set()
    waiting, seen = [condition], set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        names |= referred_in(section.get(name))
        waiting += [each for each in section if each in str(section.get(name))]
    wanted = sorted(each for each in names if each in template.parameters or each.startswith("AWS::"))
    return f": --parameter {'=... --parameter '.join(wanted)}=... decides" if wanted else ""


def _without_consumer(template: Template) -> list[Resource]:
    taken = template.linked.remember(_taken)
    spared = dead_letter_queues(template)
    return [each for each in template.of(QUEUE) if each not in taken and each not in spared]


def _taken(linked: Linked) -> set[Value]:
    """The queues that something takes messages of."""
    piped = {queue for template in linked.templates for _, queue in pipes_from_queues(template)}
    return {each.queue for each in all_mappings(linked)} | piped


def _parts(problem: str) -> tuple[str, str]:
    where, _, what = problem.partition(": ")
    return where, what or "it cannot be read"
