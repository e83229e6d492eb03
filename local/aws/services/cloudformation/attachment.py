"""Resources that are a document or a setting on another resource."""

from typing import Any, ClassVar, Self

from moto.core.common_models import CloudFormationModel
from typing_extensions import override

Properties = dict[str, Any]


class Attachment(CloudFormationModel):
    """A resource without a life of its own: creating and updating it means to apply its properties.

    Subclasses say their type and what :meth:`apply` and :meth:`remove` do.
    """

    resource_type: ClassVar[str]

    def __init__(self, name: str, properties: Properties, account: str, region: str) -> None:
        self.name = name
        self.properties = properties
        self.account = account
        self.region = region

    def apply(self) -> None:
        """Puts the properties in force."""
        raise NotImplementedError

    def remove(self) -> None:
        """Takes them away again."""
        raise NotImplementedError

    @property
    def physical_resource_id(self) -> str:
        """What ``Ref`` gives."""
        return self.name

    @classmethod
    @override
    def cloudformation_name_type(cls) -> str:
        return ""

    @classmethod
    @override
    def cloudformation_type(cls) -> str:
        return getattr(cls, "resource_type", "")

    @classmethod
    @override
    def has_cfn_attr(cls, attr: str) -> bool:
        return False

    @classmethod
    @override
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> Self:
        resource = cls(resource_name, cloudformation_json["Properties"], account_id, region_name)
        resource.apply()
        return resource

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
        original_resource.properties = cloudformation_json["Properties"]
        original_resource.apply()
        return original_resource

    def delete(self, _account_id: str, _region_name: str) -> None:
        """Called by moto when the stack or the resource goes."""
        self.remove()
