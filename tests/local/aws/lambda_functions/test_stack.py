"""Functions as resources of a stack, and their pages."""

import json

import httpx

from tests.local.aws.lambda_functions.account import ROLE, until

CODE = """import os

def handler(event, context):
    print("<b>seen</b>", os.environ["COLOUR"])
    return "COLOUR"
"""


def template(colour, batch, code=CODE):
    function = {
        "FunctionName": "of-a-stack",
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Role": ROLE,
        "Code": {"ZipFile": code},
        "Timeout": 20,
        "Environment": {"Variables": {"COLOUR": colour}},
        "ReservedConcurrentExecutions": 3,
        "DeadLetterConfig": {"TargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}},
    }
    mapping = {
        "FunctionName": {"Ref": "Function"},
        "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]},
        "BatchSize": batch,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    }
    permission = {
        "FunctionName": {"Fn::GetAtt": ["Function", "Arn"]},
        "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com",
    }
    invocation = {"FunctionName": {"Ref": "Function"}, "Qualifier": "$LATEST", "MaximumRetryAttempts": 1}
    resources = {
        "Dead": ("SQS::Queue", {"QueueName": "of-a-stack-dead"}),
        "Queue": ("SQS::Queue", {"QueueName": "of-a-stack"}),
        "Function": ("Lambda::Function", function),
        "Mapping": ("Lambda::EventSourceMapping", mapping),
        "Permission": ("Lambda::Permission", permission),
        "Invocation": ("Lambda::EventInvokeConfig", invocation),
    }
    return json.dumps(
        {
            "Resources": {
                name: {"Type": f"AWS::{kind}", "Properties": p} for name, (kind, p) in resources.items()
            },
            "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Function", "Arn"]}}},
        }
    )


def test_a_stack_makes_changes_and_removes_a_function_whose_page_tells_what_it_did(account, server):
    stacks, functions = account.client("cloudformation"), account.functions
    stacks.create_stack(StackName="functions", TemplateBody=template("red", 5))

    (stack,) = stacks.describe_stacks(StackName="functions")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    arn = "arn:aws:lambda:us-east-1:123456789012:function:of-a-stack"
    assert stack["Outputs"][0]["OutputValue"] == arn
    described = functions.get_function(FunctionName="of-a-stack")
    assert described["Concurrency"]["ReservedConcurrentExecutions"] == 3
    assert described["Configuration"]["DeadLetterConfig"]["TargetArn"].endswith(":of-a-stack-dead")
    (mapping,) = functions.list_event_source_mappings(FunctionName=arn)["EventSourceMappings"]
    assert (mapping["BatchSize"], mapping["FunctionResponseTypes"]) == (5, ["ReportBatchItemFailures"])
    (statement,) = json.loads(functions.get_policy(FunctionName="of-a-stack")["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert functions.get_function_event_invoke_config(FunctionName="of-a-stack")["MaximumRetryAttempts"] == 1
    url = account.sqs.get_queue_url(QueueName="of-a-stack")["QueueUrl"]
    account.send(url, 1)
    assert account.until_logged("of-a-stack", "seen") == "<b>seen</b> red"

    changed = CODE.replace('return "COLOUR"', 'return "changed"')
    stacks.update_stack(StackName="functions", TemplateBody=template("blue", 7, changed))
    assert account.invoke("of-a-stack")["Payload"] == "changed"
    account.until_logged("of-a-stack", "<b>seen</b> blue")
    (after,) = functions.list_event_source_mappings(FunctionName="of-a-stack")["EventSourceMappings"]
    assert (after["UUID"], after["BatchSize"]) == (mapping["UUID"], 7)

    _look_at_the_pages(server.endpoint_url)

    stacks.delete_stack(StackName="functions")
    names = [each["FunctionName"] for each in functions.list_functions()["Functions"]]
    assert "of-a-stack" not in names
    assert (
        functions.list_event_source_mappings(EventSourceArn=mapping["EventSourceArn"])["EventSourceMappings"]
        == []
    )


def _look_at_the_pages(endpoint_url):
    root = f"{endpoint_url}/_millrace/functions/"
    listed = httpx.get(root)
    assert listed.status_code == 200
    assert f'href="{root.removeprefix(endpoint_url)}of-a-stack"' in listed.text
    page = until(lambda: _page_with(f"{root}of-a-stack", "&lt;b&gt;seen"), "the log on the page")
    assert "<b>seen" not in page
    assert '<td class="size">2</td>' in page  # invocations
    assert "<td>of-a-stack</td>" in page  # the queue
    assert "&#34;COLOUR&#34;: &#34;blue&#34;" in page
    assert "<b>seen</b> blue" in httpx.get(f"{root}of-a-stack/log").text
    assert httpx.get(f"{root}nobody").status_code == 404


def _page_with(address, text):
    page = httpx.get(address).text
    return page if text in page else None
