"""Asked and made once. The CDK runs in a process of its own, and each question to it is a round trip: ADR 0029."""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

T = TypeVar("T")

seconds, minutes, days = cache(Duration.seconds), cache(Duration.minutes), cache(Duration.days)
"""A duration is a value: each is made once."""
SNS = iam.ServicePrincipal("sns.amazonaws.com")
LAMBDA = iam.ServicePrincipal("lambda.amazonaws.com")

_stacks: WeakKeyDictionary[Construct, Stack] = WeakKeyDictionary()
_made: WeakKeyDictionary[Stack, dict[str, Any]] = WeakKeyDictionary()
_asked: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()


def stack_of(scope: Construct, parent: Construct | None = None) -> Stack:
    """With `parent`, its stack: known from then on."""
    if isinstance(scope, Stack):
        return scope
    if scope not in _stacks:
        _stacks[scope] = stack_of(parent) if parent else Stack.of(scope)
    return _stacks[scope]


def fact(construct: Any, name: str, ask: Callable[[], Any] | None = None) -> Any:
    """What never changes, as an ARN: an attribute of the construct, or what `ask` answers."""
    known = _asked.setdefault(construct, {})
    if name not in known:
        known[name] = ask() if ask else getattr(construct, name)
    return known[name]


def path_of(construct: IConstruct, parent: Construct | None = None, id_: str = "/") -> str:
    """With `parent` and `id_`, told by them: known from then on. In a path the CDK writes a slash in an id in another way."""
    known = f"{path_of(parent)}/{id_}" if parent and "/" not in id_ else ""
    return str(fact(construct, "its path", lambda: known or construct.node.path))


def name_of_stack(scope: Construct) -> str:
    return of_stack(scope, "its name", lambda stack: stack.stack_name)


def region_of_stack(scope: Construct) -> str:
    return of_stack(scope, "its region", lambda stack: stack.region)


def account_of_stack(scope: Construct) -> str:
    return of_stack(scope, "its account", lambda stack: stack.account)


def once(scope: Construct, id_: str, make: Callable[[Stack], T]) -> T:
    """The child with this id of the scope's stack, made by whoever asks first."""
    return of_stack(scope, id_, lambda stack: fact(stack, "node").try_find_child(id_) or make(stack))


def of_stack(scope: Construct, what: str, make: Callable[[Stack], T]) -> T:
    """What the scope's stack has one of and is no child of it, made by whoever asks first."""
    stack = stack_of(scope)
    made = _made.setdefault(stack, {})
    if what not in made:
        made[what] = make(stack)
    return cast(T, made[what])


def known_of_stack(scope: Construct, what: str) -> Any:
    """The same, or None where nobody has made it yet."""
    return _made.get(stack_of(scope), {}).get(what)
