"""The first step of a page with files: a form for each, which S3 takes, and the way on to the questions."""

from collections.abc import Sequence
from html import escape

from fanout.intake.attachments import Sent, Upload
from fanout.intake.definition import Definition, Field
from fanout.intake.page import SENT, whole_page
from fanout.intake.size import in_words, what_it_takes


def file_page(definition: Definition, key: str, shown: Sequence[tuple[Field, Sent | None, Upload]]) -> str:
    """Of each field what is there already, and where another one is sent."""
    forms = "\n".join(_form(*each) for each in shown)
    return whole_page(
        f"{definition.title}: files",
        f"""<h1>{escape(definition.title)}</h1>
<p>Step 1 of 2: files. Send each by itself, then go on.</p>
{forms}
<form method="get">
<input type="hidden" name="{SENT}" value="{escape(key)}">
<input type="hidden" name="step" value="answers">
<button type="submit">Go on to the questions</button>
</form>""",
    )


def _form(field: Field, sent: Sent | None, upload: Upload) -> str:
    name, title = escape(field.name), escape(field.title)
    there = (
        f'<p role="status"><strong>{escape(sent.name or "A file")}</strong> is there ({in_words(sent.size)}).</p>'
        if sent
        else ""
    )
    hint = " ".join(filter(None, [str(field.schema.get("description") or ""), f"{what_it_takes(field)}."]))
    hidden = "\n".join(
        f'<input type="hidden" name="{escape(each)}" value="{escape(value)}">' for each, value in upload.fields.items()
    )
    optional = "" if field.required else " (optional)"
    return f"""<section aria-labelledby="{name}-title">
<h2 id="{name}-title">{title}{optional}</h2>
{there}<form method="post" action="{escape(upload.url)}" enctype="multipart/form-data">
{hidden}
{_kind(field)}<p class="field"><label for="{name}">{title}: the file</label><span class="hint" id="{name}-hint">{escape(hint)}</span>
<input type="file" id="{name}" name="file" accept="{escape(",".join(field.media_types))}" aria-describedby="{name}-hint" required></p>
<button type="submit">Send {title}</button>
</form>
</section>"""


def _kind(field: Field) -> str:
    """Without script nobody but the person can say it: S3 believes the form's field, and the entry is judged by it."""
    if len(field.media_types) == 1:
        return ""
    name = escape(field.name)
    options = "".join(
        f'<option value="{escape(each)}">{escape(each.partition("/")[2].partition("+")[0].upper())}</option>'
        for each in field.media_types
    )
    return f'<p class="field"><label for="{name}-kind">{escape(field.title)}: its kind</label><select id="{name}-kind" name="Content-Type">{options}</select></p>\n'
