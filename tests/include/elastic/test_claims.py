"""Volume and claim are for each other, for the zone and for the file system of the run."""

from include.elastic.claims import claim, claim_name, volume

OUTPUTS = {
    "ClusterName": "research",
    "NodegroupName": "millrace-local-elastic-training-0123456789",
    "Zone": "us-east-1b",
    "FileSystemId": "fs-0123456789abcdef0",
    "DnsName": "fs-0123456789abcdef0.fsx.us-east-1.amazonaws.com",
    "MountName": "fsxabcde",
    "VolumeGiB": "2400",
}


def test_the_volume_is_the_file_system_in_its_zone():
    spec = volume(OUTPUTS)["spec"]
    assert spec["csi"] == {
        "driver": "fsx.csi.aws.com",
        "volumeHandle": OUTPUTS["FileSystemId"],
        "volumeAttributes": {"dnsname": OUTPUTS["DnsName"], "mountname": "fsxabcde"},
    }
    [term] = spec["nodeAffinity"]["required"]["nodeSelectorTerms"]
    [expression] = term["matchExpressions"]
    assert expression == {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["us-east-1b"]}
    assert (spec["accessModes"], spec["capacity"]) == (["ReadWriteMany"], {"storage": "2400Gi"})
    # The stack takes the data away, nobody else does.
    assert spec["persistentVolumeReclaimPolicy"] == "Retain"


def test_volume_and_claim_are_for_each_other_and_no_other_is_made():
    made, asked = volume(OUTPUTS), claim(OUTPUTS)
    assert made["spec"]["claimRef"] == {
        "namespace": asked["metadata"]["namespace"],
        "name": asked["metadata"]["name"],
    }
    assert asked["spec"]["volumeName"] == made["metadata"]["name"] == claim_name(OUTPUTS)
    assert (asked["spec"]["storageClassName"], made["spec"]["storageClassName"]) == ("", "")
    assert asked["spec"]["accessModes"] == made["spec"]["accessModes"]
    assert asked["spec"]["resources"]["requests"] == made["spec"]["capacity"]
