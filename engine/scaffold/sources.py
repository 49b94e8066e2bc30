"""The files of the app that a new repository has too, and what is different there."""

import re
from dataclasses import dataclass
from typing import Any, Final

from fanout.ops.deploy.rights import with_rights
from scaffold.contract import as_json, neutral_example, neutral_schema
from scaffold.edits import Edit, Stale, line, replaced, without, words
from scaffold.lock import npm_lock_of, pins_of
from scaffold.stack import with_definitions, with_one_task

TASK: Final = "archive_submission"
"""The one task of the app that a new repository keeps: it has no secret, no address and no outside system."""

NAMES: Final = words(
    ("FormEvents", "@PRODUCT@"),
    ("form_events_stack", "@MODULE@_stack"),
    ("FormSubmitted", "@EVENT_CLASS@"),
    ("form_submitted.v1", "@SCHEMA@"),
    ("form.submitted.v1", "@EVENT@"),
    ("ArchiveSubmission", "Archive@NOUN_CLASS@"),
    ("archive_submission", "archive_@NOUN@"),
    ("submission_id", "@NOUN@_id"),
    ("forms-team@", "@PREFIX@-team@"),
    ("forms team", "@PRODUCT@ team"),
    ("forms-on-call@", "@PREFIX@-on-call@"),
)


@dataclass(frozen=True)
class Source:
    """A file of the app. `kind` is publisher or subscriber, or common to both."""

    path: str
    edits: tuple[Edit, ...] = ()
    target: str = ""
    kind: str = "common"


def _lines_without(*parts: str) -> Edit:
    def edit(text: str) -> str:
        lines = text.splitlines(keepends=True)
        kept = "".join(each for each in lines if not any(part in each for part in parts))
        return re.sub(r"\n{3,}", "\n\n", kept)

    return edit


def _inside(start: str, end: str, new: str) -> Edit:
    """Puts `new` in the place of the first `end` at the beginning of a line that comes after `start`."""

    def edit(text: str) -> str:
        before, found, rest = text.partition(start)
        kept, closed, after = rest.partition(f"\n{end}")
        if not found or not closed:
            raise Stale(f"has no {start!r} with its {end!r}")
        return f"{before}{found}{kept}\n{new}{after}"

    return edit


def _without_targets(*targets: str) -> Edit:
    """Paragraphs of a Makefile that are the rule of a target, and its name in .PHONY."""

    def edit(text: str) -> str:
        for target in targets:
            text, count = re.subn(rf"(?m)^(#.*\n)*{target}:.*\n(\t.*\n|{target}:.*\n)*\n*", "", text)
            if count != 1:
                raise Stale(f"has {count} rules of the target {target}, expected 1")
            text = re.sub(rf"(?m)^(\.PHONY:.*?) {target}(?= |$)", r"\1", text)
        return text

    return edit


FIRST_TIME = """\
# What nobody has accepted yet is accepted as it is: commit both folders.
tests/snapshots: | install
	$(BIN)/python -m pytest -q tests/test_snapshots.py --update-snapshots

docs/catalog: | synth
	$(BIN)/fanout docs

"""

MAKEFILE: Final = (
    _without_targets("adopter"),
    _lines_without("$(ENGINE)", "ENGINE :="),
    replaced("pyproject.toml engine/pyproject.toml\n", "requirements-engine.txt\n"),
    replaced("--quiet --no-deps --editable ./engine\n", "--quiet --no-deps -r requirements-engine.txt\n"),
    replaced("the CDK CLI, and what the tests of documents need", "the CDK CLI"),
    replaced(" engine/src/fanout/packaging/dependencies.py", ""),
    replaced(" engine/tests/app/lambdas/*/requirements.txt", ""),
    replaced(" engine/tests/app/lambdas/*/requirements.in", ""),
    replaced(" engine/tests/app/.fanout", ""),
    _lines_without("cd engine"),
    replaced(
        "all that is fast, before each commit; CI runs the slow ones too: make -C engine long", "everything CI runs"
    ),
    replaced("gate: synth #", FIRST_TIME + "gate: synth | tests/snapshots docs/catalog #"),
    NAMES,
)


