"""Stages the folder that a worker's image is built from: the files of the task's zip, its packages, and what runs them.

Its bytes come from the sources and the installed versions alone, and nothing is built at synth: the CDK CLI builds the image
when the stack is deployed, on a machine with Docker.
"""

from functools import cache
from importlib.metadata import version
from pathlib import Path

import fanout
from fanout.packaging.dependencies import dependencies_of
from fanout.packaging.targets import aws_target
from fanout.packaging.zip_contents import image_files, staged

DOCKERFILE = "Dockerfile"


@cache
def image_contents(app_root: Path, task: str) -> Path:
    """The folder for `DockerImageAsset(directory=...)`. Raises ConfigurationError."""

    def contents() -> list[tuple[str, bytes]]:
        dockerfile = Path(next(iter(fanout.__path__))) / "worker" / DOCKERFILE
        packages = dependencies_of(app_root, task, aws_target())
        found = [(f"app/{name}", content) for name, content in image_files(app_root, task)]
        found += [(DOCKERFILE, dockerfile.read_bytes()), ("requirements.txt", f"boto3=={version('boto3')}\n".encode())]
        for file in sorted((packages / "python").rglob("*")) if packages else ():
            if file.is_file() and "__pycache__" not in file.parts and packages:
                found.append((f"packages/{file.relative_to(packages / 'python')}", file.read_bytes()))
        return found

    return staged(f"{task}-image", contents)
