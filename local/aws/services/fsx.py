"""FSx: file systems of Lustre with what DescribeFileSystems tells of them.

A file system is a record of one. What pods write to a volume is in the cluster's folder, see ``eks``.
"""

import time
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import JsonRESTError
from moto.fsx import urls
from moto.fsx.exceptions import FileSystemNotFound
from moto.fsx.models import FileSystem, FSxBackend, fsx_backends
from typing_extensions import override

if TYPE_CHECKING:
    from local.aws.server import LocalAws

LUSTRE = "LUSTRE"
SMALLEST_GIB, STEP_GIB = 1200, 2400


class BadRequestError(JsonRESTError):
    """A file system that FSx does not make."""

    def __init__(self, message: str) -> None:
        super().__init__("BadRequest", message)


class SubnetError(JsonRESTError):
    """A file system in a subnet that is not there."""

    def __init__(self, subnet: str) -> None:
        super().__init__("InvalidNetworkSettings", f"The subnet ID '{subnet}' does not exist")


class LustreFileSystem(FileSystem):
    """Available at once. moto knows nothing of its state, network and mount name."""

    def __init__(self, vpc: str, version: str | None, **options: Any) -> None:
        super().__init__(**options)
        self.vpc = vpc
        self.version = version or "2.10"
        self.mount_name = self.file_system_id.removeprefix("fs-")
        self.created_at = time.time()

    @override
    def to_dict(self) -> dict[str, Any]:
        return super().to_dict() | {
            "CreationTime": self.created_at,
            "FileSystemTypeVersion": self.version,
            "Lifecycle": "AVAILABLE",
            "LustreConfiguration": {**(self.lustre_configuration or {}), "MountName": self.mount_name},
            "OwnerId": self.backend.account_id,
            "VpcId": self.vpc,
        }


class LocalFsx(FSxBackend):
    """Refuses what FSx refuses; other file systems than those of Lustre are moto's."""

    @property
    def _url_module(self) -> Any:
        # moto derives the module from the class's own module, which is not where the URLs are.
        return urls

    @override
    def create_file_system(
        self, client_request_token: str, file_system_type: str, *arguments: Any, **options: Any
    ) -> FileSystem:
        if file_system_type != LUSTRE:
            return super().create_file_system(client_request_token, file_system_type, *arguments, **options)
        version = options.pop("file_system_type_version", None)
        _check(options["storage_capacity"], options["lustre_configuration"] or {})
        made = LustreFileSystem(
            self._vpc_of(options["subnet_ids"]),
            version,
            account_id=self.account_id,
            region_name=self.region_name,
            file_system_type=file_system_type,
            backend=self,
            **options,
        )
        self.file_systems[made.file_system_id] = made
        return made

    @override
    def describe_file_systems(self, *arguments: Any, **options: Any) -> Any:
        """Of those that are asked for none may be missing."""
        for id_ in options.get("file_system_ids") or []:
            if id_ not in self.file_systems:
                raise FileSystemNotFound(id_)
        return super().describe_file_systems(*arguments, **options)

    def _vpc_of(self, subnets: list[str]) -> str:
        from moto.ec2.models import ec2_backends  # noqa: PLC0415  # see `eks.machines`

        found = {each.id: each for each in ec2_backends[self.account_id][self.region_name].describe_subnets()}
        for subnet in subnets:
            if subnet not in found:
                raise SubnetError(subnet)
        return str(found[subnets[0]].vpc_id)


def _check(gib: int, configuration: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/fsx/latest/APIReference/API_CreateFileSystem.html."""
    if gib != SMALLEST_GIB and (gib <= 0 or gib % STEP_GIB):
        raise BadRequestError(
            f"Invalid storage capacity {gib}: {SMALLEST_GIB} GiB or a multiple of {STEP_GIB} GiB"
        )
    persistent = configuration.get("DeploymentType") == "PERSISTENT_2"
    if persistent and "PerUnitStorageThroughput" not in configuration:
        raise BadRequestError("PerUnitStorageThroughput is required for the PERSISTENT_2 deployment type")


def install(_aws: "LocalAws") -> None:
    """Puts the backend in place."""
    fsx_backends.backend = LocalFsx
