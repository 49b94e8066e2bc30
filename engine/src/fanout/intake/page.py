"""Plain HTML: a page to fill in, and one that says what became of an entry. Works without script, styles itself.

Labels, an error summary that takes the focus, errors beside their fields and named by them, and one heading: as
https://design-system.service.gov.uk/components/error-summary/ and https://www.w3.org/WAI/tutorials/forms/ ask for.
All text from outside is escaped where it is put in; nothing else is.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final
from urllib.parse import urlencode

from fanout.intake.definition import AUTOCOMPLETE, LINES, Definition, Field

KEY: Final = "_key"
"""The hidden field with the idempotency key: a double click, or a reload, stores one entry."""
SENT: Final = "sent"
"""In addresses, of what the files of a page were sent under: S3 adds `bucket`, `key` and `etag` to an address that it leads back to."""
TRAP: Final = "_leave_empty"
"""A field that no person sees and that machines fill in."""
FIELDS: Final = "application/x-www-form-urlencoded"
"""What a browser sends."""
STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem; }
label, legend, .label { font-weight: 600; display: block; }
fieldset { border: 0; padding: 0; margin: 0 0 1.5rem; } fieldset label { font-weight: 400; }
p.field { margin: 0 0 1.5rem; } .hint { display: block; opacity: .8; }
input:not([type=checkbox]):not([type=radio]), textarea, select { font: inherit; width: 100%; box-sizing: border-box; padding: .4rem;
  border: 2px solid currentColor; border-radius: 2px; background: Canvas; color: CanvasText; }
input[type=checkbox], input[type=radio] { width: 1.3rem; height: 1.3rem; vertical-align: middle; }
.error { color: #b10e1e; font-weight: 600; display: block; } [aria-invalid=true] { border-color: #b10e1e !important; }
@media (prefers-color-scheme: dark) { .error, .summary h2, .summary a { color: #ff9b9b; } }
.summary { border: 4px solid #b10e1e; padding: 0 1rem; margin-bottom: 2rem; }
button { font: inherit; font-weight: 600; padding: .6rem 1.4rem; cursor: pointer; }
:focus-visible { outline: 3px solid #0b57d0; outline-offset: 2px; }
.trap { position: absolute; left: -9999px; }
table { border-collapse: collapse; } th, td { text-align: left; padding: .3rem 1.5rem .3rem 0; }
"""


def allowed(posts_to: str = "") -> str:
    """Of the page to the browser: https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Content-Security-Policy"""
    forms = f"'self' {posts_to}".strip()
    return f"default-src 'none'; style-src 'unsafe-inline'; form-action {forms}; frame-ancestors 'none'"


def entry_page(
    definition: Definition, key: str, given: Mapping[str, Any] | None = None, errors: Mapping[str, str] | None = None
) -> str:
    """To fill in. After a refusal: with what was given, and what is wrong with it."""
    given, errors = given or {}, errors or {}
    hint = f"<p>{escape(str(definition.schema['description']))}</p>" if "description" in definition.schema else ""
    fields = "\n".join(
        _file(each, key, given.get(each.name), errors.get(each.name))
        if each.kind == "file"
        else _field(each, given.get(each.name), errors.get(each.name))
        for each in definition.fields
    )
    body = f"""{_summary(definition, errors)}<h1>{escape(definition.title)}</h1>
{hint}<form method="post" novalidate>
{fields}
<p class="trap" aria-hidden="true"><label>Leave this empty <input name="{TRAP}" tabindex="-1" autocomplete="off"></label></p>
<input type="hidden" name="{KEY}" value="{escape(key)}">
<button type="submit">Send</button>
</form>"""
    return whole_page(f"{'Error: ' if errors else ''}{definition.title}", body)


def status_page(title: str, reference: str, rows: Sequence[tuple[str, str]], told: str) -> str:
    """What became of an entry: a sentence, and a row for each task."""
    cells = "\n".join(f"<tr><th scope='row'>{escape(name)}</th><td>{escape(state)}</td></tr>" for name, state in rows)
    table = f"<table><caption class='hint'>What happens with it</caption>\n{cells}\n</table>" if rows else ""
    return whole_page(
        title,
        f"<h1>{escape(title)}</h1>\n<p>{escape(told)}</p>\n<p>Your reference: <strong>{escape(reference)}</strong></p>\n{table}",
    )