ENGINE_ONLY = ("aws-lambda-powertools", "aws-sam-translator", "httpx2", "hypothesis", "playwright", "types-pyyaml")


def _of_engine_only(text: str) -> str:
    """The root's dependency groups without what only the engine's own tests need."""
    for name in ENGINE_ONLY:
        text = without(rf'^    "{name}==[^\n]*\n')(text)
    return text


PYPROJECT: Final = (
    replaced(
        "# The app: its own code is not installed, and the engine is, from engine/.\n",
        "# The app: its own code is not installed.\n",
    ),
    _of_engine_only,
    _lines_without('"engine/src/', '"engine/benchmarks'),
    line("known-first-party = ", 'known-first-party = ["app", "demo", "events", "fanout", "stacks", "tests"]\n'),
    line("mypy_path = ", 'mypy_path = "lambdas"\n'),
    without(r"^# Of the CDK, types of the services in use(?:[^\n]*\n)+?\n(?=\[tool\.ruff\])"),
)


def _pins(group: str) -> Edit:
    def edit(text: str) -> str:
        asked = re.compile(rf"\(pyproject\.toml:{group}\)")
        head = "".join(line for line in text.splitlines(keepends=True)[:2])
        wanted = [name for name in _asked_by(text, asked) if name not in ENGINE_ONLY]
        return head + pins_of(text, wanted)

    return edit


def _asked_by(lock: str, asked: re.Pattern[str]) -> list[str]:
    names, name = [], ""
    for each in lock.splitlines():
        if found := re.match(r"[A-Za-z0-9._-]+(?=(\[[^]]*\])?==)", each):
            name = found[0].lower()
        elif asked.search(each) and name not in names:
            names.append(name)
    return names


def _manifest(manifest: dict[str, Any]) -> dict[str, Any]:
    return {"name": "@PREFIX@", "private": True, "devDependencies": {"aws-cdk": manifest["devDependencies"]["aws-cdk"]}}


def _npm_lock(lock: dict[str, Any]) -> dict[str, Any]:
    return npm_lock_of(lock, _manifest(lock["packages"][""]))


def _cdk_json(settings: dict[str, Any]) -> dict[str, Any]:
    context = {name: each for name, each in settings["context"].items() if name != "fanout:intake"}
    return {**settings, "context": {**context, "fanout:product": "@PRODUCT@", "fanout:prefix": "@PREFIX@"}}


APP: Final = (
    _lines_without("FormServiceStack"),
    replaced("        events = FormEventsStack(", "        FormEventsStack("),
    replaced("import intake_stack_name, stack_name", "import stack_name"),
    replaced(
        "For each settings entry, or each that is named, the fan-out and a form service:",
        "One FormEvents stack per settings entry, or per entry that is named:",
    ),
    without(r'^    """Without its line here[^\n]*\n'),
    NAMES,
)
READING: Final = (
    replaced("import intake_stack_name, stack_name", "import stack_name"),
    replaced("[stack_name(entry, ROOT), intake_stack_name(entry, ROOT)]", "[stack_name(entry, ROOT)]"),
    replaced("is deployed as: the fan-out, and the form service.", "is deployed as."),
)


