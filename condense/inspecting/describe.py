"""Describes the contents of a graph in lines of text, and warns of defects."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from condense.data.condensed import CondensedGraph
from condense.data.graph import MultimodalGraph, num_bytes
from condense.data.shown import shown
from condense.data.spread.spread import spread_of
from condense.edges.statistics import effective_edges, pairs_of
from condense.foreign.advice import advice
from condense.inspecting.facts import facts
from condense.io.names import joined
from condense.methods.registry import METHODS
from models.propagation.sparse import edge_weights

FEW_EDGES = 0.25  # Share of the budget; a structure with fewer effective edges counts as collapsed.
EXCESS = (
    1.1  # Times the bytes asked for; weights of nodes and edges alone may exceed them a little.
)
LITTLE_ENERGY = 0.01  # Share of the energy at the first logged step.


def describe(graph: MultimodalGraph | CondensedGraph) -> list[str]:
    """The `facts` of a graph as lines: types, counts, modalities, relations, classes, splits, provenance."""
    contents = facts(graph)
    kind = "condensed from" if isinstance(graph, CondensedGraph) else "whole graph"
    lines = [f"{kind} {shown(contents['title'])}, target type {shown(contents['target'])}"]
    lines += ["", "node types"]
    for name, nodes in contents["node_types"].items():
        lines.append(f"  {shown(name):<16} {nodes['nodes']:>9,} nodes   {_modalities(nodes)}")
    lines += ["", "relations"]
    for edges in contents["relations"]:
        lines.append(f"  {shown(' / '.join(edges['relation'])):<44} {_edges(edges)}")
    classes = ", ".join(f"{c}: {n:,}" for c, n in enumerate(contents["classes"]))
    lines += ["", f"classes  {classes}"]
    if contents["splits"]:
        lines.append(f"splits   {', '.join(f'{s} {n:,}' for s, n in contents['splits'].items())}")
    if "spread" in contents:
        spread = contents["spread"]
        lines.append(
            f"spread   {len(spread['places'])} places around each {shown(contents['target'])}, "
            f"{spread['factors']} factors, {spread['bytes']:,} bytes; trainings draw from it"
        )
    lines.append(f"bytes  {contents['bytes']:,} (uncompressed, at most 4 a number)")
    if isinstance(graph, CondensedGraph):
        lines += ["", *_provenance(graph, contents["label"])]
    return lines


def warnings(condensed: CondensedGraph) -> list[str]:
    """Warnings about a condensed graph: collapsed structure, damping without effect, too many bytes, ….

    The bytes asked for are the share of target nodes that was kept, of the bytes of the graph that was
    condensed, as `num_bytes` counts both.
    """
    graph, provenance = condensed.graph, condensed.provenance
    messages = []
    entry = METHODS.get(provenance.method)
    if entry is None or entry.edge_kind != "none":
        induced = entry is not None and entry.edge_kind == "induced"
        for relation in graph.edge_types:
            budget = provenance.measures.get("edge_budget", {}).get(joined(relation))
            possible = min(budget or 0, pairs_of(graph, relation))
            effective = effective_edges(edge_weights(graph, relation))
            if effective < FEW_EDGES * possible:
                messages.append(
                    f"relation {shown(' / '.join(relation))} has {effective:.0f} effective edges of the "
                    f"{possible} that it may have: "
                    + (
                        "few edges join the selected nodes"
                        if induced
                        else "the structure has all but vanished"
                    )
                )
    energies = [step["energy"] for step in provenance.history if "energy" in step]
    damped = bool(provenance.settings.get("damping"))
    if damped and energies and energies[-1] < LITTLE_ENERGY * energies[0]:
        messages.append(
            f"the energy of the gradient field fell from {energies[0]:.3g} to {energies[-1]:.3g}: "
            "damping has nothing left to act on"
        )
    if not provenance.complete:
        diverged = provenance.measures.get("diverged")
        ended = f"diverged at {diverged}" if diverged else "was interrupted"
        messages.append(f"the run {ended}: this is the best graph that it found")
    return [*messages, *_size(condensed), *advice(condensed)]


def _size(condensed: CondensedGraph) -> Iterator[str]:
    """A warning if the graph has more bytes than the ratio asks for, and where rounding was refused."""
    measures, size = condensed.provenance.measures, num_bytes(condensed.graph)
    asked = measures.get("byte_budget")
    if asked and size > EXCESS * asked:
        p = condensed.provenance
        ratio = p.ratio if p.ratio_base == "all" else p.ratio_train
        most = 32 if spread_of(condensed.graph) is None else 16
        bits = min(measures.get("bits", 32), most)
        narrow = f"--bits {bits // 2} halves its features, and " if bits > 8 else ""
        yield (
            f"the graph has {size:,} bytes, {size / asked:.3g} times the {asked:,} that its share of the "
            f"nodes has in the graph that was condensed; {narrow}--ratio {ratio * asked / size:.2g} gives "
            "about as many bytes as that"
        )
    for name, bits in measures.get("wider", {}).items():
        fewer = measures.get("bits", 16)
        yield f"{name} takes {bits} bits a number: in {fewer} its values would change"


def _modalities(nodes: Mapping[str, Any]) -> str:
    described = []
    for modality, has in nodes["modalities"].items():
        complete = has["present"] == 1 or not nodes["nodes"]
        missing = "" if complete else f", {has['present']:.0%} of nodes"
        described.append(f"{shown(modality)} ({has['width']}{missing})")
    return ", ".join(described) or "no features"


def _edges(edges: Mapping[str, Any]) -> str:
    line = f"{edges['edges']:>9,} edges, density {edges['density']:.3g}"
    if "total_weight" in edges:
        weight, effective = edges["total_weight"], edges["effective_edges"]
        line += f", total weight {weight:.4g}, effective {effective:.0f}"
    return line


def _provenance(condensed: CondensedGraph, label: str) -> Iterator[str]:
    p = condensed.provenance
    yield f"method   {label}, seed {p.seed}, on {p.device}"
    yield (
        f"ratio    {p.ratio:.4%} of all {shown(condensed.graph.target)} nodes, {p.ratio_train:.4%} of the "
        f"training nodes (requested for '{p.ratio_base}'); edges at most {p.edge_ratio:.4%}"
    )
    yield f"setting  {p.setting}"
    for stage in p.stages:
        peak = f"{stage['peak_bytes'] / 2**20:,.0f} MiB"
        yield f"stage    {stage['name']:<12} {stage['seconds']:8.2f} s   peak {peak}"
    if not p.stages:
        yield "seconds  unknown: it was condensed elsewhere"
        for name, value in p.settings.items():
            if value is not None:
                yield f"given    {name}: {value}"
    for name, reduced in p.measures.get("reductions", {}).items():
        yield (
            f"reduced  {shown(name.rpartition(':')[0])}: {reduced['columns']:,} sparse columns are read in "
            f"{reduced['dimensions']} dimensions, which keep {reduced['kept']:.1%} of the squared norm"
        )
    for name, scores in p.measures.get("judged", {}).items():
        each = ", ".join(f"{model} {score:.3f}" for model, score in scores.items())
        yield f"judged   spread {name}: {each} on validation nodes"
    for name, value in p.measures.items():
        if not isinstance(value, dict):
            yield (
                f"measure  {name} {value:.4g}"
                if isinstance(value, float)
                else f"measure  {name} {value}"
            )
    yield from _evolution(p.history)
    yield f"whole    sha256 {p.dataset_hash[:16]}…, loaded with {p.dataset_settings}"
    yield f"versions {', '.join(f'{k} {v}' for k, v in p.versions.items())}"


def _evolution(history: Sequence[Mapping[str, float]]) -> Iterator[str]:
    """Each logged number at the first and at the last logged step."""
    for name, first in history[0].items() if history else ():
        yield f"history  {name} {first:.4g} -> {history[-1].get(name, math.nan):.4g}"
