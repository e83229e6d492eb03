"""Resources that are a document or a setting on another resource."""

from typing import Any, ClassVar, Self

from typing_extensions import override

from local.aws.services.cloudformation.resource import Properties, Resource


class Attachment(Resource):
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
    def make(cls, name: str, properties: Properties, account: str, region: str) -> Self:
        return cls(name, properties, account, region)

    @classmethod
    @override
    def configure(cls, made: Any, properties: Properties) -> None:
        made.properties = properties
        made.apply()

    def delete(self, _account_id: str, _region_name: str) -> None:
        """Called when the stack or the resource goes."""
        self.remove()
