"""Names that are given and not made by CloudFormation: an account and Region has each once, and tells of the second at deployment."""

from collections.abc import Iterable
from weakref import WeakKeyDictionary

from aws_cdk import Stack, Stage, Token
from constructs import Construct, IConstruct

from fanout.constructs.cdk_cache import account_of_stack, of_stack, path_of, region_of_stack
from fanout.constructs.errors import ConfigurationError

_taken: WeakKeyDictionary[IConstruct, dict[tuple[str, ...], Construct]] = WeakKeyDictionary()


def take_name(taker: Construct, kind: str, name: str, instead: str) -> None:
    """Raises ConfigurationError, one line, where another line of the app has it. `instead`: what to do then."""
    where = (account_of_stack(taker), region_of_stack(taker))
    first = _taken.setdefault(_deployed_as_one(taker, where), {}).setdefault((kind, name, *where), taker)
    if first is not taker:
        raise ConfigurationError(f"{path_of(taker)}: the {kind} {name} is already that of {path_of(first)}: {instead}")


def _deployed_as_one(taker: Construct, where: Iterable[str]) -> IConstruct:
    """The app; a stage where the account or the Region is known at deployment alone: each stage may have another."""

    def ask(stack: Stack) -> IConstruct:
        stage = Stage.of(stack) if any(map(Token.is_unresolved, where)) else None
        return stage or stack.node.root

    return of_stack(taker, "what is deployed as one", ask)
