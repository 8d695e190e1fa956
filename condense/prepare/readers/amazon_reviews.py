"""Amazon's public review files, as AMAZON-1 and AMAZON-2 of HGNN-IMA are made of them.

    meta_X.json.gz   products, one a line: asin, title, description, price, category, also_buy, …
    X.json.gz        reviews, one a line: asin, summary, reviewText; optional
    DIR/ASIN.jpg     images; optional

The layouts are those of 2014 (`categories`, `related`; Python's literals) and 2018 (`category`, `also_buy`).
The paper names the relations, CLIP, the price and the split 20/10/70; which products it keeps, and at which
level their category is the class, it does not say.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from condense.errors import FileError, UserError
from condense.prepare.options import DEFAULTS, ReadOptions
from condense.prepare.raw import RawGraph

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from condense.prepare.reviews.products import Product

NAME = re.compile(r"meta_.+\.json(l?)(\.gz)?", re.IGNORECASE)
REVIEWS = 10
"""Of a product, the first in the file, become text; more would drown title and description."""
SPLIT = "20/10/70"
"""The paper's: per cent for training, validation and test."""
ITEM = "item"


def recognises(source: Path) -> bool:
    """A file called meta_X.json.gz, compressed or not."""
    return source.is_file() and NAME.fullmatch(source.name) is not None


def read(source: Path, options: ReadOptions = DEFAULTS) -> RawGraph:
    """The graph of a file of products.

    Raises:
        UserError: an option is out of range, or an encoder cannot be loaded.
        FileError: a file is missing or damaged, or its products have no two classes.
    """
    # Here, because formats are told apart without pyarrow and Pillow.
    import numpy as np
    import torch
    from torch_geometric.data import HeteroData

    from condense.datasets.amazon_files import price_feature
    from condense.encode.features import encode_images
    from condense.prepare.reviews.pictures import pictures
    from condense.prepare.reviews.products import read_catalogue

    for name in ("label_level", "least_items"):
        if getattr(options, name) < 1:
            raise UserError(f"{name} (got {getattr(options, name)}) must be at least 1")
    catalogue = read_catalogue(source)
    products = catalogue.products
    number = {product.asin: i for i, product in enumerate(products)}
    notes = []
    if catalogue.repeated:
        notes.append(f"{source}: {catalogue.repeated:,} lines left out, which repeat a product")
    data = HeteroData()
    item = data[ITEM]
    item.num_nodes = len(products)
    item.y = _labels(source, products, options, notes)
    item.x_text, item.has_text = _text(source, products, number, options)
    unreadable = {}
    if options.images is not None:
        files = pictures(options.images, list(number))
        remedy = f"name them {options.images}/ASIN.jpg"
        images = encode_images(files, options.encoding, remedy)
        item.x_image, item.has_image = images.x, images.has
        notes.extend(images.note(ITEM))
        unreadable = dict(images.unreadable)
    price = np.array([product.price for product in products])
    known = np.isfinite(price)
    if known.any():
        item.x_price, item.has_price = price_feature(price, known), torch.from_numpy(known)
        notes.append(f"price: log(1 + dollars); {int((~known).sum()):,} products have none")
    else:
        notes.append("price: left out, since no product has one")
    for relation, edges in _relations(catalogue.links, notes).items():
        data[ITEM, relation, ITEM].edge_index = edges
    return RawGraph(
        data,
        target=ITEM,
        notes=tuple(notes),
        unreadable=unreadable,
        usual_split=SPLIT,
        name=source.name.partition(".")[0].removeprefix("meta_"),
    )


def _labels(
    source: Path, products: Sequence[Product], options: ReadOptions, notes: list[str]
) -> Tensor:
    """The classes [n], in the order of their names; −1 for products of small classes, or without one.

    Raises:
        FileError: there are no two classes.
    """
    import torch

    from condense.data.graph import UNLABELLED

    level, least = options.label_level, options.least_items
    names = [p.category[level - 1] if len(p.category) >= level else "" for p in products]
    counts = Counter(name for name in names if name)
    classes = sorted(name for name, count in counts.items() if count >= least)
    if len(classes) < 2:
        largest = ", ".join(f"{name} ({count:,})" for name, count in counts.most_common(3))
        raise FileError(
            f"{source} has {len(classes)} categories of {least:,} products at level {level}, where two or "
            f"more are expected (the largest are: {largest or 'none'}); try another --label-level, or a "
            "smaller --least-items"
        )
    place = {name: i for i, name in enumerate(classes)}
    y = torch.tensor([place.get(name, UNLABELLED) for name in names])
    listed = ", ".join(f"{i} {name} ({counts[name]:,})" for name, i in place.items())
    notes.append(f"the classes are the categories of level {level}: {listed}")
    if bool((y == UNLABELLED).any()):
        notes.append(
            f"{int((y == UNLABELLED).sum()):,} of {len(products):,} products are unlabelled: they have no "
            f"category of level {level}, or it has fewer than {least:,} products"
        )
    return y


def _text(
    source: Path, products: Sequence[Product], number: dict[str, int], options: ReadOptions
) -> tuple[Tensor, Tensor]:
    """The features of titles, descriptions and the first REVIEWS reviews [n, width], and who has any [n]."""
    from condense.encode.features import FewWordsError, encode_texts
    from condense.prepare.reviews.products import review_texts

    more: dict[str, list[str]] = {}
    if options.reviews is not None:
        more = review_texts(options.reviews, number, REVIEWS)
        if not more:
            raise FileError(
                f"{options.reviews} has no review of a product in {source}; give the reviews of its category"
            )
    texts = [" ".join([product.text, *more.get(product.asin, ())]).strip() for product in products]
    try:
        return encode_texts(texts, options.encoding)
    except FewWordsError:
        raise FileError(
            f"{source}: title and description must have words that several products share"
        ) from None


def _relations(links: Mapping[str, NDArray[np.int64]], notes: list[str]) -> dict[str, Tensor]:
    """Relation -> edges [2, e] from each product to those that it names; unknown ones are left out."""
    import torch

    found: dict[str, Tensor] = {}
    for relation, pairs in links.items():
        known = pairs[1] >= 0
        if known.any():
            found[relation] = torch.from_numpy(pairs[:, known])
        if not known.all():
            notes.append(
                f"{relation}: {int((~known).sum()):,} of {len(known):,} edges left out, since they lead to "
                "products that are not in the file"
            )
    if not found:
        notes.append("no product names another in the file, so that there are no edges")
    return found
