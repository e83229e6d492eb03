"""Which column of the data plays which part."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis_config import AnalysisConfig, column_name
from failure import JobError


@dataclass(frozen=True)
class Selection:
    """The columns by the part they play."""

    header: tuple[str, ...]
    label: str
    facets: tuple[str, ...]
    predicted: str | None
    group: str | None
    features: tuple[str, ...]

    @classmethod
    def of(cls, config: AnalysisConfig, header: Sequence[str]) -> "Selection":
        """The columns that a configuration names, and the features, which are all others.

        Raises:
            JobError: the data has no such column, or one column has two parts.
        """
        label = column_name(config.label, header, "label")
        facets = tuple(column_name(facet.column, header, "facet") for facet in config.facets)
        places = {"predicted_label": config.predicted_label, "group_variable": config.group_variable}
        predicted, group = (
            None if place is None else column_name(place, header, field) for field, place in places.items()
        )
        if label in facets or label == predicted:
            raise JobError(f"The column {label!r} is the label: it cannot be a facet or the prediction too.")
        excluded = {column_name(place, header, "excluded_columns") for place in config.excluded}
        aside = {label, predicted, *facets, *excluded}
        features = tuple(name for name in header if name not in aside) if "FT" in config.posttraining else ()
        return cls(tuple(header), label, facets, predicted, group, features)

    @property
    def wanted(self) -> frozenset[str]:
        """All but the features."""
        named = (self.label, *self.facets, self.predicted, self.group)
        return frozenset(name for name in named if name is not None)
