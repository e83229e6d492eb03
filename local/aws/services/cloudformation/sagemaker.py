"""Groups of the model registry."""

from typing import Any

from moto.sagemaker.models import sagemaker_backends
from typing_extensions import override

from local.aws.services.cloudformation.attachment import Attachment


class ModelPackageGroup(Attachment):
    """``AWS::SageMaker::ModelPackageGroup``; a group that exists already is taken over."""

    resource_type = "AWS::SageMaker::ModelPackageGroup"
    identity = ("ModelPackageGroupName",)

    @property
    @override
    def physical_resource_id(self) -> str:
        return f"arn:aws:sagemaker:{self.region}:{self.account}:model-package-group/{self._group()}"

    def _group(self) -> str:
        return str(self.properties["ModelPackageGroupName"])

    @override
    def apply(self) -> None:
        backend: Any = sagemaker_backends[self.account][self.region]
        if self._group() not in backend.model_package_groups:
            backend.create_model_package_group(
                self._group(),
                self.properties.get("ModelPackageGroupDescription", ""),
                self.properties.get("Tags", []),
            )

    @override
    def remove(self) -> None:
        backend: Any = sagemaker_backends[self.account][self.region]
        backend.model_package_groups.pop(self._group(), None)

    @classmethod
    @override
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr == "ModelPackageGroupArn"

    def get_cfn_attribute(self, _attribute_name: str) -> str:
        """The value of ``Fn::GetAtt``."""
        return self.physical_resource_id
