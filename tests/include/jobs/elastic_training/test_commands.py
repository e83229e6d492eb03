"""What the pipeline tells a program is what the program takes."""

from dataclasses import replace

import pytest

from tests.include.pipelines.test_elastic_training import KEY, PARAMS, jobs

LARGE = {
    "input_uri": "s3://b/imagenet/",
    "validation_labels": "s3://b/imagenet/LOC_val_solution.csv",
    "network": "resnet50",
    "channels": 3,
    "image_size": 224,
    "node_type": "p4d.24xlarge",
    "adapters": 4,
    "readers": 8,
    "learning_rate": 1e-05,
}


@pytest.mark.parametrize("params", [{}, LARGE], ids=["digits", "ImageNet"])
@pytest.mark.parametrize("key", [None, KEY])
def test_every_command_is_one_that_its_program_takes(image, run, params, key):
    settings = run.settings.model_copy(update={"output_kms_key": key})
    run = replace(run, dag_id="elastic_training", settings=settings, params={**PARAMS, **params})
    for name, job in jobs(run).items():
        _, script, *arguments = job.command
        given = image(
            f"vars({script.removesuffix('.py')}.parser().parse_args(arguments))", arguments=arguments
        )
        assert given["kms_key"] == key, name
        shared = {"network", "image_size", "readers", "learning_rate", "adapters", "seed"} & given.keys()
        assert {option: given[option] for option in shared} == {
            option: run.params[option] for option in shared
        }
