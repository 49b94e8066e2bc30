"""How many examples a property is tried with: all of them in `make -C engine long`, a tenth in `make test`."""

from hypothesis import settings


def examples(usual: int) -> int:
    """`usual`, in proportion to the chosen profile; a hundred is Hypothesis's own default."""
    return max(usual * settings().max_examples // 100, 3)
