"""A condensed graph's spread: what surrounds its means, and the graphs that are drawn from both."""

from condense.data.spread.draw import draw
from condense.data.spread.spread import FeatureBasis, Spread

__all__ = ["FeatureBasis", "Spread", "draw"]