STACK: Final = (
    with_one_task(TASK),
    _lines_without("keep_policy_descriptions", "import FormSettings"),
    replaced(
        "from stacks.archive import Archive\n",
        "from stacks.archive import Archive\nfrom stacks.archive_settings import ArchiveSettings\n",
    ),
    words(("forms = Topic(", "events = Topic("), ("topic=forms", "topic=events"), ("FormSettings", "ArchiveSettings")),
    NAMES,
)
SETTINGS: Final = (
    _lines_without("email_sender=", "webhook_url=", "import FormSettings"),
    replaced(
        "import ConfigurationError\n",
        "import ConfigurationError\nfrom stacks.archive_settings import ArchiveSettings\n",
    ),
    words(("FormSettings", "ArchiveSettings")),
    NAMES,
)
CHOOSE_TOPIC: Final = """\
        events = (
            Topic.from_arn(
                self,
                "@EVENT_CLASS@",
                settings.topic_arn,
                settings=settings,
            )
            if settings.topic_arn
            else Topic(self, "StandIn", settings=settings)
        )
"""
SUBSCRIBER_STACK: Final = (
    *STACK,
    line("        events = Topic(", CHOOSE_TOPIC),
    _lines_without("Heartbeat("),
    replaced("settings: ArchiveSettings,", "settings: SubscriberSettings,"),
    replaced(
        "from stacks.archive_settings import ArchiveSettings\n",
        "from stacks.settings import SubscriberSettings\n",
    ),
    replaced(
        "One environment's topic and everything that listens to it.",
        "What one environment does with the events of another team's topic.",
    ),
    NAMES,
)
SETTINGS_CLASS: Final = '''\
@dataclass(frozen=True, kw_only=True)
class SubscriberSettings(ArchiveSettings):
    """Whose topic it is, beside what every subscriber needs."""

    topic_arn: str | None = None
    """The other team's topic. None: a topic of this stack stands in for it, as on the embedded AWS."""


'''
THEIR_TOPIC: Final = """\
    region="@TOPIC_REGION@",
    topic_arn="@TOPIC_ARN@",
    heartbeat=None,  # until the other team says that its topic has one, and how often
)
"""
SUBSCRIBER_SETTINGS: Final = (
    *SETTINGS,
    words(("ArchiveSettings.", "SubscriberSettings."), ("tuple[ArchiveSettings", "tuple[SubscriberSettings")),
    line(
        "from collections.abc import Sequence",
        "from collections.abc import Sequence\nfrom dataclasses import dataclass\n",
    ),
    replaced("DEV = ", SETTINGS_CLASS + "DEV = "),
    _inside("PROD = ", ")\n", THEIR_TOPIC),
    _inside("STAGING = ", ")\n", "    ordered=@ORDERED@,\n    heartbeat=None,  # as in prod\n)\n"),
    _inside("DEV = ", ")\n", "    ordered=@ORDERED@,  # as their topic is\n)\n"),
    _inside("LOCAL = ", ")\n", "    ordered=@ORDERED@,\n)\n"),
)
HANDLER: Final = (
    words(("form: FormSubmitted", "event: FormSubmitted")),
    words(("<form id>", "<group>"), ("form.", "event."), ("archive_key(form)", "archive_key(event)")),
    replaced(
        "Keeps every submission: one JSON object per event in S3, under its day, form and event id.",
        "Keeps every event: one JSON object in S3, under its day and id.",
    ),
    NAMES,
)
TASK_TEST: Final = (
    words(
        ("contact_form", "@NOUN@_1"),
        ("contact/e-1", "@NOUN@-0001/e-1"),
        ("under_its_day_form_and_event_id", "under_its_day_and_id"),
    ),
    replaced("under its day, form and event id", "under its day and id"),
    without(r'^    event\["data"\]\["form_id"\] = "contact"\n'),
    NAMES,
)
DEMO: Final = (with_definitions("ArchiveSubmission", "archived"), NAMES)
ACKNOWLEDGED: Final = (
    without(r'^    r"/SendConfirmation/[^\n]*\n[^\n]*\n'),
    without(r'^    r"/Webhook/[^\n]*\n[^\n]*\n'),
    words(("a second bucket of personal data", "a second bucket of the same")),
)
OPERATIONS: Final = (
    without(r"^What to do when something rings\..*?each command alone\.\n\n"),
    replaced("`engine/src/fanout/publisher/`", "`fanout.publisher`"),
    words(
        ("notify_webhook", "archive_@NOUN@"),
        ("NotifyWebhook", "Archive@NOUN_CLASS@"),
        ("contact-0042", "@NOUN@-0042"),
        ("/data/answers", "/data/@NOUN@_id"),
        ('/data/answer"', '/data/@NOUN@"'),
        ("the form service's team", "the publisher's team"),
        ("the form service", "the publisher"),
        ("The form service", "The publisher"),
        ("A form's answers are", "An event's data is"),
        ("nobody submits", "nothing happens"),
        ("; `--submission` is another word for `--reference`", ""),
        ("a mail or a webhook", "a mail or a request"),
        ("the receiver is down", "what it calls is down"),
    ),
    NAMES,
)
DEPLOYING: Final = (
    without(r"^\| `(email_sender)` [^\n]*\n"),
    without(r"^\| `(webhook_url)` [^\n]*\n"),
    without(r"^\| `(submissions_kept_days)` [^\n]*\n"),
    without(r"^## The form service\n.*?(?=^## )"),
    replaced("FormService-dev FormEvents-dev", "FormEvents-dev"),
    lambda text: with_rights(text, "FormEvents", None),
    without(r"^\| `WebhookSecretArn` [^\n]*\n"),
    without(r"^## SES\n.*?(?=^## )"),
    without(r"^## The webhook's secret\n.*?(?=^## )"),
    words(
        ("the form service's role", "the publisher's role"),
        ("the form service", "the publisher"),
        ("A form service", "A publisher"),
        ("per-form", "per-group"),
        ("every event with its answers", "every event with its data"),
    ),
    NAMES,
)

