"""Small templates, each of one situation: `*.yaml` here are lists of

    - case: what it is about, in words
      finds: [rules that must be among the findings]
      spares: [rules that must not]
      unseen: [pieces of what must be told as not seen]
      parameters: {Name: value}
      template: the template

`python -m tests.unit.checks.bench` says how many of what must be found is found (recall), and of what may not be found is
found all the same (precision).
"""
