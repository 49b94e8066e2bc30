"""What an app is made of: one import for the stack, the entries of its settings, and its app.py."""

import gc
from typing import TYPE_CHECKING

from fanout.installed import require

require("aws_cdk", by="fanout.constructs")
_collects = gc.isenabled()
gc.disable()  # what is imported stays: a quarter of the time went into looking for circles in it

from fanout.constructs.app import App
from fanout.constructs.circuit_breaker import CircuitBreaker
from fanout.constructs.compute import Batching, Function
from fanout.constructs.delivery import Delivery
from fanout.constructs.direct import Direct
from fanout.constructs.errors import ConfigurationError
from fanout.constructs.heartbeat import Heartbeat
from fanout.constructs.monitoring import Monitoring
from fanout.constructs.operators.policies import OperatorPolicies
from fanout.constructs.retry import Exponential, Retry
from fanout.constructs.settings import Encryption, Settings
from fanout.constructs.stack import FanoutStack
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.topic import Topic
from fanout.constructs.worker.worker import Worker

if TYPE_CHECKING:
    from fanout.constructs.checks import FanoutChecks as FanoutChecks

gc.freeze()
if _collects:
    gc.enable()

__all__ = [
    "App",
    "Batching",
    "CircuitBreaker",
    "ConfigurationError",
    "Delivery",
    "Direct",
    "Encryption",
    "Exponential",
    "FanoutChecks",
    "FanoutStack",
    "Function",
    "Heartbeat",
    "Monitoring",
    "OperatorPolicies",
    "Retry",
    "Settings",
    "Subscriber",
    "Topic",
    "Worker",
]


def __getattr__(name: str) -> object:
    """Imports FanoutChecks where it is asked for."""
    if name != "FanoutChecks":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from fanout.constructs.checks import FanoutChecks

    return FanoutChecks
