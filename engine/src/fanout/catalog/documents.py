"""Every document of a cloud assembly, by its path in the repository."""

from __future__ import annotations

from pathlib import Path

from fanout.catalog import asyncapi, index, pages, permissions, topology
from fanout.catalog.contracts import messages
from fanout.catalog.intake import beside
from fanout.catalog.markdown import HEADER
from fanout.catalog.reading import anchor, production, subscribers, topics
from fanout.catalog.spending import Spending
from fanout.catalog.tasks import Task, task
from fanout.contracts.app import HEARTBEAT
from fanout.errors import Unusable
from fanout.project import product
from fanout.template.linking import link
from fanout.template.load import load
from fanout.template.template import Template

FOLDER, README = Path("docs/catalog"), Path("README.md")
BEGIN, END = "<!-- topology -->\n", "<!-- /topology -->\n"


def documents(assembly: Path, root: Path, *, stack: str | None = None) -> dict[Path, str]:
    """Texts by path below `root`, whose contracts/, lambdas/ and README.md they are made from and for.

    Describes `stack`, by default the one that is production. Raises Unusable, one line.
    """
    every = link(load(assembly))
    _refuse_foreign(every, assembly, root)
    template = _chosen(every, stack, assembly)
    found = topics(template)
    called = [each.name for topic in found for each in topic.called]
    of_queues = [each.name for each in subscribers(template)]
    known = {each: task(root / "lambdas", each) for each in (*of_queues, *called)}
    picture = topology.flowchart(found, known, beside(template, every))
    spoken = messages(root / "contracts", internal=HEARTBEAT)
    spending = Spending(template, [*of_queues, *called])
    made = {
        FOLDER / "README.md": index.page(template, every, found, spoken, known, picture, spending),
        FOLDER / "asyncapi.yaml": asyncapi.text(found, spoken, known),
        FOLDER / "permissions.md": permissions.page(template, found),
    }
    for topic in found:
        for each in topic.subscribers:
            path = FOLDER / "subscribers" / f"{anchor(each.name)}.md"
            made[path] = pages.page(template, topic, each, known.get(each.name, Task()), spending)
        for one in topic.called:
            path = FOLDER / "subscribers" / f"{anchor(one.name)}.md"
            made[path] = pages.of_called(template, topic, one, known[one.name], spending)
    readme = root / README
    return made | ({README: with_picture(_read(readme), picture)} if readme.exists() else {})


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(f"{file}: {error.strerror if isinstance(error, OSError) else 'not UTF-8'}") from None


def _refuse_foreign(every: list[Template], assembly: Path, root: Path) -> None:
    """The app's own documents are made from its own stacks, and are never overwritten with another's."""
    own = product(root)
    if not (root / "cdk.json").exists() or any(each.name == own or each.name.startswith(f"{own}-") for each in every):
        return
    told = ", ".join(each.name for each in every[:3]) + (", ..." if len(every) > 3 else "")
    raise Unusable(f"{assembly} has {told}, no stack {own}-...: give --out FOLDER to describe it there")


def with_picture(readme: str, picture: str) -> str:
    """`readme` with `picture` between its markers; unchanged when it has none."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    return before + begin + picture + end + after if begin and end else readme


def is_generated(text: str) -> bool:
    """Whether a file is one of these, so that what no subscriber has any more may go."""
    return text.startswith(HEADER)


def _chosen(every: list[Template], stack: str | None, assembly: Path) -> Template:
    named = [each for each in every if each.name == stack] if stack else []
    found = named[0] if named else None if stack else production(every)
    names = ", ".join(each.name for each in every)
    if found is None and stack:
        raise Unusable(f"{assembly}: no stack {stack!r}: expected one of {names}")
    if found is None:
        raise Unusable(f"{assembly}: {names}: none, or more than one, is production: say which with --stack")
    if not topics(found):
        raise Unusable(f"{assembly}: {found.name}: no topic in it feeds a queue or calls a function")
    return found
