"""What cdk-nag finds in the app's own constructs, and why it stays. The engine answers for its constructs itself."""

ACKNOWLEDGED = {
    r"/SendConfirmation/.* AwsSolutions-IAM5\[Resource::arn:.*:ses:.*/\*\]$": "SES also asks for the identity of a verified"
    " recipient and for the sender's configuration set; the condition on ses:FromAddress is what limits the sender",
    r"/Archive/Bucket/Resource AwsSolutions-S1$": "who reads the archive is recorded by CloudTrail data events where"
    " wanted; server access logs would be a second bucket of personal data, and arrive on best effort",
    r"/Operator/(Replay|Erase)Policy/Resource AwsSolutions-IAM5\[Resource::<Archive.*\.Arn>/\*\]$": "a replay reads any object"
    " of the archive, and an erasure removes them; of nothing else",
    r"/Webhook/Secret/Resource AwsSolutions-SMG4$": "the receiver holds the same secret, so a rotation is agreed with"
    " it; the function reads a new value within five minutes",
}
"""A pattern for `construct's path rule`, and the reason."""
