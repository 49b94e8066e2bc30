"""Runs uv on a task's requirements, and says in one line why it could not install them."""

import os
import re
import subprocess
import sys
from pathlib import Path

from fanout.errors import ConfigurationError
from fanout.packaging.requirements import LOCK, Requirements
from fanout.packaging.targets import Target

_OPTIONS = (
    "--no-config",  # neither pyproject.toml nor uv.toml: they can name another Python, other versions or none
    *("--only-binary", ":all:", "--require-hashes"),
    *("--link-mode", "copy"),  # its modes are set afterwards: a hard link would set those of uv's cache
    *("--no-progress", "--color", "never"),
)
_WOULD_CHANGE_FILES = {
    *("UV_CONSTRAINT", "UV_OVERRIDE", "UV_EXCLUDE", "UV_NO_BINARY", "UV_NO_BINARY_PACKAGE", "UV_ONLY_BINARY"),
    *("UV_NO_DEPS", "UV_NO_VERIFY_HASHES", "UV_COMPILE_BYTECODE", "UV_TARGET", "UV_PREFIX", "UV_DRY_RUN"),
    *("UV_CONFIG_FILE", "UV_EXCLUDE_NEWER", "UV_PROJECT", "UV_WORKING_DIR", "UV_WORKING_DIRECTORY"),
}
"""Not handed on. Variables that say where files come from (an index, a proxy, a cache) are."""

_PRIVATE = "a private index is named in UV_INDEX or UV_DEFAULT_INDEX, not in uv.toml or pyproject.toml"
_NOT_THERE = f"the package index has no {{0}}: {LOCK}; {_PRIVATE}"
_REASONS = (
    (
        re.compile(r"Because (\S+?)(?:==(\S+))? has no (?:usable )?wheels"),
        "{0} {1} has no wheel for {target}, and nothing is built here: pin a version that has one, or another package",
    ),
    (
        re.compile(r"Hash mismatch for `([^`]+)`"),
        f"{{0}} is another file than the one whose hash is written there: {LOCK}",
    ),
    (re.compile(r"no trusted hash was provided for: `?([^`\s]+)"), f"{{0}} is needed too, and not in it: {LOCK}"),
    (
        re.compile(r"was not found in the cache|etwork was disabled"),
        "uv may not use the network here: unset UV_OFFLINE",
    ),
    (re.compile(r"there is no version of ([^\s,]+)"), _NOT_THERE),
    (re.compile(r"Because (\S+) was not found in the package registry"), _NOT_THERE),
    (
        re.compile(r"Request failed|Failed to fetch|error sending request|Failed to download"),
        "the package index is out of reach ({last}): mend the network or the proxy, and run `make install` again; "
        + _PRIVATE,
    ),
)


def install_with_uv(requirements: Requirements, target: Target, folder: Path) -> None:
    """Puts the packages into `folder`. Its parent is a folder for this alone: uv runs there and reads its file there."""
    (folder.parent / "requirements.txt").write_bytes(requirements.content)
    ended = subprocess.run(
        uv_command(target, folder),
        cwd=folder.parent,
        env={**{k: v for k, v in os.environ.items() if k not in _WOULD_CHANGE_FILES}, "UV_PYTHON_DOWNLOADS": "never"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if ended.returncode:
        raise ConfigurationError(f"{requirements.name}: {reason(ended.stderr, target)}")


def uv_command(target: Target, folder: Path) -> list[str]:
    where = ["--python", sys.executable, "--target", folder.name, "--requirements", "requirements.txt"]
    return [_uv(), "pip", "install", *_OPTIONS, *target.options, *where]


def _uv() -> str:
    missing = "uv is not installed beside fanout: install fanout with its extra `constructs`, which brings it"
    try:
        from uv import find_uv_bin

        return find_uv_bin()
    except (ImportError, FileNotFoundError):
        raise ConfigurationError(missing) from None


def reason(told: str, target: Target) -> str:
    """One line of the many that uv prints."""
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    words = " ".join(lines)
    causes = [line.removeprefix("cause: ") for line in lines if line.startswith("cause: ")]
    for pattern, text in _REASONS:
        if found := pattern.search(words):
            parts = [part or "" for part in found.groups()]
            return text.format(*parts, target=target.name, last=causes[-1] if causes else "no answer").replace(
                "  ", " "
            )
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    return "uv: " + ": ".join([*errors[:1], *causes[:1]] or lines[-1:] or ["failed and said nothing"])
