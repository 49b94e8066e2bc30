"""How a new repository gets the engine: from its own vendor/ folder, or from one address with a hash."""

import re
from dataclasses import dataclass
from pathlib import Path

from fanout.errors import Unusable
from fanout.scaffold.wheel import Wheel, installed_wheel, read_wheel

_ADDRESS = re.compile(r"https://[^\s#]+/fanout-(?P<version>[^-/\s#]+)-[^/\s#]+\.whl#sha256=[0-9a-f]{64}")

_VENDORED = """\
# The engine, from vendor/ alone: the public index has a project of the same name, which is somebody else's.
--no-index
--find-links vendor
--require-hashes
fanout=={version} --hash=sha256:{sha256}
"""
_FETCHED = """\
# The engine, from this address alone: the public index has a project of the same name, which is somebody else's.
fanout @ {address}
"""


@dataclass(frozen=True)
class Engine:
    """What the new repository installs."""

    version: str
    requirements: str
    """The content of requirements-engine.txt."""
    wheel: Wheel | None = None
    """The file in vendor/."""


def choose_engine(given: str | None = None) -> Engine:
    """The engine at a path or an address; without one, the engine that runs. Raises Unusable for anything else."""
    if given and given.startswith("https://"):
        found = _ADDRESS.fullmatch(given)
        if not found:
            raise Unusable(
                f"engine {given!r}: expected https://.../fanout-<version>-py3-none-any.whl#sha256=<64 digits>"
            )
        return Engine(found["version"], _FETCHED.format(address=given))
    if given and not Path(given).exists():
        raise Unusable(
            f"engine {given!r} is no file and no https address: `fanout` on the public index is another project, "
            "so give the wheel itself"
        )
    wheel = read_wheel(Path(given)) if given else installed_wheel()
    requirements = _VENDORED.format(version=wheel.version, sha256=wheel.sha256)
    return Engine(wheel.version, requirements, wheel)
