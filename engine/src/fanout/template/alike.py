"""Resources that two revisions of a template write alike: by far most of them."""

from __future__ import annotations

import pickle
from typing import Any


def is_alike(before: Any, after: Any) -> bool:
    """To the letter: to Python false is 0, and to a policy it is not."""
    return before is after or (before == after and pickle.dumps(before) == pickle.dumps(after))
