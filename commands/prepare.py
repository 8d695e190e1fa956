"""`prepare`: make a graph's file of the files that a user has."""

from __future__ import annotations

import dataclasses
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro
from rich.markup import escape

from commands.modalities import sources
from commands.terminal import OK, notes, parse, print_json, silenced

if TYPE_CHECKING:
    from condense.data.graph import MultimodalGraph

EXAMPLES = """
  python cli.py prepare data.pt --out mine.h5
  python cli.py prepare sport_clip.pt --modalities text:512 image:512 --split 20/10/70 --out sport.h5
  python cli.py prepare graph.pt --target paper --split 20/30 --seed 1 --out mine.h5
  python cli.py prepare data.pt --split train.npy val.npy test.npy --out mine.h5
  python cli.py prepare graph.toml --on-unknown drop --out mine.h5
  python cli.py prepare graph.toml --text-encoder models/minilm --image-encoder models/clip --out mine.h5
  python cli.py prepare graph.toml --image-encoder /shared/clip --address auto --out mine.h5
  python cli.py prepare meta_Toys.json.gz --images pictures --least-items 50 --out toys.h5
"""
RATIOS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
REVIEWS = "amazon-reviews"
KEPT = ".encoded"
"""How the folder of finished features ends, which begins like the output."""


@dataclasses.dataclass(frozen=True)
class PrepareArguments:
    """Make a graph's file (.h5), which every other command takes, of files in a usual format.

    Attributes:
        source: file or folder; or amazon-reviews, with --meta.
        out: file to write (.h5).
        format: of the source, see docs/prepare.md; auto recognises it.
        target: node type to classify, where several have labels; of a graph of one type, the name to give it.
        modalities: how the columns of x divide, as text:512 image:512, or which attributes are features, as
            text:x image:img. By default as the files name them.
        split: draws a split: 20/10/70 are per cent of the labelled nodes for training, validation and test;
            20/30 are nodes of each class for training and validation, and the rest for the test. Or three
            files with the nodes of these parts, as train.txt val.txt test.txt. Or the name of one of several
            splits in the source. By default the source's own.
        seed: of a split that is drawn.
        split_index: which column of masks that hold several splits, counted from 0.
        edge_weight: edge attribute that holds weights.
        name: of the data set in tables; by default that of the source.
        on_unknown: edges of tables that name a node which no table has are an error, or left out (drop).
        text_encoder: of tables and amazon-reviews: tf-idf, or a text, CLIP or SigLIP model, by its folder or
            its name on Hugging Face's hub. Models need pip install '.[encode]'.
        image_encoder: of tables and amazon-reviews: histogram, or a CLIP or SigLIP model. What models have
            encoded is kept in the folder OUT.encoded until OUT is written, so that the same command goes on.
        device: of models: auto, cpu, cuda, …
        address: HOST:PORT of a Ray cluster, or auto for one that runs on this machine, on which models and
            histograms encode. All its machines must see the models and images.
        meta: the file of products, if the source is amazon-reviews.
        reviews: of amazon-reviews: file of reviews, whose texts are added to the products'.
        images: of amazon-reviews: folder with ASIN.jpg, ….
        label_level: of amazon-reviews: which level of a product's category is its class; 1 is the most
            general.
        least_items: of amazon-reviews: products that a class needs; those of smaller ones are unlabelled.
        json: print what is in the file as one JSON document on stdout, and everything else on stderr.
    """

    source: Annotated[Path, tyro.conf.Positional]
    out: Path
    format: str = "auto"
    target: str | None = None
    modalities: list[str] | None = None
    split: list[str] | None = None
    seed: int = 0
    split_index: int | None = None
    edge_weight: str | None = None
    name: str | None = None
    on_unknown: Literal["drop", "error"] = "error"
    text_encoder: str = "tf-idf"
    image_encoder: str = "histogram"
    device: str = "auto"
    address: str | None = None
    meta: Path | None = None
    reviews: Path | None = None
    images: Path | None = None
    label_level: int = 2
    least_items: int = 100
    json: bool = False


