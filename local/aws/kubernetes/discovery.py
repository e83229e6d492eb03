"""What a client asks first: the version, the groups, and the kinds of a group.

https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
"""

from local.aws.kubernetes.resources import RESOURCES, Resource
from local.aws.kubernetes.statuses import Json

VERSION = {
    "major": "1",
    "minor": "33",
    "gitVersion": "v1.33.0-millrace",
    "gitCommit": "",
    "gitTreeState": "",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "linux/amd64",
}
"""The resources are those of this version; what the rest says of a build is of none."""
VERBS = ("create", "delete", "get", "list", "patch", "update", "watch")


def discovered(path: str) -> Json | None:
    """The document at a path; None where it is none of these."""
    if path == "/version":
        return dict(VERSION)
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        groups = sorted({(each.group, each.version) for each in RESOURCES if each.group})
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(*each) for each in groups]}
    kinds = [each for each in RESOURCES if path == f"/{'apis' if each.group else 'api'}/{each.api_version}"]
    if not kinds:
        return None
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": kinds[0].api_version,
        "resources": [_kind(each) for each in kinds],
    }


def _group(name: str, version: str) -> Json:
    one = {"groupVersion": f"{name}/{version}", "version": version}
    return {"name": name, "versions": [one], "preferredVersion": one}


def _kind(resource: Resource) -> Json:
    return {
        "name": resource.plural,
        "singularName": resource.kind.lower(),
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(VERBS),
    }
