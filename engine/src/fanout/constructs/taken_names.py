"""Names that are given and not made by CloudFormation: an account and Region has each once, and tells of the second at deployment."""

from weakref import WeakKeyDictionary

from constructs import Construct, IConstruct

from fanout.constructs.cdk_cache import of_stack, path_of, region_of_stack
from fanout.constructs.errors import ConfigurationError

_taken: WeakKeyDictionary[IConstruct, dict[tuple[str, ...], Construct]] = WeakKeyDictionary()


def take_name(taker: Construct, kind: str, name: str, instead: str) -> None:
    """Raises ConfigurationError, one line, where another line of the app has it. `instead`: what to do then."""
    app = of_stack(taker, "its app", lambda stack: stack.node.root)
    where = (of_stack(taker, "its account", lambda stack: stack.account), region_of_stack(taker))
    first = _taken.setdefault(app, {}).setdefault((kind, name, *where), taker)
    if first is not taker:
        raise ConfigurationError(f"{path_of(taker)}: the {kind} {name} is already that of {path_of(first)}: {instead}")
