"""Which stack has the intake: the one that is named, or the one of the same environment."""

from fanout.cli.aws_command import Target
from fanout.cli.options import stack_of_env
from fanout.errors import Unusable
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.intake import stack_of
from fanout.project import intake_stack_name


def connect(target: Target) -> Stack:
    """--env wins over --stack and FANOUT_STACK, which may name the fan-out's stack of the same environment."""
    name = stack_of_env(target.env, intake_stack_name) if target.env else target.stack
    if not name:
        raise Unusable("which stack? give --env dev (or staging, prod, ...), or --stack, or set FANOUT_STACK")
    return stack_of(Aws(profile=target.profile, region=target.region), name)
