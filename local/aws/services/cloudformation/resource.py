"""What every resource of a stack has in common: it is made, it changes, it is replaced."""

from typing import Any, ClassVar

from moto.core.common_models import CloudFormationModel
from typing_extensions import override

Properties = dict[str, Any]


class Resource(CloudFormationModel):
    """Brings a resource to the properties of its template, whether it is new or there already.

    Subclasses say what :meth:`configure` does, and are registered in place of moto's class. They name this
    one before moto's, which then makes the resource.
    """

    identity: ClassVar[tuple[str, ...]] = ()
    """Properties that cannot change: with others there is another resource in place of the old one."""

    @classmethod
    def make(cls, name: str, properties: Properties, account: str, region: str) -> Any:
        """A new resource, as moto makes it."""
        return super().create_from_cloudformation_json(name, {"Properties": properties}, account, region)

    @classmethod
    def configure(cls, made: Any, properties: Properties) -> None:
        """Puts the properties in force."""
        raise NotImplementedError

    @classmethod
    def discard(cls, made: Any, account: str, region: str) -> None:
        """Takes away what another one takes the place of."""
        if hasattr(made, "delete"):
            made.delete(account, region)
        else:
            cls.delete_from_cloudformation_json(made.physical_resource_id, {}, account, region)

    @classmethod
    @override
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> Any:
        properties = cloudformation_json["Properties"]
        return cls._configured(cls.make(resource_name, properties, account_id, region_name), properties)

    @classmethod
    @override
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Any:
        properties = cloudformation_json["Properties"]
        wanted = cls._identity_in(properties)
        # State of an older version does not have the attribute.
        if getattr(original_resource, "stack_identity", wanted) == wanted:
            return cls._configured(original_resource, properties)
        if cloudformation_json.get("UpdateReplacePolicy") != "Retain":
            cls.discard(original_resource, account_id, region_name)
        return cls.create_from_cloudformation_json(
            new_resource_name, cloudformation_json, account_id, region_name
        )

    @classmethod
    def _configured(cls, made: Any, properties: Properties) -> Any:
        cls.configure(made, properties)
        made.stack_identity = cls._identity_in(properties)
        return made

    @classmethod
    def _identity_in(cls, properties: Properties) -> list[Any]:
        return [properties.get(name) for name in cls.identity]


def in_lower_case(properties: Any) -> Any:
    """Members as the API spells them: ``EksInfo`` is ``eksInfo``."""
    if not isinstance(properties, dict):
        return properties
    return {name[0].lower() + name[1:]: in_lower_case(value) for name, value in properties.items()}
