"""Topics, queues and Lambda consumers on AWS CDK: nothing that was accepted is lost without a trace."""
