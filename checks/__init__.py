"""What must hold of a synthesized template, whoever wrote it: nothing in it may lose, duplicate, block or leak messages.

    from checks import check_template
    for finding in check_template(json.loads(path.read_text())):
        print(finding.severity, finding.rule, finding.path, finding.message)

Reads JSON only. `checks.cdk` is the one module that knows the CDK; `checks.schemas` the one that knows cfn-lint.
"""

from checks.contract import Contract, ContractError, load_contract
from checks.engine import check_template, check_templates
from checks.findings import Acknowledgement, Finding
from checks.load import Unusable, load, load_acknowledgements
from checks.rule import RULES, Rule, Severity
from checks.template import Template

__all__ = [
    "RULES",
    "Acknowledgement",
    "Contract",
    "ContractError",
    "Finding",
    "Rule",
    "Severity",
    "Template",
    "Unusable",
    "check_template",
    "check_templates",
    "load",
    "load_acknowledgements",
    "load_contract",
]
