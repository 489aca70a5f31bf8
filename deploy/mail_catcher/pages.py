"""The two pages as text: everything that came by mail is escaped, nothing is fetched from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from deploy.mail_catcher.store import Summary

PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)

STYLE = """
:root { color-scheme: light dark; --ink: #16202c; --soft: #5a6878; --line: #dfe5ec; --back: #eef1f5; --card: #fff;
  --accent: #0b5cad; --hover: #f3f7fb; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4eaf1; --soft: #a3b1c0; --line: #2a3542; --back: #0e141b;
  --card: #161e27; --accent: #7db7f2; --hover: #1c2631; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
header { padding: 18px 24px; background: var(--card); border-bottom: 1px solid var(--line); }
main { max-width: 1100px; margin: 20px auto; padding: 0 16px; }
h1 { margin: 0; font-size: 19px; } h1 small { font-weight: 400; color: var(--soft); font-size: 14px; }
a { color: var(--accent); }
form { margin: 0 0 14px; display: flex; gap: 8px; }
input { flex: 1; min-width: 0; padding: 9px 12px; font: inherit; color: inherit; background: var(--card);
  border: 1px solid var(--line); border-radius: 7px; }
button { padding: 9px 18px; font: inherit; font-weight: 600; border: 0; border-radius: 7px; background: #0b5cad;
  color: #fff; }
ol { list-style: none; margin: 0; padding: 0; background: var(--card); border: 1px solid var(--line);
  border-radius: 9px; overflow: hidden; }
li + li { border-top: 1px solid var(--line); }
li a { display: grid; align-items: baseline;
  grid-template-columns: minmax(0, 16rem) minmax(0, 1fr) auto; gap: 4px 18px; padding: 11px 16px;
  color: inherit; text-decoration: none; }
li a:hover, li a:focus { background: var(--hover); }
.to { font-weight: 600; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.subject { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.when, .soft { color: var(--soft); font-size: 13px; white-space: nowrap; font-variant-numeric: tabular-nums; }
.empty { padding: 40px; text-align: center; color: var(--soft); }
dl { display: grid; grid-template-columns: auto 1fr; gap: 2px 14px; margin: 10px 0 0; } dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
nav { display: flex; gap: 6px; margin: 0 0 12px; }
nav a { padding: 6px 14px; border-radius: 7px; text-decoration: none; border: 1px solid var(--line);
  background: var(--card); }
nav a[aria-current] { background: #0b5cad; border-color: #0b5cad; color: #fff; }
iframe { width: 100%; height: 78vh; border: 1px solid var(--line); border-radius: 9px; background: #fff; }
pre { margin: 0; padding: 18px; background: var(--card); border: 1px solid var(--line); border-radius: 9px;
  white-space: pre-wrap; overflow-wrap: anywhere; font: 13px/1.55 ui-monospace, Consolas, monospace; }
@media (max-width: 640px) { li a { grid-template-columns: minmax(0, 1fr) auto; } .subject { grid-row: 2;
  grid-column: 1 / -1; } }
"""

PARTS = (("html", "HTML"), ("text", "Text"), ("headers", "Headers"), ("raw", "Raw"))


def list_page(rows: Sequence[tuple[Summary, str]], *, words: str, total: int, older: str | None) -> str:
    """The newest messages first, with a search."""
    items = "".join(_row(summary, arrived) for summary, arrived in rows)
    listed = f"<ol>{items}</ol>" if rows else '<p class="empty">No messages here.</p>'
    more = f'<p><a href="{escape(older)}">Older messages</a></p>' if older else ""
    search = (
        '<form role="search"><input name="q" type="search" aria-label="Search by recipient or subject" '
        f'placeholder="Recipient or subject" value="{escape(words)}"><button>Search</button></form>'
    )
    head = f"<h1>Caught mail <small>{total:,} kept on this machine, none delivered</small></h1>"
    return _frame("Caught mail", head, search + listed + more)


def message_page(summary: Summary, arrived: str, *, part: str, body: str) -> str:
    """One message; `body` is HTML that is safe already."""
    tabs = "".join(
        f'<a href="/view/{summary.id}?part={name}"{" aria-current=page" if name == part else ""}>{label}</a>'
        for name, label in PARTS
    )
    head = (
        f'<p class="soft"><a href="/">All messages</a></p><h1>{escape(summary.subject)}</h1><dl>'
        f"<dt>From</dt><dd>{escape(summary.sender)}</dd><dt>To</dt><dd>{escape(', '.join(summary.recipients))}</dd>"
        f"<dt>Sent</dt><dd>{escape(summary.date)}</dd><dt>Arrived</dt><dd>{escape(arrived)}</dd></dl>"
    )
    return _frame(summary.subject, head, f"<nav>{tabs}</nav>{body}")


def _row(summary: Summary, arrived: str) -> str:
    return (
        f'<li><a href="/view/{summary.id}"><span class="to">{escape(", ".join(summary.recipients))}</span>'
        f'<span class="subject">{escape(summary.subject)}</span>'
        f'<span class="when" title="arrived {escape(arrived)}">{escape(summary.date or arrived)}</span></a></li>'
    )


def _frame(title: str, head: str, main: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><header>{head}</header><main>{main}</main></body></html>"
    )
