"""GraphML, GEXF and node-link JSON, read by networkx.

The layouts are those of networkx's `read_graphml`, `read_gexf` and `node_link_graph`, and of D3's JSON. XML
with a document type is refused before it is interpreted, since entities may expand without end.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.parsers import expat

import networkx as nx

from condense.errors import FileError
from condense.prepare.attributed import raw_graph
from condense.prepare.raw import RawGraph

XML = {".graphml": nx.read_graphml, ".gexf": nx.read_gexf}
JSON = ".json"
LINKS = ("links", "edges")
"""Names of the list of edges: that of D3 and networkx up to 3.3, and the newer one."""


def recognises(source: Path) -> bool:
    """A .graphml, .gexf or .json file."""
    return source.is_file() and source.suffix.lower() in (*XML, JSON)


def read(source: Path) -> RawGraph:
    """The graph in a file.

    Raises:
        FileError: the file is damaged, holds no graph or several, or an attribute has no one meaning.
    """
    ending = source.suffix.lower()
    if ending not in (*XML, JSON):
        raise FileError(f"{source} must end in {', '.join((*XML, JSON))}; rename it")
    try:
        if ending == JSON:
            return raw_graph(_from_json(source), source)
        _check_xml(source)
        return raw_graph(XML[ending](source), source)
    except FileError:
        raise
    except expat.ExpatError as error:
        said = expat.errors.messages.get(error.code, "damaged")
        raise FileError(
            f"{source}, line {error.lineno}, is no XML ({said}); save it again with networkx"
        ) from None
    except Exception as error:  # A damaged file may raise anything in networkx.
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FileError(f"{source} cannot be read ({said}); save it again with networkx") from None


def _check_xml(path: Path) -> None:
    """Raise unless an XML file holds one graph, no document type, and the nodes that its edges join."""
    parser = expat.ParserCreate(namespace_separator=" ")
    graphs, nodes, ends = [], set[str](), list[tuple[int, str, str | None]]()

    def refuse(*_: Any) -> None:
        raise FileError(
            f"{path}, line {parser.CurrentLineNumber}, declares a document type or an entity, which may "
            "expand without end; take the declaration out"
        )

    def start(name: str, attributes: dict[str, str]) -> None:
        line, kind = parser.CurrentLineNumber, name.rpartition(" ")[2]
        if kind == "graph":
            graphs.append(line)
        elif kind == "node":
            node = attributes.get("id")
            if node is None or node in nodes:
                raise FileError(
                    f"{path}, line {line}: a node's id (got {node!r}) must be its own; correct it"
                )
            nodes.add(node)
        elif kind == "edge":
            ends.extend((line, end, attributes.get(end)) for end in ("source", "target"))

    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    parser.StartElementHandler = start
    with path.open("rb") as stream:
        parser.ParseFile(stream)
    if len(graphs) != 1:
        raise FileError(
            f"{path} (got {len(graphs)} graphs) must hold one; save one graph in a file"
        )
    for line, end, node in ends:
        if node not in nodes:
            raise FileError(
                f"{path}, line {line}: an edge's {end} (got {node!r}) must be the id of a node; add the "
                "node, or take the edge out"
            )


def _from_json(path: Path) -> nx.Graph:
    content = json.loads(path.read_bytes())
    key = next(
        (k for k in LINKS if isinstance(content, dict) and isinstance(content.get(k), list)), None
    )
    if key is None or not isinstance(content.get("nodes"), list):
        got = (
            ", ".join(map(str, list(content)[:8]))
            if isinstance(content, dict)
            else type(content).__name__
        )
        raise FileError(
            f"{path} (got {got}) must hold lists nodes and {' or '.join(LINKS)}; save it with networkx's "
            "node_link_data"
        )
    ids = set()
    for place, node in enumerate(content["nodes"]):
        name = node.get("id") if isinstance(node, dict) else None
        if isinstance(name, bool) or not isinstance(name, str | int) or name in ids:
            raise FileError(
                f"{path}: id of nodes[{place}] (got {name!r}) must be a name or number of its own; correct it"
            )
        ids.add(name)
    for place, edge in enumerate(content[key]):
        for end in ("source", "target"):
            node = edge.get(end) if isinstance(edge, dict) else None
            if isinstance(node, list | dict | bool) or node not in ids:
                raise FileError(
                    f"{path}: {end} of {key}[{place}] (got {node!r}) must be the id of a node; add the node, "
                    "or take the edge out"
                )
    graph = nx.node_link_graph(_plain(content), directed=False, multigraph=False, edges=key)
    graph.graph = {
        "keys_are_relations": True
    }  # Of JSON's multigraphs; GraphML's keys are numbers of edges.
    return graph


def _plain(content: Mapping[str, Any]) -> dict[str, Any]:
    """`content` with what networkx takes as settings checked."""
    settings = {k: content.get(k, False) is True for k in ("directed", "multigraph")}
    return {**content, **settings, "graph": {}}
