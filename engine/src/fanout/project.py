"""Finds the app that a command or a synth is about: the nearest folder with a `cdk.json`, from the working directory up."""

from pathlib import Path


def find_root(start: Path | None = None) -> Path:
    """The app's root; the working directory itself when no folder above it has a `cdk.json`."""
    here = (start or Path.cwd()).resolve()
    return next((folder for folder in (here, *here.parents) if (folder / "cdk.json").is_file()), here)


def find_cdk() -> Path:
    """The CDK CLI that is installed for the app: in `node_modules` of its root or of a folder above."""
    root = find_root()
    places = [folder / "node_modules" / ".bin" / "cdk" for folder in (root, *root.parents)]
    return next((place for place in places if place.exists()), places[0])