def message_page(title: str, told: str) -> str:
    return whole_page(title, f"<h1>{escape(title)}</h1>\n<p>{escape(told)}</p>")


def whole_page(title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def _summary(definition: Definition, errors: Mapping[str, str]) -> str:
    if not errors:
        return ""
    known = [(each.name, errors[each.name]) for each in definition.fields if each.name in errors]
    items = [f'<li><a href="#{escape(name)}">{escape(told)}</a></li>' for name, told in known]
    items += [f"<li>{escape(errors[''])}</li>"] if "" in errors else []
    return f"""<div class="summary" role="alert" tabindex="-1" autofocus>
<h2>There is a problem</h2>
<ul>
{chr(10).join(items)}
</ul>
</div>
"""


def _field(field: Field, value: Any, error: str | None) -> str:
    name = escape(field.name)
    hint = str(field.schema.get("description") or "")
    named = [each for each in (f"{name}-hint" if hint else "", f"{name}-error" if error else "") if each]
    about = f' aria-describedby="{" ".join(named)}"' if named else ""
    state = about + (' aria-invalid="true"' if error else "") + (" required" if field.required else "")
    told = (f'<span class="hint" id="{name}-hint">{escape(hint)}</span>' if hint else "") + (
        f'<span class="error" id="{name}-error">{escape(error)}</span>' if error else ""
    )
    title = escape(field.title) + ("" if field.required else " (optional)")
    if field.choices and (field.kind == "array" or len(field.choices) <= 6):
        return _choices(field, value, about, told, title)
    if field.kind == "boolean":
        checked = " checked" if value in (True, "on", "true", "yes") else ""
        return f'<p class="field"><label for="{name}"><input type="checkbox" id="{name}" name="{name}" value="yes"{checked}{state}> {title}</label>{told}</p>'
    return f'<p class="field"><label for="{name}">{title}</label>{told}{_control(field, value, state)}</p>'


def _file(field: Field, key: str, value: Any, error: str | None) -> str:
    """What was sent before, or the way back to where it is."""
    name, there = escape(field.name), isinstance(value, str) and value != "" and not error
    told = f'<span class="error" id="{name}-error">{escape(error)}</span>' if error else ""
    sent = f'<input type="hidden" name="{name}" value="{escape(str(value))}">Sent. ' if there else ""
    link = f'<a id="{name}" href="?{urlencode({SENT: key.partition(".")[0]})}">{"Send another one" if there else "Send a file"}</a>'
    title = escape(field.title) + ("" if field.required else " (optional)")
    return f'<p class="field"><span class="label">{title}</span>{told}{sent}{link}</p>'


def _control(field: Field, value: Any, state: str) -> str:
    name = escape(field.name)
    text = "" if value is None else escape(str(value))
    shared = f'id="{name}" name="{name}"{state}'
    if fill := field.schema.get(AUTOCOMPLETE):
        shared += f' autocomplete="{escape(str(fill))}"'
    if field.choices:
        options = "".join(
            f'<option value="{escape(each)}"{" selected" if each == value else ""}>{escape(each)}</option>'
            for each in field.choices
        )
        return f'<select {shared}><option value="">Choose</option>{options}</select>'
    if field.schema.get(LINES):
        return f'<textarea {shared} rows="6">{chr(10) if text.startswith(chr(10)) else ""}{text}</textarea>'
    kind = {"email": "email", "date": "date"}.get(str(field.schema.get("format")), "text")
    mode = ' inputmode="decimal"' if field.kind in ("integer", "number") else ""
    return f'<input type="{kind}" {shared}{mode} value="{text}">'


def _choices(field: Field, value: Any, about: str, told: str, title: str) -> str:
    """Radio buttons, or boxes where several may be chosen; the first one has the field's id, for the summary's link."""
    kind = "checkbox" if field.kind == "array" else "radio"
    chosen = value if isinstance(value, list) else [value]
    rows = []
    for number, each in enumerate(field.choices):
        id_ = field.name if number == 0 else f"{field.name}-{number}"
        checked = " checked" if each in chosen else ""
        rows.append(
            f'<label for="{escape(id_)}"><input type="{kind}" id="{escape(id_)}" name="{escape(field.name)}"'
            f' value="{escape(each)}"{checked}> {escape(each)}</label>'
        )
    return f"<fieldset{about}><legend>{title}</legend>{told}{''.join(rows)}</fieldset>"
