"""What every operator here has: a connection and a region."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import TaskDeferralError, TaskDeferralTimeout
from typing_extensions import override


class AwsOperator(BaseOperator):
    """An operator that calls AWS.

    Args:
        aws_conn_id: Airflow's connection; None leaves credentials to boto3.
        region_name: the region, if not the connection's.
    """

    def __init__(
        self, *, aws_conn_id: str | None = "aws_default", region_name: str | None = None, **kwargs: Any
    ) -> None:
        # So that `task.output["artifact"]` is one part of a result that is a mapping.
        super().__init__(**{"multiple_outputs": True, **kwargs})
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name


class ArgumentsOperator(AwsOperator):
    """An operator with a function of the run.

    Args:
        arguments: what the function takes beside the run; may hold XComArgs and templates.
    """

    template_fields: Sequence[str] = ("arguments",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"arguments": "json"}

    def __init__(self, *, arguments: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.arguments = dict(arguments or {})


class BuildingOperator(ArgumentsOperator):
    """An operator whose subject is made when it runs, since it depends on what came before: docs/adr/0001.

    Args:
        build: makes it from the run and ``arguments``.
    """

    def __init__(self, *, build: Callable[..., Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.build = build


class LaunchingOperator(BuildingOperator):
    """An operator that starts something on AWS and defers until it is over."""

    @abstractmethod
    def stop_last_launch(self, context: Context) -> None:
        """Stops what the task has started last, if it runs."""

    @override
    def resume_execution(
        self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context
    ) -> dict[str, Any]:
        """Stops the launch when nobody will wait for it any more, which Airflow tells nobody else.

        That is so when the wait took too long, and when the trigger broke and no try is left. Otherwise
        the next try adopts it.
        """
        try:
            result: dict[str, Any] = super().resume_execution(next_method, next_kwargs, context)
        except TaskDeferralTimeout:
            self.log.warning("the wait took longer than %s", self.execution_timeout)
            self.stop_last_launch(context)
            raise
        except TaskDeferralError:
            if context["ti"].try_number > context["ti"].max_tries:
                self.stop_last_launch(context)
            raise
        return result
