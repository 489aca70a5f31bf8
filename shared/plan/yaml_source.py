"""Reading YAML that strangers wrote: bounded, without aliases or tags, with the line of every path.

Scalars follow YAML 1.2's core schema, so `on`, `no` and `10:30` are text and a date is text; only `true`, `false`,
`null` and decimal numbers are anything else.
"""

from __future__ import annotations

import math
import re
from typing import Any

import yaml

from shared.plan.faults import PathKey, PlanErrors, PlanFault, path_text

BYTES_MAX = 1024 * 1024
DEPTH_MAX = 32
_INTEGER_MAX = 2**53


class _Loader(yaml.SafeLoader):
    """SafeLoader with the resolvers of YAML 1.2's core schema in place of 1.1's."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  the base class's name


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|false|False)$"), list("tTfF"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)


class Source:
    """A document and the line (from 1) of each of its paths."""

    def __init__(self, document: Any, lines: dict[PathKey, int]) -> None:
        self.document = document
        self.lines = lines


def read_yaml(text: str) -> Source:
    """The one document in `text`. PlanErrors when it is too large, too deep, unreadable, or has doubled keys,
    aliases or tags."""
    if len(text.encode("utf-8", errors="surrogatepass")) > BYTES_MAX:
        raise PlanErrors([PlanFault("", f"the document is larger than {BYTES_MAX} bytes")])
    try:
        _refuse_tricks(text)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as err:
        line = err.problem_mark.line + 1 if err.problem_mark else None
        raise PlanErrors([PlanFault("", f"not readable as YAML: {err.problem}", line=line)]) from err
    except (yaml.YAMLError, UnicodeError) as err:
        raise PlanErrors([PlanFault("", "not readable as YAML: a character that YAML does not allow")]) from err
    if node is None:
        raise PlanErrors([PlanFault("", "the document is empty")])
    reader = _Reader()
    document = reader.value(node, ())
    if reader.faults:
        raise PlanErrors(reader.faults)
    return Source(document, reader.lines)


def _refuse_tricks(text: str) -> None:
    """Look at the stream of events before anything is built of it: this costs no more than the text is long."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark else None
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise PlanErrors([PlanFault("", "anchors (&) and aliases (*) are not allowed", "write it out", line)])
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise PlanErrors([PlanFault("", f"tags such as {tag!r} are not allowed", "remove it", line)])
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEPTH_MAX:
            raise PlanErrors([PlanFault("", f"nested deeper than {DEPTH_MAX} levels", line=line)])


class _Reader:
    """Turns nodes into plain values; collects faults and lines on the way."""

    def __init__(self) -> None:
        self.faults: list[PlanFault] = []
        self.lines: dict[PathKey, int] = {}

    def value(self, node: yaml.Node, path: PathKey) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: PathKey) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.faults.append(PlanFault(path_text(path), "a key must be a word or a number", line=line))
                continue
            key = str(key_node.value)
            if key in found:
                first = self.lines[(*path, key)]
                fault = PlanFault(path_text((*path, key)), f"the key is given twice, first on line {first}", line=line)
                self.faults.append(fault)
                continue
            self.lines[(*path, key)] = line
            found[key] = self.value(value_node, (*path, key))
        return found

    def _scalar(self, node: yaml.Node, path: PathKey) -> Any:
        kind, text = node.tag.rpartition(":")[2], str(node.value)
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind not in ("int", "float"):
            return text
        number = int(text) if kind == "int" and len(text) < 20 else float(text)
        if not math.isfinite(number) or abs(number) > _INTEGER_MAX:
            self.faults.append(
                PlanFault(path_text(path), f"the number {text[:40]} is too large", line=self.lines[path])
            )
        return number
