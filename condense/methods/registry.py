"""The condensation methods by name: one file and one row each.

Importing this file imports neither torch nor any method, so `condense --help` is fast. For the same reason
a method's file imports heavy modules inside its `condense`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from models.lazy import imported

if TYPE_CHECKING:
    from condense.methods.protocol import Condenser

EdgeKind = Literal["new", "induced", "none"]
"""New edges between condensed nodes, the original edges among the selected nodes, or no edges."""


@dataclass(frozen=True)
class MethodEntry:
    """A row of the registry.

    Attributes:
        function: the `Condenser`, as "module:name" below `condense.methods`.
        settings_class: the pydantic dataclass of its settings, in the same form.
        edge_kind: where the edges of its graphs come from.
        nodes: what the condensed nodes are, in a few words for tables.
        edges: what the edges are, in a few words for tables.
        key_settings: the settings that matter most, for tables.
        fast: whether it condenses amazon1 to 1 % within a minute of two cores; `evaluate --baselines
            all-fast` takes these.
    """

    function: str
    settings_class: str
    edge_kind: EdgeKind
    nodes: str
    edges: str
    key_settings: Sequence[str] = ()
    fast: bool = False

    @property
    def condense(self) -> Condenser:
        """The method; imports its file."""
        return imported(self.function, "condense.methods")

    @property
    def settings(self) -> type:
        """The class of its settings; imports the file that declares it."""
        return imported(self.settings_class, "condense.methods")


METHODS: dict[str, MethodEntry] = {
    "mixture": MethodEntry(
        "mixture:condense",
        "mixture:MixtureSettings",
        "new",
        nodes="class-wise cluster means, and the spread around them where models learn better from it",
        edges="the heaviest between clusters; drawn where there is a spread",
        key_settings=("spread", "labels", "teacher", "smooth", "space"),
        fast=True,
    ),
    "srgm": MethodEntry(
        "srgm.method:condense",
        "srgm.settings:SRGMSettings",
        "new",
        nodes="clusters, moved by gradient matching",
        edges="synthesised",
        key_settings=("epochs", "space", "teacher", "smooth", "relay", "decouple", "damping"),
    ),
    "random": MethodEntry(
        "random:condense",
        "random:RandomSettings",
        "induced",
        nodes="random training nodes",
        edges="the induced ones",
        fast=True,
    ),
    "herding": MethodEntry(
        "herding:condense",
        "herding:HerdingSettings",
        "induced",
        nodes="training nodes whose mean follows the class mean",
        edges="the induced ones",
        key_settings=("hops", "rank"),
        fast=True,
    ),
    "kcenter": MethodEntry(
        "kcenter:condense",
        "kcenter:KCenterSettings",
        "induced",
        nodes="training nodes far from each other (farthest first)",
        edges="the induced ones",
        key_settings=("hops", "rank"),
        fast=True,
    ),
    "bonsai": MethodEntry(
        "bonsai:condense",
        "bonsai:BonsaiSettings",
        "induced",
        nodes="training nodes whose computation trees represent all",
        edges="the induced ones",
        key_settings=("hops", "neighbours", "columns", "surplus"),
        fast=True,
    ),
    "kmeans": MethodEntry(
        "kmeans:condense",
        "kmeans:KMeansSettings",
        "none",
        nodes="class-wise cluster means",
        edges="none",
        key_settings=("labels", "teacher", "smooth", "space"),
        fast=True,
    ),
    "coarsening": MethodEntry(
        "coarsening:condense",
        "coarsening:CoarseningSettings",
        "new",
        nodes="class-wise cluster means",
        edges="the heaviest between clusters",
        key_settings=("labels", "teacher", "smooth", "space"),
        fast=True,
    ),
    "gcdm": MethodEntry(
        "gcdm.method:condense",
        "gcdm.settings:GCDMSettings",
        "new",
        nodes="synthesised from random training nodes by distribution matching",
        edges="an MLP's, of one relation",
        key_settings=("epochs", "distance", "hops", "inner", "lr_features", "lr_edges"),
    ),
    "gcdmx": MethodEntry(
        "gcdm.method:condense_without_edges",
        "gcdm.settings:GCDMXSettings",
        "none",
        nodes="synthesised from random training nodes by distribution matching",
        edges="none",
        key_settings=("epochs", "distance", "hops", "inner", "lr_features"),
    ),
    "gcsntk": MethodEntry(
        "gcsntk.method:condense",
        "gcsntk.settings:GCSNTKSettings",
        "none",
        nodes="synthesised by kernel ridge regression, with soft labels",
        edges="none",
        key_settings=("epochs", "start", "hops", "aggregations", "layers", "ridge"),
    ),
    "sfgc": MethodEntry(
        "sfgc:condense",
        "sfgc:SFGCSettings",
        "none",
        nodes="training nodes, moved so that networks train as on the whole graph",
        edges="none",
        key_settings=("epochs", "experts", "ahead", "student_steps"),
    ),
    "geom": MethodEntry(
        "geom:condense",
        "geom:GEOMSettings",
        "none",
        nodes="the same, with soft labels and experts that learn easy nodes first",
        edges="none",
        key_settings=("epochs", "experts", "ahead", "student_steps", "soft_labels", "knowledge"),
    ),
    "freehgc": MethodEntry(
        "freehgc:condense",
        "freehgc:FreeHGCSettings",
        "new",
        nodes="training nodes that reach most along meta-paths; means of their neighbours",
        edges="the induced ones, and those to the means",
        key_settings=("hops", "diversity", "restart", "leaves"),
    ),
    "hgcond": MethodEntry(
        "hgcond.method:condense",
        "hgcond.settings:HGCondSettings",
        "new",
        nodes="clusters, moved by gradient matching along orthogonal parameters",
        edges="synthesised, between clusters that edges join",
        key_settings=("epochs", "outer", "sequence", "hidden", "layers"),
    ),
    "gcond": MethodEntry(
        "gcond.method:gcond",
        "gcond.settings:GCondSettings",
        "new",
        nodes="training nodes, moved by gradient matching along the relay's training",
        edges="an MLP of the features",
        key_settings=("epochs", "outer", "inner", "distance", "centred"),
    ),
    "gcondx": MethodEntry(
        "gcond.method:gcondx",
        "gcond.settings:GCondXSettings",
        "none",
        nodes="as in `gcond`",
        edges="none",
        key_settings=("epochs", "outer", "inner", "distance", "centred"),
    ),
    "doscond": MethodEntry(
        "gcond.method:doscond",
        "gcond.settings:DosCondSettings",
        "new",
        nodes="training nodes, moved by matching gradients of untrained relays",
        edges="an MLP of the features",
        key_settings=("epochs", "distance", "centred"),
    ),
    "msgc": MethodEntry(
        "msgc.method:condense",
        "msgc.settings:MSGCSettings",
        "new",
        nodes="class means in several copies, moved by gradient matching",
        edges="an MLP's, in several sparse graphs side by side",
        key_settings=("epochs", "graphs", "start", "outer", "inner"),
    ),
    "sgdd": MethodEntry(
        "sgdd.method:condense",
        "sgdd.settings:SGDDSettings",
        "new",
        nodes="as in `gcond`",
        edges="a graphon's, guided by the features and compared with the whole graph's",
        key_settings=("epochs", "outer", "inner", "structure", "smoothness", "share", "lr_plan"),
    ),
    "simgc": MethodEntry(
        "simgc.method:condense",
        "simgc.settings:SimGCSettings",
        "new",
        nodes="synthesised from noise, their layers aligned with the whole graph's",
        edges="an MLP's, of one relation",
        key_settings=("steps", "alignment", "smoothness", "teacher", "lr_features", "lr_edges"),
    ),
}


def method_table() -> str:
    """The methods as a Markdown table, as docs/methods.md shows it."""
    lines = [
        "| method | what the condensed nodes are | edges | key settings |",
        "|---|---|---|---|",
    ]
    for name, entry in METHODS.items():
        keys = ", ".join(f"`{key}`" for key in entry.key_settings) or "none"
        lines.append(f"| `{name}` | {entry.nodes} | {entry.edges} | {keys} |")
    return "\n".join(lines)
