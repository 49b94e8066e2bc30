"""What is deployed, written down for people and other teams: documents made from synthesized templates and contracts/.

    python -m catalog cdk.out            writes docs/catalog/ and the README's picture
    python -m catalog cdk.out --check    says in one line each what is not current

Reads JSON only, through checks/. Any template with a topic and queues will do, whoever wrote it.
"""
