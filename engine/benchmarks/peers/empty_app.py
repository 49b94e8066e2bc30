"""The least that an app of the CDK for Python can be: one stack, and nothing in it."""

import aws_cdk as cdk

app = cdk.App()
cdk.Stack(app, "Empty")
app.synth()
