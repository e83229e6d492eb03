"""The shape of the first pipeline: what keeps a model from serving."""


def test_a_model_that_misses_a_bound_of_bias_is_not_deployed(bag):
    dag = bag.dags["abalone"]
    assert dag.get_task("deploy").upstream_task_ids == {"train", "beats_champion", "bias_report.check"}
    assert dag.get_task("deploy").trigger_rule == "all_success"
    # It is asked though nothing was deployed, but not after a failure.
    assert dag.get_task("smoke_test").trigger_rule == "none_failed"
