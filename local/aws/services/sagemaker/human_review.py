"""Human review: the operations on teams of workers, worker pages and review workflows, and their state.

moto has none of these. Human loops, which these are for, are a service of their own: `a2i_runtime`.
"""

from local.aws.operations import Operations
from local.aws.services.sagemaker.human_review_flows import FlowDefinitionOperations


class HumanReviewOperations(FlowDefinitionOperations):
    """The part of the backend that asks people."""


OPERATIONS: Operations[HumanReviewOperations] = {
    "create_workforce": lambda b, p: b.new_workforce(p),
    "describe_workforce": lambda b, p: {"Workforce": b.workforce(p["WorkforceName"]).description},
    "list_workforces": lambda b, p: b.list_workforces(p),
    "delete_workforce": lambda b, p: b.remove_workforce(p["WorkforceName"]),
    "create_workteam": lambda b, p: b.new_workteam(p),
    "describe_workteam": lambda b, p: {"Workteam": b.workteam(p["WorkteamName"]).description},
    "list_workteams": lambda b, p: b.list_workteams(p),
    "update_workteam": lambda b, p: b.change_workteam(p),
    "delete_workteam": lambda b, p: b.remove_workteam(p["WorkteamName"]),
    "create_human_task_ui": lambda b, p: b.new_human_task_ui(p),
    "describe_human_task_ui": lambda b, p: b.human_task_ui(p["HumanTaskUiName"]).description,
    "list_human_task_uis": lambda b, p: b.list_human_task_uis(p),
    "delete_human_task_ui": lambda b, p: b.remove_human_task_ui(p["HumanTaskUiName"]),
    "render_ui_template": lambda b, p: b.render_ui_template(p),
    "create_flow_definition": lambda b, p: b.new_flow_definition(p),
    "describe_flow_definition": lambda b, p: b.flow_definition(p["FlowDefinitionName"]).description,
    "list_flow_definitions": lambda b, p: b.list_flow_definitions(p),
    "delete_flow_definition": lambda b, p: b.remove_flow_definition(p["FlowDefinitionName"]),
}
