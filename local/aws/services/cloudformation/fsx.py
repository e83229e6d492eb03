"""File systems of FSx."""

from contextlib import suppress
from typing import Any

from moto.fsx.exceptions import FileSystemNotFound
from moto.fsx.models import fsx_backends
from typing_extensions import override

from local.aws.services.cloudformation.attachment import Attachment

NUMBERS = ("PerUnitStorageThroughput", "AutomaticBackupRetentionDays")


class FileSystem(Attachment):
    """``AWS::FSx::FileSystem`` of Lustre; one that is gone already may be deleted."""

    resource_type = "AWS::FSx::FileSystem"
    identity = ("FileSystemType", "StorageCapacity", "SubnetIds", "KmsKeyId", "LustreConfiguration")
    id: str | None = None

    @property
    @override
    def physical_resource_id(self) -> str:
        return self.id or self.name

    @override
    def apply(self) -> None:
        if self.id:
            return
        wanted = self.properties
        lustre = wanted.get("LustreConfiguration", {})
        self.id = self._backend.create_file_system(
            client_request_token=self.name,
            file_system_type=wanted["FileSystemType"],
            storage_capacity=int(wanted["StorageCapacity"]),
            storage_type=wanted.get("StorageType", "SSD"),
            subnet_ids=wanted["SubnetIds"],
            security_group_ids=wanted.get("SecurityGroupIds", []),
            tags=wanted.get("Tags"),
            kms_key_id=wanted.get("KmsKeyId"),
            windows_configuration=None,
            lustre_configuration={
                name: int(value) if name in NUMBERS else value for name, value in lustre.items()
            },
            ontap_configuration=None,
            file_system_type_version=wanted.get("FileSystemTypeVersion"),
            open_zfs_configuration=None,
        ).file_system_id

    @override
    def remove(self) -> None:
        with suppress(FileSystemNotFound):
            self._backend.delete_file_system(self.id, "", None, None, None)

    @classmethod
    @override
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr in ("DNSName", "LustreMountName", "ResourceARN")

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """The value of ``Fn::GetAtt``."""
        made = self._backend.file_systems[self.id]
        attributes = {"DNSName": "dns_name", "LustreMountName": "mount_name", "ResourceARN": "resource_arn"}
        return str(getattr(made, attributes[attribute_name]))

    @property
    def _backend(self) -> Any:
        return fsx_backends[self.account][self.region]
