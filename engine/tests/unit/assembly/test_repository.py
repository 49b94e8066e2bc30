"""An app in a folder of a larger repository: what stands beside it may be read by its synth too."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fanout.assembly.inputs import key
from fanout.assembly.repository import beside

pytestmark = pytest.mark.long

ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    **dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "somebody"),
    **dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "somebody@example.com"),
}


class Repository:
    """With an app in `infra/`, and a service beside it."""

    def __init__(self, top: Path) -> None:
        self.top, self.app = top, top / "infra" / "app"
        self.app.mkdir(parents=True)
        self.git("init", "--quiet")
        self.write("infra/app/app.py", "")
        self.write("services/a/handler.py", "a = 1\n")
        self.write("services/a/old name.py", "")
        self.write(".gitignore", "*.log\n")
        self.commit()

    def git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.top, env=ENVIRONMENT, check=True, capture_output=True)

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "one")

    def write(self, name: str, text: str) -> None:
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    @property
    def key(self) -> str:
        return key(self.app, ["python", "app.py"], ENVIRONMENT, assembly=self.app / "cdk.out")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


CHANGES: dict[str, Callable[[Repository], object]] = {
    "edited": lambda of: of.write("services/a/handler.py", "a = 2\n"),
    "edited to the same length": lambda of: of.write("services/a/handler.py", "b = 1\n"),
    "new": lambda of: of.write("services/b/handler.py", ""),
    "new with a name of its own": lambda of: of.write("services/bücher\n.py", ""),
    "gone": lambda of: (of.top / "services/a/handler.py").unlink(),
    "renamed": lambda of: (of.top / "services/a/old name.py").rename(of.top / "services/a/new name.py"),
    "executable": lambda of: (of.top / "services/a/handler.py").chmod(0o755),
    "a link": lambda of: (of.top / "services/c.py").symlink_to("a/handler.py"),
    "a link to nothing": lambda of: (of.top / "services/c.py").symlink_to("nowhere"),
    "of the app": lambda of: of.write("infra/app/stack.py", ""),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_what_changes_beside_the_app_is_seen_and_committing_it_changes_nothing(
    repository: Repository, change: Callable[[Repository], object]
) -> None:
    before = repository.key
    change(repository)
    edited = repository.key
    repository.git("add", "--all")
    staged = repository.key
    repository.commit()
    assert before != edited == staged == repository.key


@pytest.mark.parametrize(
    "name", ["services/a.log", "infra/app/__pycache__/app.pyc", "infra/app/cdk.out/A.template.json"]
)
def test_what_is_ignored_or_written_by_tools_is_no_input(repository: Repository, name: str) -> None:
    before = repository.key
    repository.write(name, "1")
    assert repository.key == before


def test_files_of_the_app_itself_are_not_told_twice(repository: Repository) -> None:
    names = [each.split(" ", 2)[2] for each in beside(repository.app, ENVIRONMENT)[0]]
    assert sorted(names) == [".gitignore", "services/a/handler.py", "services/a/old name.py"]


def test_the_top_of_a_repository_and_a_folder_in_none_have_nothing_beside_them(
    repository: Repository, tmp_path: Path
) -> None:
    assert beside(repository.top, ENVIRONMENT) == beside(tmp_path, ENVIRONMENT) == ([], [])


@pytest.mark.parametrize("broken", ["no git", "a repository that git does not read"])
def test_what_git_does_not_tell_is_not_the_same(repository: Repository, broken: str) -> None:
    environment = ENVIRONMENT
    if broken == "no git":
        environment = {**ENVIRONMENT, "PATH": "/nowhere"}
    else:
        repository.write(".git/HEAD", "nothing of git's")
    (first, _), (second, _) = (beside(repository.app, environment) for _ in range(2))
    assert first and second and first != second


def test_a_repository_in_the_repository_is_seen_submodule_or_not(repository: Repository, tmp_path: Path) -> None:
    shared = Repository(tmp_path / "shared")
    repository.git("-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(shared.top), "sub module")
    repository.commit()
    nested = Repository(repository.top / "nested")
    keys = [repository.key]
    for name in ("sub module", "nested"):
        repository.write(f"{name}/services/a/handler.py", "a = 2\n")
        keys.append(repository.key)
        subprocess.run(
            ["git", "commit", "--all", "--quiet", "--message", "two"],
            cwd=repository.top / name,
            env=ENVIRONMENT,
            check=True,
        )
        assert repository.key == keys[-1], "committing it there changes nothing"
    nested.write(".git/left-by-git", "1")
    nested.write("services/__pycache__/a.pyc", "1")
    assert repository.key == keys[-1] and len(set(keys)) == 3


@pytest.mark.parametrize("mark", ["--skip-worktree", "--assume-unchanged"])
def test_a_file_that_git_is_told_not_to_compare_is_seen(repository: Repository, mark: str) -> None:
    before = repository.key
    repository.git("update-index", mark, "services/a/handler.py")
    assert repository.key == before
    repository.write("services/a/handler.py", "a = 2\n")
    edited = repository.key
    repository.write("services/a/handler.py", "a = 3\n")
    assert len({before, edited, repository.key}) == 3
    (repository.top / "services/a/handler.py").unlink()
    gone = repository.key
    assert gone not in (before, edited)
