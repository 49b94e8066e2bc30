"""Checks the names a user chooses, and derives every other name from them."""

import builtins
import keyword
import re
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

from fanout.contracts import roles
from fanout.contracts.model import class_name
from fanout.errors import Unusable

_PRODUCT: Final = re.compile(r"[A-Z][A-Za-z0-9]{0,29}")
"""A stack is called <product>-<settings entry>, and CloudFormation allows letters, digits and hyphens."""
_EVENT: Final = re.compile(r"[a-z][a-z0-9]{0,29}\.[a-z][a-z0-9]{0,29}\.v1")
_TASK: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST_TASK: Final = 40
_TOPIC_ARN: Final = re.compile(
    r"arn:aws[a-z-]*:sns:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):[A-Za-z0-9_-]{1,251}(\.fifo)?"
)
_TAKEN: Final = frozenset(
    {"app", "contracts", "demo", "events", "fanout", "lambdas", "stacks", "test", "tests", "upcasts"}
)
"""Names that the new repository or the engine imports."""


@dataclass(frozen=True)
class Names:
    """The two names a team chooses, and what follows from them."""

    product: str
    """Shop: what the name of each stack begins with."""
    event: str
    """order.placed.v1: the type of the first event."""

    def __post_init__(self) -> None:
        check_product(self.product)
        check_event(self.event)

    @property
    def module(self) -> str:
        """The product as a Python module: my_shop."""
        return _words(self.product, "_")

    @property
    def prefix(self) -> str:
        """The product as physical names have it: my-shop."""
        return _words(self.product, "-")

    @property
    def noun(self) -> str:
        """What the event is about: order."""
        return self.event.split(".")[0]

    @property
    def verb(self) -> str:
        """What happened to it: placed."""
        return self.event.split(".")[1]

    @property
    def event_class(self) -> str:
        """The event's class: OrderPlaced."""
        return self.noun.capitalize() + self.verb.capitalize()

    @property
    def schema(self) -> str:
        """The name of the event's schema without its ending: order_placed.v1."""
        return f"{self.noun}_{self.verb}.v1"


@dataclass(frozen=True)
class TopicArn:
    """Another team's topic."""

    text: str
    region: str
    account: str


def check_product(name: str) -> None:
    """Raises Unusable unless stacks, a Python module and physical names can be called so."""
    if not _PRODUCT.fullmatch(name):
        raise Unusable(
            f"product {name!r} can not begin a stack's name: expected up to 30 letters and digits, "
            "a capital first, as in --product MyShop"
        )
    module = _words(name, "_")
    if not module.isidentifier() or keyword.iskeyword(module) or module in _TAKEN - {"contracts", "events", "upcasts"}:
        raise Unusable(f"product {name!r} is taken: {module!r} is a name of Python or of the engine; give another one")


def product_of(folder: str) -> str:
    """The product that a folder's name suggests: my-shop is MyShop. Raises Unusable where it suggests none."""
    words = [word for word in re.split(r"[\W_]+", folder) if word]
    name = "".join(word[0].upper() + word[1:] for word in words)
    if not _PRODUCT.fullmatch(name):
        raise Unusable(f"folder {folder!r} suggests no product name: give one, as in --product MyShop")
    check_product(name)
    return name


def check_event(type_: str) -> None:
    """Raises Unusable unless this is a type of an event that a class and a file can be called by."""
    if not _EVENT.fullmatch(type_):
        raise Unusable(f"event {type_!r}: expected what and what happened to it, as in --event order.placed.v1")
    noun, verb, _ = type_.split(".")
    if noun in ("fanout", "heartbeat"):
        raise Unusable(f"event {type_!r}: {noun!r} is the engine's own; expected another noun, as in order.placed.v1")
    class_ = noun.capitalize() + verb.capitalize()
    if keyword.iskeyword(noun) or hasattr(builtins, class_) or class_name(type_) != class_:
        raise Unusable(f"event {type_!r}: {noun!r} is a word of Python; expected another noun, as in order.placed.v1")
    if problems := [*roles.type_problems(type_), *roles.key_problems(f"data.{noun}_id")]:
        raise Unusable(f"event {type_!r}: {problems[0]}")


def check_task(name: str, *, is_there: bool = False) -> None:
    """Raises Unusable unless a folder in lambdas/, a module and a function can be called so. One that `is_there` can be imported."""
    if not _TASK.fullmatch(name) or len(name) > _LONGEST_TASK:
        raise Unusable(
            f"task {name!r} is no name of a Python module: expected up to {_LONGEST_TASK} small letters, digits "
            "and single underscores, as in sync_crm"
        )
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        raise Unusable(f"task {name!r} is a word of Python: expected another name, as in sync_crm")
    if name in _TAKEN or name in sys.stdlib_module_names or hasattr(builtins, name):
        raise Unusable(f"task {name!r} would hide a module of Python, the engine or the app: expected another name")
    if not is_there and find_spec(name):
        raise Unusable(f"task {name!r} would hide an installed package of that name: expected another name")


def construct_id(task: str) -> str:
    """SyncCrm, for sync_crm."""
    return "".join(word.capitalize() for word in task.split("_"))


def topic_arn(text: str) -> TopicArn:
    """The parts of an SNS topic's ARN. Raises Unusable for any other text."""
    found = _TOPIC_ARN.fullmatch(text)
    if not found:
        raise Unusable(
            f"topic {text!r} is no ARN of an SNS topic: expected one as in arn:aws:sns:eu-west-1:123456789012:Orders"
        )
    return TopicArn(text, found["region"], found["account"])


def _words(name: str, separator: str) -> str:
    """MyShop as my_shop; a run of capitals is one word, as in CRMSync: crm_sync."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", separator, name)
    return parted.lower()
