"""The part of a lock file that some packages need: `uv pip compile` says beside each pin who asked for it."""

import re
from collections.abc import Iterable
from typing import Any

from scaffold.edits import Stale

_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^]]*\])?==")


def pins_of(lock: str, wanted: Iterable[str]) -> str:
    """The lines of `wanted` packages and of all that they ask for, directly or not."""
    pins, needs = _read(lock)
    missing = sorted(set(wanted) - set(pins))
    if missing:
        raise Stale(f"does not pin {missing[0]}")
    kept: set[str] = set()
    following = list(wanted)
    while following:
        name = following.pop()
        if name not in kept:
            kept.add(name)
            following += needs.get(name, [])
    return "".join(f"{pins[name]}\n" for name in pins if name in kept)


def _read(lock: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    """The line of each package, and what each package asked for."""
    pins: dict[str, str] = {}
    needs: dict[str, list[str]] = {}
    name = ""
    for line in lock.splitlines():
        if found := _PIN.match(line):
            name = found["name"].lower()
            pins[name] = line
        elif name and line.startswith("    #"):
            asking = line.strip(" #").removeprefix("via").strip()
            if asking:
                needs.setdefault(asking.split("[")[0].lower(), []).append(name)
    return pins, needs


def npm_lock_of(lock: dict[str, Any], manifest: dict[str, Any]) -> dict[str, Any]:
    """The part of a package-lock.json that the packages of `manifest` need."""
    packages = lock["packages"]
    kept: set[str] = set()
    following = list(manifest["devDependencies"])
    while following:
        path = f"node_modules/{following.pop()}"
        if path not in kept and path in packages:
            kept.add(path)
            following += [*packages[path].get("dependencies", {}), *packages[path].get("optionalDependencies", {})]
    own = {key: manifest[key] for key in ("name", "license", "devDependencies") if key in manifest}
    chosen = {path: packages[path] for path in packages if path in kept}
    return {**lock, "name": manifest["name"], "packages": {"": own, **chosen}}
