"""Takes the call of `Subscriber` as it was before version 1, for one version; whoever removes this file ends that."""

import warnings
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, TypedDict

from aws_cdk import Duration
from aws_cdk import aws_sns as sns

from fanout.batching import BATCHING
from fanout.constructs.compute import Batching, Function, in_seconds
from fanout.constructs.errors import ConfigurationError, expect
from fanout.constructs.settings import Settings
from fanout.constructs.topic import AnyTopic, ExistingTopic, Topic


class OldArguments(TypedDict, total=False):
    """Arguments of `Subscriber` that have gone, and what each was called."""

    timeout: Duration
    memory_mib: int
    favour: str
    batch_size: int
    batching_window: Duration
    max_concurrency: int
    concurrency: int
    idempotency: bool
    attribute_filter: Mapping[str, sns.SubscriptionFilter]
    variables: Mapping[str, str]


_FUNCTION = {
    "timeout": "timeout",
    "memory_mib": "memory_mib",
    "max_concurrency": "max_concurrency",
    "concurrency": "messages_at_once",
}
_RENAMED = {"attribute_filter": "only", "variables": "environment"}
_BATCHING = ("favour", "batch_size", "batching_window")


def modern_topic(owner: str, topic: AnyTopic | sns.ITopic, settings: Settings | None) -> AnyTopic:
    """The topic with settings; with a DeprecationWarning from a topic of the CDK."""
    if isinstance(topic, Topic | ExistingTopic):
        return topic
    if settings is None:
        raise ConfigurationError(f"{owner}: topic has no settings: give it a fanout Topic, or Topic.from_arn(...)")
    _warn(f"{owner}: topic is a topic of the CDK: write topic=Topic.from_sns(topic, settings=settings)")
    return Topic.from_sns(topic, settings=settings)


def modern(owner: str, old: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Arguments of today that say the same; with one DeprecationWarning that shows them."""
    for name in old:
        if name not in OldArguments.__annotations__:
            raise TypeError(f"{owner}: unexpected keyword argument {name!r}")
    if not old:
        return {}
    new: dict[str, Any] = {_RENAMED[name]: old[name] for name in _RENAMED if name in old}
    if "idempotency" in old:
        new["idempotent"] = not old["idempotency"]
    function = {_FUNCTION[name]: old[name] for name in _FUNCTION if name in old}
    if any(name in old for name in _BATCHING):
        function["batching"] = _batching(owner, old, settings)
    if function:
        new["compute"] = Function(**function)
    shown = ", ".join(f"{name}={_shown(value)}" for name, value in new.items())
    _warn(f"{owner}: {', '.join(old)}: write Subscriber(..., {shown})")
    return new


def _batching(owner: str, old: Mapping[str, Any], settings: Settings) -> Batching | str:
    word = old.get("favour", settings.batching)
    expect(owner, "favour", word in BATCHING, word, " or ".join(map(repr, BATCHING)))
    if "batch_size" not in old and "batching_window" not in old:
        return str(word)
    size, window = BATCHING[word]
    seconds = in_seconds(old["batching_window"]) if "batching_window" in old else window
    return Batching(size=old.get("batch_size", size), window=timedelta(seconds=seconds))


def _shown(value: object) -> str:
    if not isinstance(value, Function):
        return repr(value) if isinstance(value, bool) else "..."
    changed = [name for name in Function.__dataclass_fields__ if getattr(value, name) != getattr(Function(), name)]
    return f"Function({', '.join(f'{name}={_time(getattr(value, name))}' for name in changed)})"


def _time(value: object) -> str:
    return f"timedelta(seconds={in_seconds(value)})" if isinstance(value, Duration) else repr(value)


def _warn(text: str) -> None:
    warnings.warn(text, DeprecationWarning, stacklevel=5)
