"""What a deployment would do, in the words of queues: two templates compared."""

from checks.changes.change import KINDS, Change, Kind
from checks.changes.compare import compare, compare_stacks

__all__ = ["KINDS", "Change", "Kind", "compare", "compare_stacks"]
