"""What a task of several types of event needs: a function for each type, and older types read as newer ones.

The second by the functions of the app's `lambdas/upcasts.py`:

    def order_placed_v2(old: OrderPlaced) -> dict[str, Any]:
        return {**old.raw["data"], "currency": "EUR"}

Its name is the module of the type that it makes, its annotation the class that it reads, and what it returns the new
event's `data`, which the newer contract must allow. Id, source, type, time, `raw` and `body` stay as they were published:
so an event has one identity and one record, whoever reads it, and a dead letter is the original. This file is in the zips
of an app with several types or with upcasts, and of no other.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from importlib import import_module
from types import FunctionType
from typing import Any, Protocol

from fanout.runtime.errors import ContractViolation
from fanout.runtime.log import describe

Function = Callable[[Any], dict[str, Any]]
ClassesOf = Callable[[Callable[..., Any]], tuple[Any, ...]]
"""Those in a function's annotation; raises TypeError."""


class OneOf:
    """A task that gives each event to the one of several functions that takes its class. Raises TypeError."""

    def __init__(self, tasks: tuple[Callable[[Any], None], ...], classes_of: ClassesOf) -> None:
        self._of: dict[Any, Callable[[Any], None]] = {}
        for task in tasks:
            for each in classes_of(task):
                if each in self._of:
                    both = f"{self._of[each].__qualname__} and {task.__qualname__}"
                    raise TypeError(f"{both} both take {each.TYPE}: let one function take it")
                self._of[each] = task
        self.classes = tuple(self._of)

    def __call__(self, event: Any) -> None:
        self._of[type(event)](event)


class Reader(Protocol):
    """The class of an event, or an Upcast in its place."""

    TYPE: str
    GROUP: str

    def _takes(self, type_: Any) -> bool: ...

    def _read(self, event: dict[str, Any], body: str) -> Any: ...


class Upcast:
    """Stands among the classes of a task for `source`, whose events it reads as `target` does what `function` makes of them."""

    GROUP = ""

    def __init__(self, function: Function, source: Reader, target: Reader) -> None:
        self.TYPE, self._function, self._source, self._target = source.TYPE, function, source, target

    def _takes(self, type_: Any) -> bool:
        return bool(type_ == self.TYPE)

    def _read(self, event: dict[str, Any], body: str) -> Any:
        """Raises ContractViolation: for what the older contract does not allow as it says it, for the rest with the upcast's name."""
        old = self._source._read(deepcopy(event), body)
        try:
            data = self._function(old)
        except Exception as error:
            told = describe(error)
            reason = f"{told['error_type']}: {told['error']}"
        else:
            try:
                new = self._target._read({**event, "type": self._target.TYPE, "data": data}, body)
            except ContractViolation as error:
                reason = str(error)
            else:
                for name, value in (("type", old.type), ("raw", event)):
                    object.__setattr__(new, name, value)
                return new
        raise ContractViolation(f"upcast {self._function.__name__} of {self.TYPE}: {reason}")


def leading_to(classes: tuple[Any, ...], classes_of: ClassesOf) -> tuple[Any, ...]:
    """One for each older type from which a way leads to one of `classes`, the shortest; none for what a task takes as it is.

    Raises TypeError for a function without the annotation of one class.
    """
    known = dict(_functions())
    ends: list[Any] = [*classes]
    modules = {id(each): _module(each) for each in classes}
    taken = {each.TYPE for each in classes}
    for end in ends:
        function = known.get(modules[id(end)])
        if function is None:
            continue
        source, *others = classes_of(function)
        if others:
            raise TypeError(f"{function.__name__}: annotate its parameter with one class, of the older event")
        if source.TYPE not in taken:
            taken.add(source.TYPE)
            ends.append(upcast := Upcast(function, source, end))
            modules[id(upcast)] = _module(source)
    return tuple(ends[len(classes) :])


def _module(event_class: Any) -> str:
    return str(event_class.__module__.rpartition(".")[2])


def _functions() -> Iterator[tuple[str, Function]]:
    module = import_module("upcasts")
    for name, each in vars(module).items():
        if isinstance(each, FunctionType) and not name.startswith("_") and each.__module__ == module.__name__:
            yield name, each