SOURCES: Final = (
    Source(".gitignore"),
    Source("app.py", APP),
    Source("cdk.json", (as_json(_cdk_json),)),
    Source("package.json", (as_json(_manifest),)),
    Source("package-lock.json", (as_json(_npm_lock),)),
    Source("Makefile", MAKEFILE),
    Source("pyproject.toml", PYPROJECT),
    Source("requirements.txt", (_pins("deploy"),)),
    Source("requirements-dev.txt", (_pins("dev"),)),
    Source("tests/conftest.py"),
    Source("tests/reading.py", READING),
    Source("tests/test_gates.py"),
    Source("tests/test_promises.py"),
    Source("tests/test_snapshots.py"),
    Source("tests/test_journey.py"),
    Source("stacks/__init__.py"),
    Source("stacks/settings.py", SETTINGS, "stacks/settings.py", "publisher"),
    Source("stacks/settings.py", SUBSCRIBER_SETTINGS, "stacks/settings.py", "subscriber"),
    Source("stacks/archive_settings.py"),
    Source("stacks/archive.py", (words(("submission", "event")),)),
    Source("stacks/form_events_stack.py", STACK, "stacks/@MODULE@_stack.py", "publisher"),
    Source("stacks/form_events_stack.py", SUBSCRIBER_STACK, "stacks/@MODULE@_stack.py", "subscriber"),
    Source(f"lambdas/{TASK}/__init__.py", (), "lambdas/archive_@NOUN@/__init__.py"),
    Source(f"lambdas/{TASK}/handler.py", HANDLER, "lambdas/archive_@NOUN@/handler.py"),
    Source(f"tests/tasks/{TASK}/conftest.py", (NAMES,), "tests/tasks/archive_@NOUN@/conftest.py"),
    Source(f"tests/tasks/{TASK}/test_{TASK}.py", TASK_TEST, "tests/tasks/archive_@NOUN@/test_archive_@NOUN@.py"),
    Source("contracts/form_submitted.v1.schema.json", (as_json(neutral_schema),), "contracts/@SCHEMA@.schema.json"),
    *(
        Source(f"contracts/examples/{name}.json", (as_json(change),), f"contracts/examples/{target}.json")
        for name, target, change in (
            ("valid/contact_form", "valid/@NOUN@_1", neutral_example(1)),
            ("valid/event_registration", "valid/@NOUN@_2", neutral_example(2)),
            ("invalid/missing_data", "invalid/missing_data", neutral_example(3)),
            ("invalid/bad_id", "invalid/bad_id", neutral_example(4)),
            ("invalid/unknown_major_version", "invalid/unknown_major_version", neutral_example(5)),
        )
    ),
    Source("demo.py", DEMO),
    Source("tests/acknowledged.py", ACKNOWLEDGED),
    Source("docs/operations.md", OPERATIONS),
    Source("docs/deploying.md", DEPLOYING),
    Source(".github/dependabot.yml", (_lines_without("docs/adr"),)),
    Source(".github/workflows/check.yml", (_lines_without("-C engine"),)),
    Source(".github/workflows/deploy.yml"),
)
