"""Secrets: who names no version gets the current one, before, during and after a rotation."""


def test_a_version_is_current_when_the_stage_says_so(client):
    secrets = client("secretsmanager")
    old = secrets.create_secret(Name="rotated", SecretString="old")["VersionId"]
    new = secrets.put_secret_value(SecretId="rotated", SecretString="new", VersionStages=["AWSPENDING"])

    assert secrets.get_secret_value(SecretId="rotated")["SecretString"] == "old"

    secrets.update_secret_version_stage(
        SecretId="rotated",
        VersionStage="AWSCURRENT",
        MoveToVersionId=new["VersionId"],
        RemoveFromVersionId=old,
    )
    assert secrets.get_secret_value(SecretId="rotated")["SecretString"] == "new"
    assert secrets.get_secret_value(SecretId="rotated", VersionId=old)["SecretString"] == "old"
