"""What every line of a stack has to say alike, as the stack has one of it."""

from constructs import Construct

from fanout.constructs.cdk_cache import of_stack
from fanout.constructs.errors import ConfigurationError
from fanout.constructs.settings import Settings


def only_one(made: Construct, kind: str) -> None:
    """Raises ConfigurationError, one line, where the stack has another construct of this kind: both had the same outputs."""
    first = of_stack(made, f"its {kind}", lambda stack: made)
    if first is not made:
        raise ConfigurationError(
            f"{kind} {made.node.id}: the stack's outputs are those of {first.node.id}: leave one of them out, or move it to a"
            " stack of its own"
        )


def agree(scope: Construct, settings: Settings, name: str) -> None:
    """Raises ConfigurationError, one line, where the setting `name` is another than the stack's first line has said."""
    asked = getattr(settings, name)
    whose, first = of_stack(scope, f"its {name}", lambda stack: (scope, asked))
    if asked != first:
        raise ConfigurationError(
            f"settings {settings.name}: {name} is {asked} at {scope.node.id} and {first} at {whose.node.id}: a stack has one:"
            " say the same at both, or move one to a stack of its own"
        )
