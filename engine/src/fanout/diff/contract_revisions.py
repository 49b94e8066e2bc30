"""Contracts to compare, by folder or by git revision, and which subscribers take each type."""

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from fanout import names
from fanout.contracts.contract import Contracts, load
from fanout.contracts.validator import problem_finder
from fanout.diff.git import commit_of, files_at
from fanout.errors import ContractError, Unusable
from fanout.template.filter_policy import matches
from fanout.template.messaging import Subscription, subscriptions
from fanout.template.template import Resource, Template
from fanout.template.values import Value, as_list

_KEPT = (".json",)


def contracts_at(source: str, folder: Path) -> Contracts:
    """Of a folder of schemas, of one schema's file, or of `folder` as a git revision has it. Raises Unusable, ContractError."""
    return _usable(_loaded(source, folder))


def _usable(contracts: Contracts) -> Contracts:
    """Those of which publishers and tasks can be made."""
    for each in contracts:
        try:
            problem_finder(each.schema)
        except ValueError as error:
            raise ContractError(f"contract {each.path}: {error}: correct the schema") from None
    return contracts


def _loaded(source: str, folder: Path) -> Contracts:
    path = Path(source)
    if path.exists():
        return load(path)
    files = files_at(commit_of(source), folder)
    if not any(name.endswith(".schema.json") and "/" not in name for name in files):
        raise Unusable(f"{source}: no *.schema.json in {folder} there: give --contracts FOLDER, or compare folders")
    with TemporaryDirectory() as copy:
        for name, text in files.items():
            if name.endswith(_KEPT):
                target = Path(copy, name)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, "utf-8")
        try:
            return load(Path(copy))
        except ContractError as error:
            raise ContractError(str(error).replace(copy, f"{source}:{folder.as_posix()}")) from None


def takers(templates: Iterable[Template]) -> list[tuple[str, Subscription]]:
    """Each subscription of a program with the task that it feeds, each once of all stacks."""
    found = {}
    for template in templates:
        for each in subscriptions(template):
            if each.loses:
                found[_name(each), str(each.resource.document("FilterPolicy"))] = each
    return [(name, each) for (name, _), each in found.items()]


def takers_of(type_: str, taking: Iterable[tuple[str, Subscription]]) -> list[str]:
    """The tasks that may get events of a type, by what the filters say of it."""
    return sorted({name for name, each in taking if _may_take(each, type_)})


def _may_take(subscription: Subscription, type_: str) -> bool:
    policy: Value = subscription.resource.document("FilterPolicy")
    return not isinstance(policy, dict) or matches(policy, {"type": type_}, partial=True) is not False


def _name(subscription: Subscription) -> str:
    """The task's, as the tag of its queue or function says; else what it is called in the template."""
    endpoint = subscription.endpoint
    tags = as_list(endpoint.get("Tags")) if isinstance(endpoint, Resource) else []
    for tag in tags:
        if isinstance(tag, dict) and tag.get("Key") == names.TASK_TAG:
            return str(tag.get("Value"))
    return endpoint.id if isinstance(endpoint, Resource) else subscription.resource.id
