"""Says which machine a task's dependencies are for: Lambda's, or the one this process runs on (the embedded AWS)."""

import sys
import sysconfig
from dataclasses import dataclass

_PLATFORMS = {"arm64": "aarch64-manylinux_2_34", "x86_64": "x86_64-manylinux_2_34"}
"""By Lambda's architecture: Amazon Linux 2023 has glibc 2.34, and takes every wheel that was built for an older one."""


@dataclass(frozen=True)
class Target:
    """`name` is what messages call it; `tags` tells apart what would be other wheels; `options` says it to uv."""

    name: str
    tags: str
    options: tuple[str, ...]
    most_bytes: int | None = None


def aws_target(python: str = "3.14", architecture: str = "arm64") -> Target:
    """Lambda's managed runtime `python<python>` on Amazon Linux 2023; nothing of it needs to be on this machine."""
    platform = _PLATFORMS[architecture]
    return Target(
        name=f"python{python}-{architecture}",
        tags=f"cpython-{python}-{platform}",
        options=("--python-version", python, "--python-platform", platform),
        most_bytes=250 * 1024 * 1024,
    )


def local_target() -> Target:
    """The interpreter that runs this: functions on the embedded AWS run with it, and tests of a task as well."""
    tags = sysconfig.get_config_var("SOABI") or f"{sys.implementation.cache_tag}-{sysconfig.get_platform()}"
    return Target(name="local", tags=str(tags), options=())
