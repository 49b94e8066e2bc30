"""`fanout verify`: runs the steps one after the other, each bounded, and leaves nothing behind."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import one_line
from fanout.errors import UserError
from fanout.ops.verify import caution
from fanout.ops.verify.cleaning import clean
from fanout.ops.verify.result import FAILED, NOT_SHOWN, PASSED, SKIPPED, Failed, NotShown, Result, Skipped
from fanout.ops.verify.steps.table import Step
from fanout.ops.verify.verification import Verification
from fanout.words import counted

CLEANING = Step("clean", "nothing is left behind", lambda verification: "", 60)


@dataclass
class Runner:
    """`begin` is told of each step before it runs."""

    verification: Verification
    steps: Sequence[Step]
    begin: Callable[[Step], None] = lambda step: None
    results: list[Result] = field(default_factory=list)

    def run(self) -> Iterator[Result]:
        """One result for each step, as it ends. Whatever happens, probes that are dead letters are deleted at the end."""
        clean(self.verification.stack)  # of a run that was killed
        try:
            for step in self.steps:
                if self.verification.stop:
                    raise KeyboardInterrupt
                yield self._add(step, self._check)
        finally:
            last = self._add(CLEANING, self._clean)
        yield last

    def _add(self, step: Step, check: Callable[[Step], str]) -> Result:
        self.begin(step)
        began = self.verification.clock()
        result, seen = _ending(lambda: check(step))
        self.results.append(Result(step.name, step.proves, result, seen, self.verification.clock() - began))
        return self.results[-1]

    def _check(self, step: Step) -> str:
        if step.embedded and not self.verification.stack.aws.is_aws:
            raise NotShown(f"the embedded AWS: {step.embedded}")
        if step.careful and step.name not in self.verification.asked and caution.is_production(self.verification):
            raise Skipped(f"in production it would cost real events an attempt: --only {step.name} does it")
        return step.check(self.verification)

    def _clean(self, step: Step) -> str:
        count, problems = clean(self.verification.stack, self.verification.prefix)
        if problems:
            raise Failed("; ".join(problems))
        return f"{counted(count, 'probe')} deleted from dead-letter queues" if count else "no probe is a dead letter"


def _ending(check: Callable[[], str]) -> tuple[str, str]:
    """What went wrong is the step's result, and no other step's."""
    try:
        return PASSED, check()
    except Failed as error:
        return FAILED, str(error)
    except NotShown as error:
        return NOT_SHOWN, str(error)
    except Skipped as error:
        return SKIPPED, str(error)
    except (ClientError, BotoCoreError) as error:
        return FAILED, one_line(error)
    except UserError as error:
        return FAILED, str(error)