def run(argv: list[str]) -> int:
    """`prepare`: see `PrepareArguments`."""
    args = _named(parse(PrepareArguments, argv, "prepare", EXAMPLES))
    say = notes(args.json)
    modalities = sources(args.modalities)
    from commands.encoding import clear, encoding_progress, joined, list_unreadable
    from condense.data.advice import advice
    from condense.datasets.registry import FILE_ENDINGS
    from condense.device import find_device
    from condense.errors import UserError
    from condense.inspecting.describe import describe
    from condense.inspecting.facts import facts
    from condense.io import save
    from condense.io.lock import held
    from condense.io.replace import check_target
    from condense.io.scratch import Scratch
    from condense.prepare.options import ReadOptions
    from condense.prepare.prepare import prepare

    if not args.out.name.endswith(FILE_ENDINGS):
        raise UserError(f"out (got {args.out}) must end in {' or '.join(FILE_ENDINGS)}")
    if os.path.realpath(args.source) == os.path.realpath(args.out):
        raise UserError(f"out (got {args.out}) is the file to read; choose another")
    check_target(args.out, KEPT)
    kept = args.out.with_name(args.out.name + KEPT)
    # What was changed is listed below.
    log = logging.getLogger("condense.data.from_pyg")
    title = f"reading {escape(str(args.source))} …"
    encoded: set[str] = set()
    with (
        held(args.out),
        joined(args.address, args.device) as cluster,
        encoding_progress(title) as show,
        silenced(log),
    ):

        def on_encoded(what: str, done: int, total: int) -> None:
            encoded.add(what)
            show(what, done, total)

        options = ReadOptions(
            text_encoder=args.text_encoder,
            image_encoder=args.image_encoder,
            images=args.images,
            reviews=args.reviews,
            label_level=args.label_level,
            least_items=args.least_items,
            device="cpu" if cluster else str(find_device(args.device)),
            keep=kept,
            on_encoded=on_encoded,
            cluster=cluster,
            scratch=Scratch(Path(os.path.realpath(args.out)).parent),
        )
        made = prepare(
            args.source,
            args.format,
            target=args.target,
            modalities=modalities,
            split=args.split,
            split_index=args.split_index,
            edge_weight=args.edge_weight,
            name=args.name,
            seed=args.seed,
            on_unknown=args.on_unknown,
            options=options,
        )
        save(args.out, made.graph)
        clear(kept)
    listed = list_unreadable(args.out, made.unreadable)
    for line in describe(made.graph):
        say.print(line, markup=False)
    for change in made.changes:
        say.print(f"note     {escape(change)}")
    if args.address and not encoded:
        say.print(
            "[yellow]note:[/] --address is not used: there are no images, and no model reads texts"
        )
    if listed is not None:
        say.print(f"All images that are missing or cannot be read: [bold]{escape(str(listed))}[/]")
    warned = advice(made.graph)
    for warning in warned:
        say.print(f"[yellow]warning:[/] {escape(warning)}")
    out = escape(str(args.out))
    following = f"python cli.py condense --dataset {out} --ratio {_ratio(made.graph)}"
    say.print(f"Written to [bold]{out}[/]. Next: {following}")
    if args.json:
        contents = facts(made.graph)
        unread = {"unreadable": {str(path): why for path, why in made.unreadable.items()}}
        said = {"changes": made.changes, "warnings": warned}
        print_json({"file": str(args.out), **contents, **said, **unread})
    return OK


def _named(args: PrepareArguments) -> PrepareArguments:
    """`args` with the file of `amazon-reviews --meta FILE` as the source."""
    from condense.errors import UserError

    if str(args.source) != REVIEWS or args.source.exists():
        if args.meta is not None:
            raise UserError(
                f"meta (got {args.meta}) is an option of the source {REVIEWS} alone; leave it out"
            )
        return args
    if args.meta is None:
        raise UserError(f"source (got {REVIEWS}) needs the file of products: --meta meta_X.json.gz")
    return dataclasses.replace(args, source=args.meta, format=REVIEWS)


def _ratio(graph: MultimodalGraph) -> float:
    """A ratio to begin with: 0.01, or more where that is less than two nodes of each class."""
    least = 2 * graph.num_classes / graph[graph.target].num_nodes
    return next((ratio for ratio in RATIOS if ratio >= least), RATIOS[-1])
