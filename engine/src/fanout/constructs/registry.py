"""Tells the parts of a stack about each other in whatever order the lines of the stack stand.

Nothing reads "all subscribers" while some may still come. A part says what to do for each, and it is done for those that
exist and for each that comes; what depends on all of them is asked for at synth and sorted by path.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import jsii
from aws_cdk import IStableAnyProducer, IStableListProducer, IStableStringProducer, Lazy
from constructs import Construct, IConstruct, IValidation

from fanout.constructs.cdk_cache import of_stack, path_of

C = TypeVar("C", bound=Construct)


class _Registry:
    def __init__(self) -> None:
        self.made: list[Construct] = []
        self.asked: list[tuple[type[Construct], Callable[[Any], None]]] = []


def _of(scope: Construct) -> _Registry:
    return of_stack(scope, "its registry", lambda stack: _Registry())


def announce(made: Construct) -> None:
    """Called at the end of its constructor by what others wait for."""
    registry = _of(made)
    registry.made.append(made)
    for kind, do in registry.asked:
        if isinstance(made, kind):
            do(made)


def for_each(kind: type[C], scope: Construct, do: Callable[[C], None]) -> None:
    """Calls `do` for each construct of `kind` in the scope's stack: those that exist, and each that comes."""
    registry = _of(scope)
    registry.asked.append((kind, do))
    for made in list(registry.made):
        if isinstance(made, kind):
            do(made)


def in_order(constructs: Iterable[C]) -> list[C]:
    """By path, which no line's place in the stack changes."""
    return sorted(constructs, key=path_of)


def late_string(make: Callable[[], str]) -> str:
    """A token that is made at synth."""
    return Lazy.string(_String(make))


def late_list(make: Callable[[], list[str]]) -> list[str]:
    """A token that is made at synth."""
    return Lazy.list(_List(make))


def validate_late(construct: IConstruct, check: Callable[[], list[str]]) -> None:
    """Refuses the synth with the lines that `check` returns."""
    construct.node.add_validation(_Validation(check))


def late_any(make: Callable[[], Any]) -> Any:
    """A token that is made at synth, of any kind."""
    return Lazy.any(_Any(make))


@jsii.implements(IStableAnyProducer)
class _Any:
    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    def produce(self) -> Any:
        return self._make()


@jsii.implements(IStableStringProducer)
class _String:
    def __init__(self, make: Callable[[], str]) -> None:
        self._make = make

    def produce(self) -> str:
        return self._make()


@jsii.implements(IStableListProducer)
class _List:
    def __init__(self, make: Callable[[], list[str]]) -> None:
        self._make = make

    def produce(self) -> list[str]:
        return self._make()


@jsii.implements(IValidation)
class _Validation:
    def __init__(self, check: Callable[[], list[str]]) -> None:
        self._check = check

    def validate(self) -> list[str]:
        return self._check()
