"""The rules at synth, for any app of the CDK. The one module of this package that knows the rules: whoever needs a Subscriber alone
does not wait for them.
"""

from fanout.checks.plugin import FanoutChecks as FanoutChecks
