"""What cdk-nag's AwsSolutions finds in an intake and why it stays: for `fanout.constructs.nag.findings` of an app that has one."""

ACKNOWLEDGED = {
    r"/Api/DefaultRoute/Resource .*-APIG4$": "whoever fills something in has no account: limits and the definition guard it",
    r"/Stage/Resource .*-APIG1$": "an access log would hold the tokens of status pages; the function logs what was stored",
    r"/(Web|Stream|Sweep)/Role/DefaultPolicy/Resource .*IAM5\[Resource::\*\]$": "X-Ray has no resources to name",
    r"/Subject/Key/Resource .*-SMG4$": "under another key nobody would be found who is indexed under this one",
    r"/ErasePolicy/Resource .*IAM5\[Resource::arn:.*:cloudformation:.*:stack/": "the stack by its name, whose id nobody knows before",
    r"/ReadPolicy/Resource .*IAM5\[Resource::arn:.*:cloudformation:.*:stack/": "the stack by its name, whose id nobody knows before",
}
"""Patterns that are searched for in `path rule`, and reasons."""
