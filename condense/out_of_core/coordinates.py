"""Coordinates in which nodes are clustered, see `condense.clustering.coordinates`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.clustering.coordinates import NARROW, SAMPLE, WIDTH, codes_of
from condense.clustering.reduction import leading_directions
from condense.clustering.settings import Space
from condense.out_of_core.columns import Columns, RowMatrix, Scaled, Stacked, cut
from condense.out_of_core.propagation import ViewOnDisk, rowwise
from condense.out_of_core.workspace import Workspace


class Directed(RowMatrix):
    """Directions (x − x̄) ÷ ‖x − x̄‖ of the rows; a row at the mean, up to rounding, becomes zero.

    Args:
        matrix: x.
        mean: x̄.
        longest: a bound on the length of a row.
    """

    def __init__(self, matrix: RowMatrix, mean: Float[Tensor, " width"], longest: float) -> None:
        self.matrix, self.mean, self.height = matrix, mean, matrix.height
        self.rounding = max(100 * torch.finfo(torch.float32).eps * longest, 1e-30)

    @property
    def width(self) -> int:
        """Its number of columns."""
        return self.matrix.width

    def rows(self, first: int, last: int) -> Float[Tensor, "k width"]:
        """The rows from `first` until before `last`."""
        x = self.matrix.rows(first, last).sub_(self.mean)
        length = torch.linalg.vector_norm(x, dim=1)
        x.div_(length.clamp_min(self.rounding).unsqueeze(1))
        x[length <= self.rounding] = 0
        return x


def target_coordinates(view: ViewOnDisk, space: Space, workspace: Workspace) -> RowMatrix:
    """Coordinates of the target nodes: directions of "own" features, of "propagated" ones, or of "both"."""
    parts = []
    if space != "propagated":
        parts.append(own_directions(view, view.schema.target, workspace))
    if space != "own":
        parts.append(_propagated(view, workspace))
    return beside(parts)


def beside(parts: list[RowMatrix]) -> RowMatrix:
    """Matrices of the same rows side by side."""
    if len(parts) == 1:
        return parts[0]
    ends = torch.tensor([part.width for part in parts]).cumsum(0).tolist()
    places = [torch.arange(e - p.width, e) for p, e in zip(parts, ends, strict=True)]
    return Stacked(parts, places)


def own_directions(view: ViewOnDisk, node_type: str, workspace: Workspace) -> RowMatrix:
    """Directions of all modalities side by side, each scaled to a mean squared row norm of one."""
    h, widths = view.reduced[node_type], list(view.schema.modalities[node_type].values())

    def make(folder: Path) -> None:
        squares = torch.zeros(len(widths), dtype=torch.float64)
        total, most = torch.zeros(h.width, dtype=torch.float64), torch.zeros(len(widths))
        for _, x in h.blocks(view.graph.room.rows(h.width)):
            norms = torch.stack([part.square().sum(dim=1) for part in x.split(widths, dim=1)])
            squares += norms.double().sum(dim=1)
            most = torch.maximum(most, norms.amax(dim=1))
            total += x.double().sum(dim=0)
        size = (squares / max(h.height, 1)).sqrt().float().clamp_min(1e-12)
        scale = torch.cat([s.expand(w) for s, w in zip(size, widths, strict=True)])
        longest = float((most / size.square()).sum().sqrt())
        facts = {
            "scale": scale,
            "mean": (total / max(h.height, 1)).float() / scale,
            "longest": longest,
        }
        torch.save(facts, folder / "measured.pt")

    def read(folder: Path) -> RowMatrix:
        facts = torch.load(folder / "measured.pt", weights_only=True)
        scaled = Scaled(h, torch.zeros(h.width), facts["scale"], [None] * len(h.slabs))
        return Directed(scaled, facts["mean"], facts["longest"]) if h.width >= NARROW else scaled

    return workspace.stage(f"own-{view.schema.node_types.index(node_type)}", make, read)


def _propagated(view: ViewOnDisk, workspace: Workspace) -> RowMatrix:
    """Directions of Z B; B [D, d] are the leading directions of the centred Z of a sample."""
    room = view.graph.room

    def make(folder: Path) -> None:
        order = torch.randperm(view.z.height, generator=workspace.generator)
        z = view.features(order[:SAMPLE])
        basis = leading_directions(z - z.mean(dim=0), WIDTH, workspace.generator)
        torch.save(basis, folder / "basis.pt")

    basis = workspace.stage(
        "basis", make, lambda folder: torch.load(folder / "basis.pt", weights_only=True)
    )
    turned = view.scale.unsqueeze(1) * basis
    turn = partial(torch.matmul, other=turned)
    x = rowwise(view.z, turn, basis.size(1), workspace, "coordinates", room)
    if x.width < NARROW:
        return x

    def measure(folder: Path) -> None:
        longest = max(float(rows.norm(dim=1).max()) for _, rows in x.blocks(room.rows(x.width)))
        torch.save(torch.tensor(longest), folder / "longest.pt")

    longest = workspace.stage(
        "longest",
        measure,
        lambda folder: float(torch.load(folder / "longest.pt", weights_only=True)),
    )
    return Directed(x, view.mean @ basis, longest)


def neighbour_clusters(
    view: ViewOnDisk,
    node_type: str,
    cluster: Mapping[str, Int[Tensor, " n_t"]],
    workspace: Workspace,
) -> list[RowMatrix]:
    """How a node's neighbours are distributed over clusters, see `condense.clustering.coordinates`."""
    parts: list[RowMatrix] = []
    of_type = view.schema.node_types.index(node_type)
    for number, relation in enumerate(view.schema.relations):
        met = cluster.get(relation[0])
        if relation[2] != node_type or met is None or not bool((met >= 0).any()):
            continue
        edges, count = view.graph.relations[relation], int(met.max()) + 1
        slabs = cut([min(count, WIDTH)], view.graph.step)

        def make(
            folder: Path, met: Tensor = met, edges=edges, slabs=slabs, count: int = count
        ) -> None:
            code, written = (
                codes_of(count, workspace.generator),
                Columns(folder, edges.height, slabs),
            )
            inside = (met >= 0).unsqueeze(1)
            for at, slab in enumerate(slabs):
                codes = torch.where(inside, code[:, slab][met], 0.0)
                written.write_slab(at, edges.means(codes))

        height = edges.height
        parts.append(
            workspace.stage(
                f"neighbours-{of_type}-{number}",
                make,
                lambda folder, h=height, s=slabs: Columns(folder, h, s),
            )
        )
    return parts
