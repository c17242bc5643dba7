"""The OpenAPI document as one page for people. Its policy allows its own style and its own small script, and nothing else."""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2430; --soft: #5b6675; --page: #f6f7f9; --card: #fff; --line: #dfe3e8;
  --get: #1d6fb8; --post: #237a3b; --put: #8a5a00; --delete: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ee; --soft: #9aa5b4; --page: #14181e; --card: #1c2129; --line: #303844;
    --get: #7db7f0; --post: #7fcf95; --put: #e3b45c; --delete: #f2938c; }
}
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.55 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2rem 1.25rem 6rem; }
h1 { margin: 0 0 .25rem; } h2 { margin: 2.2rem 0 .6rem; font-size: 1.2rem; } h3 { font-size: .95rem; margin: 1rem 0 .3rem; }
a { color: var(--get); } .soft { color: var(--soft); }
input { font: inherit; width: 100%; box-sizing: border-box; padding: .5rem .75rem; margin: 1rem 0 0; color: inherit;
  background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
nav a { margin-right: .9rem; white-space: nowrap; }
details { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; margin: .4rem 0; }
summary { cursor: pointer; padding: .5rem .8rem; overflow-wrap: anywhere; }
details > div { padding: 0 .9rem .8rem; border-top: 1px solid var(--line); overflow-x: auto; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; vertical-align: top; padding: .25rem .8rem .25rem 0; }
th { font-weight: 600; border-bottom: 1px solid var(--line); }
code, pre { font: .88em ui-monospace, monospace; } pre { overflow-x: auto; }
b.verb { display: inline-block; min-width: 4.2rem; font-size: .8rem; }
b.get { color: var(--get); } b.post { color: var(--post); } b.put, b.patch { color: var(--put); } b.delete { color: var(--delete); }
""".strip()

_SCRIPT = """
const field = document.querySelector("input");
field.addEventListener("input", () => {
  const words = field.value.toLowerCase().split(/\\s+/);
  for (const one of document.querySelectorAll("details")) {
    const text = one.querySelector("summary").textContent.toLowerCase();
    one.hidden = !words.every((word) => text.includes(word));
  }
});
const open = () => {
  const one = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (one instanceof HTMLDetailsElement) one.open = true;
};
addEventListener("hashchange", open);
open();
""".strip()


def digest(text: str) -> str:
    """How a policy names a text that may stand in the page."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        f"style-src {digest(_STYLE)}; script-src {digest(_SCRIPT)}"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>flow2api: the API</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<main>
<h1>flow2api <small class="soft">{version}</small></h1>
<p>{about} As <a href="openapi.json">OpenAPI document</a>.</p>
<nav>{nav}</nav>
<input type="search" aria-label="Search" placeholder="Search routes and records">
{sections}
<h2 id="errors">Errors</h2>
<p class="soft">Every error answer is an <a href="#schemas/{envelope}">error object</a> with one of these codes. The header
<code>x-should-retry</code> says whether the same request may succeed later, <code>retry-after</code> when, where that is known.</p>
{errors}
<h2 id="records">Records</h2>
{records}
</main>
<script>{script}</script>
</body>
</html>
"""


def render(document: Mapping[str, Any]) -> str:
    """The whole page."""
    tags = [tag["name"] for tag in document["tags"]]
    return _PAGE.format(
        style=_STYLE,
        script=_SCRIPT,
        version=escape(document["info"]["version"]),
        about=escape(document["info"]["description"]),
        nav="\n".join(f'<a href="#{_anchor(tag)}">{escape(tag)}</a>' for tag in (*tags, "errors", "records")),
        sections="\n".join(_section(tag, document["paths"]) for tag in tags),
        envelope=next(name for name in document["components"]["schemas"] if name.endswith("Envelope")),
        errors=_errors(document["x-error-codes"]),
        records="\n".join(_record(name, schema) for name, schema in document["components"]["schemas"].items()),
    )


def _section(tag: str, paths: Mapping[str, Any]) -> str:
    operations = (
        _operation(method, path, one)
        for path, item in paths.items()
        for method, one in item.items()
        if tag in one["tags"]
    )
    return f'<h2 id="{_anchor(tag)}">{escape(tag)}</h2>\n' + "\n".join(operations)


def _operation(method: str, path: str, one: Mapping[str, Any]) -> str:
    head = f'<b class="verb {method}">{method.upper()}</b> <code>{escape(path)}</code> <span class="soft">{_text(one["summary"])}</span>'
    parts = [f"<p>{_text(one['description'])}</p>"] if "description" in one else []
    if also := one.get("x-also-at"):
        parts.append("<p>The same at " + ", ".join(f"<code>{escape(path)}</code>" for path in also) + ".</p>")
    parts.append(f"<p class='soft'>{_who(one)}</p>")
    if "parameters" in one:
        rows = (
            (
                f"<code>{escape(field['name'])}</code>",
                field["in"],
                _kind(field["schema"]),
                _note(field, field["required"]),
            )
            for field in one["parameters"]
        )
        parts.append("<h3>Parameters</h3>" + _table(("name", "in", "type", ""), rows))
    if "requestBody" in one:
        parts.append(f"<h3>Body</h3><p>{_content(one['requestBody']['content'])}</p>")
    answers = (
        (status, _text(told["description"]), _content(told.get("content", {})))
        for status, told in one["responses"].items()
    )
    parts.append("<h3>Answers</h3>" + _table(("status", "", "body"), answers))
    return f'<details id="{one["operationId"]}"><summary>{head}</summary><div>{"".join(parts)}</div></details>'


def _who(one: Mapping[str, Any]) -> str:
    if "x-scope" in one:
        return f"Needs an API key that opens the routes <code>{escape(one['x-scope'])}</code>."
    return "Needs an administrator." if "security" in one else "Open to everyone."


def _record(name: str, schema: Mapping[str, Any]) -> str:
    needed = schema.get("required", ())
    rows = (
        (f"<code>{escape(field)}</code>", _kind(one), _note(one, field in needed))
        for field, one in schema.get("properties", {}).items()
    )
    body = _table(("field", "type", ""), rows) if "properties" in schema else f"<p>{_kind(schema)}</p>"
    about = f"<p>{_text(schema['description'])}</p>" if "description" in schema else ""
    return f'<details id="schemas/{escape(name)}"><summary><code>{escape(name)}</code></summary><div>{about}{body}</div></details>'


def _note(field: Mapping[str, Any], needed: bool) -> str:
    notes = ["needed"] if needed else []
    if field.get("default") not in (None, [], {}, ""):
        notes.append(f"default <code>{escape(json.dumps(field['default']))}</code>")
    return ", ".join([*notes, *([_text(field["description"])] if field.get("description") else [])])


def _content(content: Mapping[str, Any]) -> str:
    return "<br>".join(
        f"<code>{escape(mime)}</code> {_kind(one['schema']) if 'schema' in one else ''}"
        for mime, one in content.items()
    )


def _kind(schema: Mapping[str, Any]) -> str:
    """What a value may be, in words, with links to the records."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#schemas/{escape(name)}">{escape(name)}</a>'
    if "anyOf" in schema:
        return " or ".join(map(_kind, schema["anyOf"]))
    if "enum" in schema:
        return " or ".join(f"<code>{escape(json.dumps(value))}</code>" for value in schema["enum"])
    if "const" in schema:
        return f"<code>{escape(json.dumps(schema['const']))}</code>"
    match schema.get("type"):
        case "array":
            items = schema.get("items") or {}
            return f"list of {_kind(items)}" if items else "list"
        case "object":
            values = schema.get("additionalProperties")
            return f"object of {_kind(values)}" if isinstance(values, Mapping) and values else "object"
        case str(plain):
            return escape(plain) + _bounds(schema)
    return "anything"


def _bounds(schema: Mapping[str, Any]) -> str:
    words = [("minimum", "from"), ("maximum", "to"), ("minLength", "at least"), ("maxLength", "at most")]
    told = [f"{word} {schema[name]}" for name, word in words if name in schema]
    return f" <span class='soft'>({', '.join(told)})</span>" if told else ""


def _errors(codes: Iterable[Mapping[str, Any]]) -> str:
    rows = (
        (str(one["status"]), f"<code>{one['code']}</code>", escape(one["type"]), "yes" if one["retry"] else "no")
        for one in codes
    )
    return _table(("status", "code", "type", "repeat"), rows)


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{name}</th>" for name in columns)
    return f"<table><tr>{head}</tr>{''.join(_rows(rows))}</table>"


def _rows(rows: Iterable[Iterable[str]]) -> Iterator[str]:
    for row in rows:
        yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>"


def _text(text: str) -> str:
    """Words for people, in which what stands between backquotes is code."""
    parts = escape(text).split("`")
    return "".join(
        f"<code>{part}</code>" if place % 2 and place < len(parts) - 1 else part for place, part in enumerate(parts)
    )


def _anchor(tag: str) -> str:
    return tag.replace(" ", "-").replace(":", "")
