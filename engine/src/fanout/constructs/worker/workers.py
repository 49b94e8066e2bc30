"""Where the workers of a stack run together: the scope of its cluster and of its network."""

from constructs import Construct


class Workers(Construct):
    """One for each stack, under this name."""
