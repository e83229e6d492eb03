"""Filters and joins of batch transform jobs, through boto3. The model answers with what it was sent."""

import json
from itertools import count

import pytest

from local.aws.services.sagemaker.json_paths import JsonPath, NothingFoundError, PathError
from local.aws.services.sagemaker.record_formats import Csv, Json, RecordError
from tests.local.aws.sagemaker.account import IMAGE
from tests.local.aws.sagemaker.shapes import problems

CSV, JSON, LINES = "text/csv", "application/json", "application/jsonlines"
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def model(account):
    account.sagemaker.create_model(
        ModelName="echo", ExecutionRoleArn=account.role, PrimaryContainer={"Image": IMAGE}
    )
    return "echo"


NAMES = (f"processed-{n}" for n in count())


@pytest.fixture
def transform(account, model):
    """``transform({"a.csv": b"1,2"}, InputFilter="$[1:]")``: the description and the stored objects."""
    name = next(NAMES)

    def run(objects, *, kind=CSV, whole=False, changes=None, **processing):
        for key, body in objects.items():
            account.put(f"in/{name}/{key}", body)
        uri = f"s3://{account.bucket}/in/{name}/"
        wanted = account.transform_request(name, model, uri, lines=not whole, DataProcessing=processing)
        wanted["TransformInput"]["ContentType"] = wanted["TransformOutput"]["Accept"] = kind
        account.sagemaker.create_transform_job(**wanted | (changes or {}))
        stored = {}
        job = account.transformed(name)
        for key in account.keys(f"out/{name}/"):
            stored[key.removeprefix(f"out/{name}/").removesuffix(".out")] = account.get(key)
        return job, stored

    return run


@pytest.mark.parametrize("strategy", ["SingleRecord", "MultiRecord"])
def test_the_id_column_is_kept_from_the_model_and_joined_to_its_answer(transform, strategy):
    rows = [f"id-{n},{n}.5,{n * 2}.25" for n in range(200)]
    body = "".join(f"{row}\n" for row in rows).encode()
    side_by_side = {"BatchStrategy": strategy, "MaxConcurrentTransforms": 4}
    job, stored = transform({"a.csv": body}, changes=side_by_side, InputFilter="$[1:]", JoinSource="Input")
    assert job["TransformJobStatus"] == "Completed", job
    assert problems("DescribeTransformJob", job) == []
    assert job["DataProcessing"] == {"InputFilter": "$[1:]", "OutputFilter": "$", "JoinSource": "Input"}
    seen = [row.partition(",")[2] for row in rows]
    joined = [f"{row},{answer}" for row, answer in zip(rows, seen, strict=True)]
    assert stored["a.csv"].decode().splitlines() == joined


