"""Alarms and dashboards of CloudWatch, groups and streams of its logs."""

import json
from typing import Any

from moto.cloudwatch.exceptions import DashboardInvalidInputError
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.utils import tags_from_cloudformation_tags_list
from moto.logs import models as logs
from moto.logs.models import logs_backends
from typing_extensions import override

from local.aws.services.cloudformation.attachment import Attachment
from local.aws.services.cloudformation.resource import Properties, Resource
from local.aws.services.cloudwatch.alarms import adopt


class Alarm(Attachment):
    """An alarm on one metric, with a statistic or a percentile."""

    resource_type = "AWS::CloudWatch::Alarm"
    identity = ("AlarmName",)

    @property
    @override
    def physical_resource_id(self) -> str:
        return str(self.properties["AlarmName"])

    @override
    def apply(self) -> None:
        wanted, name = self.properties, self.physical_resource_id
        before = self._backend().alarms.get(name)
        alarm = self._backend().put_metric_alarm(
            name=name,
            namespace=wanted["Namespace"],
            metric_name=wanted["MetricName"],
            comparison_operator=wanted["ComparisonOperator"],
            evaluation_periods=int(wanted["EvaluationPeriods"]),
            datapoints_to_alarm=int(wanted.get("DatapointsToAlarm") or wanted["EvaluationPeriods"]),
            period=int(wanted["Period"]),
            threshold=float(wanted["Threshold"]),
            statistic=wanted.get("Statistic"),
            extended_statistic=wanted.get("ExtendedStatistic"),
            description=wanted.get("AlarmDescription", ""),
            dimensions=wanted.get("Dimensions", []),
            alarm_actions=wanted.get("AlarmActions", []),
            ok_actions=wanted.get("OKActions", []),
            insufficient_data_actions=wanted.get("InsufficientDataActions", []),
            actions_enabled=str(wanted.get("ActionsEnabled", True)).lower() == "true",
            treat_missing_data=wanted.get("TreatMissingData", "missing"),
        )
        adopt(alarm, before)

    @override
    def remove(self) -> None:
        self._backend().delete_alarms([self.physical_resource_id])

    @classmethod
    @override
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr == "Arn"

    def get_cfn_attribute(self, _attribute_name: str) -> str:
        """The value of ``Fn::GetAtt``."""
        return str(self._backend().alarms[self.physical_resource_id].alarm_arn)

    def _backend(self) -> Any:
        return cloudwatch_backends[self.account][self.region]


class Dashboard(Attachment):
    """Moto makes a dashboard anew to change it, and takes any text for its body."""

    resource_type = "AWS::CloudWatch::Dashboard"
    identity = ("DashboardName",)

    @property
    @override
    def physical_resource_id(self) -> str:
        return str(self.properties.get("DashboardName") or self.name)

    @override
    def apply(self) -> None:
        body = self.properties["DashboardBody"]
        try:
            json.loads(body)
        except ValueError as error:
            raise DashboardInvalidInputError(
                f"The dashboard {self.physical_resource_id} is no JSON: {error}"
            ) from error
        self._backend().put_dashboard(self.physical_resource_id, body)

    @override
    def remove(self) -> None:
        self._backend().delete_dashboards([self.physical_resource_id])

    def _backend(self) -> Any:
        return cloudwatch_backends[self.account][self.region]


class LogGroup(Resource, logs.LogGroup):
    """Moto drops the key, and a group that is updated. One that SageMaker has made already is taken over."""

    identity = ("LogGroupName",)

    @classmethod
    @override
    def make(cls, name: str, properties: Properties, account: str, region: str) -> logs.LogGroup:
        backend = logs_backends[account][region]
        backend.ensure_log_group(name)
        return backend.groups[name]

    @classmethod
    @override
    def configure(cls, made: logs.LogGroup, properties: Properties) -> None:
        made.kms_key_id = properties.get("KmsKeyId")
        made.retention_in_days = properties.get("RetentionInDays")
        backend = logs_backends[made.account_id][made.region]
        backend.tagger.delete_all_tags_for_resource(made.arn)
        backend.tag_resource(made.arn, tags_from_cloudformation_tags_list(properties.get("Tags", [])))


class LogStream(Attachment):
    """``AWS::Logs::LogStream``; one that is there already is taken over. Its group may go first."""

    resource_type = "AWS::Logs::LogStream"
    identity = ("LogGroupName", "LogStreamName")

    @property
    @override
    def physical_resource_id(self) -> str:
        return str(self.properties.get("LogStreamName") or self.name)

    @override
    def apply(self) -> None:
        group = self._backend().groups[self.properties["LogGroupName"]]
        if self.physical_resource_id not in group.streams:
            group.create_log_stream(self.physical_resource_id)

    @override
    def remove(self) -> None:
        if group := self._backend().groups.get(self.properties["LogGroupName"]):
            group.streams.pop(self.physical_resource_id, None)

    def _backend(self) -> Any:
        return logs_backends[self.account][self.region]
