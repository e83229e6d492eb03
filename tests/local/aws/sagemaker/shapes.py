"""Compares an answer with botocore's model of it: required members, types, enumerations."""

import datetime as dt
from functools import cache

from botocore.session import get_session

SCALARS = {
    "string": str,
    "integer": int,
    "long": int,
    "boolean": bool,
    "float": (int, float),
    "double": (int, float),
    "timestamp": dt.datetime,
    "blob": bytes,
}


@cache
def model(service):
    return get_session().get_service_model(service)


def problems(operation, answer, service="sagemaker"):
    shape = model(service).operation_model(operation).output_shape
    body = {k: v for k, v in answer.items() if k != "ResponseMetadata"}
    return list(_compare(shape, body, operation))


def _compare(shape, value, path):
    if shape.type_name == "structure":
        yield from (f"{path}.{n} is missing" for n in shape.required_members if n not in value)
        for name, item in value.items():
            yield from _compare(shape.members[name], item, f"{path}.{name}")
    elif shape.type_name == "list":
        for index, item in enumerate(value):
            yield from _compare(shape.member, item, f"{path}[{index}]")
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from _compare(shape.value, item, f"{path}[{key}]")
    elif not isinstance(value, SCALARS[shape.type_name]):
        yield f"{path} is a {type(value).__name__}, not a {shape.type_name}"
    elif getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{path} is {value!r}, not one of {shape.enum}"