def test_the_output_filter_chooses_from_the_columns_of_both(transform):
    filters = {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"}
    job, stored = transform({"a.csv": b"7,1,2\n8,3,4", "sub/b.csv": b'"a,b",5,6\r\n'}, **filters)
    assert job["TransformJobStatus"] == "Completed", job
    assert stored == {"a.csv": b"7,2\n8,4\n", "sub/b.csv": b'"a,b",6\n'}


def test_json_lines_get_the_answer_as_a_member(transform):
    records = [{"id": n, "features": [n, n / 4], "note": "ü"} for n in range(3)]
    lines = "\n".join(json.dumps(record) for record in records).encode()
    filters = {
        "InputFilter": "$.features",
        "JoinSource": "Input",
        "OutputFilter": "$['id','SageMakerOutput']",
    }
    job, stored = transform({"a.jsonl": lines}, kind=LINES, **filters)
    assert job["TransformJobStatus"] == "Completed", job
    found = [json.loads(line) for line in stored["a.jsonl"].splitlines()]
    assert found == [{"id": n, "SageMakerOutput": [n, n / 4]} for n in range(3)]


def test_a_record_that_is_no_object_becomes_one_member_of_two(transform):
    changes = {"BatchStrategy": "MultiRecord"}
    _, stored = transform({"a.jsonl": b"[1, 2]\n[3]\n"}, kind=LINES, changes=changes, JoinSource="Input")
    assert stored["a.jsonl"] == (
        b'{"SageMakerInput":[1,2],"SageMakerOutput":[1,2]}\n{"SageMakerInput":[3],"SageMakerOutput":[3]}\n'
    )


def test_a_json_document_may_be_a_whole_object(transform):
    document = b'{\n "id": 1,\n "features": {"x": 2, "y": "\xc3\xbc"}\n}\n'
    filters = {"InputFilter": "$.features['x','y']", "JoinSource": "Input"}
    job, stored = transform({"a.json": document}, kind=JSON, whole=True, **filters)
    assert job["TransformJobStatus"] == "Completed", job
    assert json.loads(stored["a.json"]) == {
        **json.loads(document),
        "SageMakerOutput": {"x": 2, "y": "ü"},
    }


def test_an_output_filter_needs_no_join(transform):
    _, stored = transform({"a.csv": b"1,2,3\n4,5,6\n"}, OutputFilter="$[:-1]")
    assert stored["a.csv"] == b"1,2\n4,5\n"


def test_the_limit_of_a_request_is_for_what_the_model_gets(transform):
    long_id = b"x" * MEGABYTE
    filters = {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[1:]"}
    job, stored = transform({"a.csv": long_id + b",1,2\n"}, changes={"MaxPayloadInMB": 1}, **filters)
    assert job["TransformJobStatus"] == "Completed", job
    assert stored["a.csv"] == b"1,2,1,2\n"


@pytest.mark.parametrize(
    ("kind", "body", "filters", "says"),
    [
        (CSV, b"1\n", {"InputFilter": "$[3]"}, r"InputFilter $[3] finds nothing in ['1']"),
        (CSV, b"1,2\n", {"InputFilter": "$[0,5]"}, r"InputFilter $[0,5] finds nothing in ['1', '2']"),
        (CSV, b"1,2\n", {"InputFilter": "$[2:]"}, r"InputFilter $[2:] finds nothing"),
        (CSV, b"a,b\n\nc,d\n", {"InputFilter": "$[1:]"}, "The record is not a row of CSV: it is empty"),
        (CSV, b'a,"b\n', {"InputFilter": "$[1:]"}, "The record is not a row of CSV (unexpected end of data)"),
        (LINES, b"{}\n", {"InputFilter": "$.id"}, "InputFilter $.id finds nothing in {}"),
        (LINES, b"{\n", {"InputFilter": "$.id"}, "The record is not JSON"),
        (LINES, b"\xff\n", {"InputFilter": "$.id"}, "The record is not UTF-8 text"),
        (LINES, b"describe", {"JoinSource": "Input"}, "The record is not JSON (Expecting value"),
        (LINES, b"plain\n", {"OutputFilter": "$.x"}, "The model's answer is not JSON"),
        (
            CSV,
            b"1,2\n\n",
            {"JoinSource": "Input"},
            "Fail to join data: mismatched line count between the input and the output: 2 and 1",
        ),
    ],
)
def test_a_record_that_does_not_fit_fails_its_object_and_keeps_the_others(
    transform, kind, body, filters, says
):
    good = b"a,b,c,d,e,f\n" if kind == CSV else b'{"id":[1],"x":[1]}\n'
    both = {"bad": body, "good": good}
    job, stored = transform(both, kind=kind, changes={"BatchStrategy": "MultiRecord"}, **filters)
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"].startswith(f"ClientError: See job logs for more information. bad: {says}")
    assert list(stored) == ["good"]


LINED = {"TransformInput.SplitType": "Line", "TransformOutput.AssembleWith": "Line"}
TYPED = {"TransformInput.ContentType": CSV, "TransformOutput.Accept": CSV}
JSONS = {"TransformInput.ContentType": JSON, "TransformOutput.Accept": JSON}


@pytest.mark.parametrize(
    ("processing", "changes", "says"),
    [
        (
            {"InputFilter": "$["},
            {},
            "InputFilter '$[' is not a JSONPath that batch transform supports: Parse",
        ),
        ({"InputFilter": ""}, {}, "InputFilter '' is not a JSONPath"),
        ({"InputFilter": "[1:]"}, {}, "it must begin with $"),
        ({"InputFilter": "$..id"}, JSONS, "it must begin with $"),
        ({"OutputFilter": "$[0:4:2]"}, {}, "a slice has no step"),
        ({"OutputFilter": "$.`parent`"}, JSONS, "the operators are"),
        ({"OutputFilter": "$['a','b'].c"}, JSONS, "several names come last"),
        ({"OutputFilter": "$" + "[0]" * 30}, JSONS, "less than or equal to 63"),
        ({"JoinSource": "Output"}, {}, "[Input, None]"),
        (
            {"InputFilter": "$.id"},
            {},
            "InputFilter '$.id' cannot be applied to text/csv, whose rows are lists",
        ),
        ({"OutputFilter": "$[0][1]"}, {}, "OutputFilter '$[0][1]' cannot be applied to text/csv"),
        (
            {"JoinSource": "Input"},
            {"TransformInput.SplitType": "None"},
            "needs TransformInput.SplitType Line",
        ),
        (
            {"JoinSource": "Input"},
            {"TransformOutput.AssembleWith": "None"},
            "TransformOutput.AssembleWith Line",
        ),
        (
            {"JoinSource": "Input"},
            {**JSONS, "TransformInput.SplitType": "None"},
            "needs TransformInput.SplitType Line for application/json; it is None",
        ),
        (
            {"JoinSource": "Input"},
            {"TransformOutput.Accept": None},
            "TransformOutput.Accept to be one of text/csv",
        ),
        (
            {"JoinSource": "Input"},
            {"TransformInput.ContentType": "text/libsvm"},
            "ContentType to be one of text/csv, application/json, application/jsonlines; it is text/libsvm.",
        ),
        ({"JoinSource": "Input"}, {"TransformOutput.Accept": JSON}, "the same format on both sides"),
    ],
)
def test_refused_requests(account, model, processing, changes, says):
    uri = f"s3://{account.bucket}/in/"
    request = account.transform_request("never-joined", model, uri, DataProcessing=processing)
    for path, value in {**LINED, **TYPED, **changes}.items():
        part, field = path.split(".")
        request[part].pop(field, None)
        request[part] |= {field: value} if value else {}
    with pytest.raises(account.sagemaker.exceptions.ClientError) as caught:
        account.sagemaker.create_transform_job(**request)
    error = caught.value.response["Error"]
    assert (error["Code"], says in error["Message"]) == ("ValidationException", True), error["Message"]
    assert account.sagemaker.list_transform_jobs(NameContains="never-joined")["TransformJobSummaries"] == []


def test_without_filters_nothing_is_asked_of_the_formats_and_the_description_says_so(transform):
    job, stored = transform({"a": b"anything\n"}, kind="text/plain")
    assert stored == {"a": b"anything\n"}
    assert job["DataProcessing"] == {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None"}


ROW = ["a", "b", "c"]
RECORD = {"id": 1, "deep": {"x": 2, "y": 3, "dotted.name": 4}, "many": [{"v": 5}, {"v": 6}]}


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ("$", ROW, ROW),
        ("$[0]", ROW, "a"),
        ("$[-1]", ROW, "c"),
        ("$[2,0]", ROW, ["c", "a"]),
        ("$[0,-1]", ROW, ["a", "c"]),
        ("$[1:]", ROW, ["b", "c"]),
        ("$[:-1]", ROW, ["a", "b"]),
        ("$[1:2]", ROW, ["b"]),
        ("$[1:99]", ROW, ["b", "c"]),
        ("$[*]", ROW, ROW),
        ("$.id", RECORD, 1),
        ("$['id']", RECORD, 1),
        ("$.deep.x", RECORD, 2),
        ("$.deep['dotted.name']", RECORD, 4),
        ("$.deep.*", RECORD, [2, 3, 4]),
        ("$.deep['x','y']", RECORD, {"x": 2, "y": 3}),
        ("$.deep.['x','y']", RECORD, {"x": 2, "y": 3}),
        ("$['id','deep']", RECORD, {"id": 1, "deep": RECORD["deep"]}),
        ("$.many[*].v", RECORD, [5, 6]),
        ("$.many[0,1].v", RECORD, [5, 6]),
        ("$.many[1].v", RECORD, 6),
        ("$.none", {"none": None}, None),
    ],
)
def test_what_a_path_finds(path, value, found):
    assert JsonPath(path).find(value) == found


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$[3]", ROW),
        ("$[0,3]", ROW),
        ("$[3:]", ROW),
        ("$.id", ROW),
        ("$[0]", RECORD),
        ("$['id','ghost']", RECORD),
        ("$.many[0,7].v", RECORD),
        ("$.id.x", RECORD),
    ],
)
def test_a_path_that_finds_nothing_says_where_it_looked(path, value):
    with pytest.raises(NothingFoundError, match="finds nothing in"):
        JsonPath(path).find(value)


@pytest.mark.parametrize("path", ["", "id", "$.a[", "$[?(@.x)]", "$[0,'a']", "$$", "@", "$.a where $.b"])
def test_what_is_no_path(path):
    with pytest.raises(PathError):
        JsonPath(path)


@pytest.mark.parametrize(
    ("line", "row"),
    [
        (b"1,,3", ["1", "", "3"]),
        (b'"a,b","say ""x"""', ["a,b", 'say "x"']),
        (b"1.10,007,1e5", ["1.10", "007", "1e5"]),
        ("ü,ß".encode(), ["ü", "ß"]),
        (b"x" * 300_000 + b",1", ["x" * 300_000, "1"]),
    ],
)
def test_a_row_is_written_as_it_was_read(line, row):
    assert Csv().read(line) == row
    assert Csv().write(row) == line


@pytest.mark.parametrize("line", [b"", b'"open', b"\xff"])
def test_what_is_no_row(line):
    with pytest.raises(RecordError):
        Csv().read(line)


def test_json_is_written_on_one_line():
    assert Json().write({"a": [1, "x\ny", "ü"], "b": None}) == '{"a":[1,"x\\ny","ü"],"b":null}'.encode()
