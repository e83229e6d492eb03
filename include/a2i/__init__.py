"""Amazon Augmented AI: what people are asked, whom, and when their answers are enough."""

from include.a2i.items import Item, parse_items
from include.a2i.review import HumanReview

__all__ = ["HumanReview", "Item", "parse_items"]
