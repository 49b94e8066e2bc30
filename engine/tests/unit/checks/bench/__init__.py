"""Small templates, each of one situation: `*.yaml` here are lists of

    - case: what it is about, in words
      finds: [rules that must be among the findings]
      spares: [rules that must not]
      unseen: [pieces of what must be told as not seen]
      parameters: {Name: value}
      template: the template

The examples of the rules are cases too, and each broken one once more with all it says behind a condition that stays open.

`make -C engine judged` (`python -m tests.unit.checks.bench`) says how many of what must be found is found (recall), and of what may not be found is
found all the same (precision).
"""
