"""Says what of the engine is installed: its version, and, where an import fails, which extra would bring the rest."""

import sys
from importlib.util import find_spec
from pathlib import Path

BROUGHT_BY = {
    "aws_cdk": "constructs",
    "constructs": "constructs",
    "jsii": "constructs",
    "uv": "constructs",
    "jsonpatch": "cli",
    "jsonpointer": "cli",
    "rich": "cli",
    "typer": "cli",
    "yaml": "cli",
    "cfnlint": "checks",
    "samtranslator": "sam",
    "jinja2": "console",
    "markupsafe": "console",
    "starlette": "console",
    "uvicorn": "console",
    "ministack": "local",
    "trustme": "local",
}
"""By module: the extra of pyproject.toml that installs it."""


def version() -> str:
    """As in 0.2.0."""
    from importlib import metadata  # 10 ms, which no other command waits for

    try:
        return metadata.version("fanout")
    except metadata.PackageNotFoundError:
        return "of bare files"


def another_version(root: Path) -> str | None:
    """The line for an app whose own .venv has another version: its templates and its tasks' runtime are of that one."""
    environment = root / ".venv"
    if environment.resolve() == Path(sys.prefix).resolve():
        return None
    from importlib import metadata

    places = [str(place) for place in environment.glob("[Ll]ib/python*/site-packages")]
    for found in metadata.distributions(name="fanout", path=places):
        if found.version != version():
            return f"this is fanout {version()} of {sys.prefix}, and {root} uses {found.version}: run .venv/bin/fanout"
    return None


def missing(what: str, module: str | None) -> str | None:
    """The line for `what` when `module` could not be imported; None when no extra brings it."""
    extra = BROUGHT_BY.get((module or "").partition(".")[0])
    return extra and f"{what} needs fanout[{extra}]: install that extra from where this fanout came"


def require(*modules: str, by: str) -> None:
    """Raises ImportError with that line unless all modules are installed. `by` is what a user asked for."""
    for module in modules:
        if find_spec(module) is None:
            raise ImportError(missing(by, module))
