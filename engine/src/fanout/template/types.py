"""CloudFormation's names of the resources that messages go through."""

QUEUE, TOPIC = "AWS::SQS::Queue", "AWS::SNS::Topic"
SUBSCRIPTION, MAPPING, FUNCTION = "AWS::SNS::Subscription", "AWS::Lambda::EventSourceMapping", "AWS::Lambda::Function"
KEY, ALARM = "AWS::KMS::Key", "AWS::CloudWatch::Alarm"
