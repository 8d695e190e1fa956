"""What a product's record says, in the layouts of 2014 and 2018."""

from __future__ import annotations

import html
import math
import re
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from condense.errors import FileError
from condense.prepare.reviews.lines import records

RELATIONS = {
    "also_bought": "also_buy",
    "also_buy": "also_buy",
    "also_viewed": "also_viewed",
    "also_view": "also_viewed",
    "buy_after_viewing": "buy_after_viewing",
    "bought_together": "bought_together",
}
"""Key, of 2014 or 2018 -> the relation's name in AMAZON-1 and AMAZON-2."""
AMOUNT = r"\$?\s*(\d[\d,]*(?:\.\d+)?)"
PRICE = re.compile(rf"{AMOUNT}(?:\s*-\s*{AMOUNT})?")
TAG = re.compile(r"<[^<>]*>")


@dataclass(frozen=True)
class Product:
    """A product.

    Attributes:
        asin: its id.
        text: title and description.
        price: in dollars; NaN if it is unknown.
        category: names of its categories, the most general first.
    """

    asin: str
    text: str
    price: float
    category: Sequence[str]


@dataclass(frozen=True)
class Catalogue:
    """The products of a file, in its order.

    Attributes:
        products: each once.
        links: relation -> numbers of products [2, e], from each to those that it names; −1 for those that
            are not in the file.
        repeated: lines that repeat a product.
    """

    products: Sequence[Product]
    links: Mapping[str, NDArray[np.int64]]
    repeated: int


def read_catalogue(path: Path) -> Catalogue:
    """The products of a file.

    Raises:
        FileError: the file is missing or damaged, or a line has no asin.
    """
    products: dict[str, Product] = {}
    # Numbers rather than ids, of which there may be millions.
    codes: dict[str, int] = {}
    ends = {relation: (array("q"), array("q")) for relation in RELATIONS.values()}
    repeated = 0
    for number, record in records(path):
        product = _product(path, number, record)
        if product.asin in products:
            repeated += 1
            continue
        products[product.asin] = product
        code = codes.setdefault(product.asin, len(codes))
        for relation, ids in _related(record).items():
            named = [codes.setdefault(each, len(codes)) for each in ids if each != product.asin]
            ends[relation][0].extend([code] * len(named))
            ends[relation][1].extend(named)
    if not products:
        raise FileError(f"{path} has no product; give a file with one a line")
    place = np.full(len(codes), -1)
    place[[codes[asin] for asin in products]] = np.arange(len(products))
    links = {relation: place[np.array(pair, dtype=np.int64)] for relation, pair in ends.items()}
    return Catalogue(list(products.values()), links, repeated)


def _product(path: Path, number: int, record: Mapping[str, Any]) -> Product:
    asin = record.get("asin")
    if not isinstance(asin, str) or not asin.strip():
        raise FileError(
            f"{path}, line {number} has no asin (its keys are {', '.join(map(str, record))[:200]}); give a "
            "file of products, meta_X.json.gz"
        )
    text = f"{plain_text(record.get('title'))} {plain_text(record.get('description'))}".strip()
    return Product(asin, text, _price(record.get("price")), _category(record))


def _related(record: Mapping[str, Any]) -> dict[str, list[str]]:
    """Relation -> the ids that a record names, each once."""
    links, found = {**record, **_mapping(record.get("related"))}, {}
    for key, relation in RELATIONS.items():
        ids = links.get(key)
        if isinstance(ids, list):
            named = [*found.get(relation, ()), *(each for each in ids if isinstance(each, str))]
            found[relation] = list(dict.fromkeys(named))
    return found


def plain_text(value: object) -> str:
    """A string, or a list of them, without HTML and repeated spaces; nothing of anything else."""
    if isinstance(value, list):
        return " ".join(part for part in map(plain_text, value) if part)
    if not isinstance(value, str):
        return ""
    return " ".join(html.unescape(TAG.sub(" ", value)).split())


def _price(value: object) -> float:
    """Dollars, of a range the middle; NaN unless it is a positive number."""
    amounts = [value] if isinstance(value, int | float) and not isinstance(value, bool) else []
    if isinstance(value, str) and (found := PRICE.fullmatch(value.strip())):
        amounts = [float(each.replace(",", "")) for each in found.groups() if each]
    price = float(sum(amounts) / len(amounts)) if amounts else math.nan
    return price if math.isfinite(price) and price > 0 else math.nan


def _category(record: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of `category`, or of the first list in `categories`."""
    given = record.get("category") or record.get("categories") or []
    path = given[0] if isinstance(given, list) and given and isinstance(given[0], list) else given
    return tuple(plain_text(name) for name in path) if isinstance(path, list) else ()


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def review_texts(path: Path, known: Mapping[str, int], most: int) -> dict[str, list[str]]:
    """Product's id -> the texts of its first reviews in the file: summary and text of each.

    Args:
        path: the file of reviews.
        known: ids of products; other products' reviews are passed over.
        most: reviews of a product.

    Raises:
        FileError: the file is missing or damaged, or a line has no asin.
    """
    found: dict[str, list[str]] = {}
    for number, record in records(path):
        asin = record.get("asin")
        if not isinstance(asin, str):
            raise FileError(
                f"{path}, line {number} has no asin; give a file of reviews, such as X.json.gz"
            )
        own = found.setdefault(asin, []) if asin in known else None
        if own is not None and len(own) < most:
            text = f"{plain_text(record.get('summary'))} {plain_text(record.get('reviewText'))}"
            own.append(text.strip())
    return found
