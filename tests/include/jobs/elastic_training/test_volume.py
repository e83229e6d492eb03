"""What is on the shared volume: checkpoints, starts, and images."""

import pytest

from tests.include.jobs.speech.in_image import RaisedError

SAVE = "checkpoints.Checkpoints(pathlib.Path(folder)).save(step, {'at': step})"
NEWEST = "checkpoints.Checkpoints(pathlib.Path(folder)).newest()"
LOAD = "checkpoints.Checkpoints(pathlib.Path(folder)).load(step)"
HOSTILE = "torch.save({'at': pathlib.PurePosixPath('/')}, folder + '/step-000000030.pt')"
"""What would be made by running code that the file names."""
START = "starts.add(pathlib.Path(folder), ranks, step)"
STARTS = "starts.read(pathlib.Path(folder))"
PICTURE = "image_folder.Image.new(mode, size, color='white').save(file)"
FORM = "image_folder.Form(channels, size)"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "checkpoints"


def test_the_last_two_checkpoints_are_kept(image, folder):
    assert image(NEWEST, folder=folder) == -1
    for step in (10, 20, 30):
        image(SAVE, folder=folder, step=step)
    assert sorted(file.name for file in folder.iterdir()) == ["step-000000020.pt", "step-000000030.pt"]
    assert image(LOAD, folder=folder, step=image(NEWEST, folder=folder)) == {"at": 30}


def test_a_checkpoint_that_is_not_whole_is_passed_over(image, folder):
    for step in (10, 20):
        image(SAVE, folder=folder, step=step)
    newest, before = (folder / f"step-0000000{step}.pt" for step in (20, 10))
    newest.write_bytes(newest.read_bytes()[:100])
    assert image(NEWEST, folder=folder) == 10
    before.write_bytes(b"")
    with pytest.raises(RaisedError, match="None of 2 checkpoints"):
        image(NEWEST, folder=folder)


def test_a_checkpoint_that_would_run_code_is_not_read(image, folder):
    image(SAVE, folder=folder, step=20)
    image(HOSTILE, folder=folder)
    assert image(NEWEST, folder=folder) == 20
    with pytest.raises(RaisedError, match="weights_only"):
        image(LOAD, folder=folder, step=30)


def test_starts_outlast_one_that_was_cut_off(image, folder):
    image(START, folder=folder, ranks=3, step=0)
    with (folder / "starts.jsonl").open("a") as file:
        file.write('{"time": 17')
    image(START, folder=folder, ranks=2, step=40)
    found = image(STARTS, folder=folder)
    assert [(start["world_size"], start["step"]) for start in found] == [(3, 0), (2, 40)]
    history = [
        {"validation_accuracy": accuracy, "seconds": seconds, "records": 100}
        for accuracy, seconds in ((0.5, 2.0), (0.75, 3.0))
    ]
    metrics = image(f"results.metrics(history, {STARTS}, 46)", history=history, folder=folder)
    assert (metrics["accuracy"], metrics["world_sizes"], metrics["restarts"]) == (0.75, [3, 2], 1)
    assert (metrics["mean_epoch_seconds"], metrics["images_per_second"]) == (2.5, 40.0)


@pytest.fixture
def pictures(image, tmp_path):
    """Two classes of one picture each, of which the second is in colour and twice as wide as high."""
    for name, mode, size in (("train/a/1.png", "L", (8, 8)), ("train/b/deep/2.png", "RGB", (16, 8))):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        image(PICTURE, mode=mode, size=size, file=file)
    return tmp_path


def shapes(image, folder, channels, size):
    made = f"image_folder.Images(pathlib.Path(folder), 'train', ['a', 'b'], {FORM})"
    expression = f"[(list(pixels.shape), label) for pixels, label in map({made}.__getitem__, (0, 1))]"
    return image(expression, folder=folder, channels=channels, size=size)


def test_images_are_made_one_form(image, pictures):
    assert shapes(image, pictures, 3, 4) == [[[3, 4, 4], 0], [[3, 4, 4], 1]]
    assert shapes(image, pictures, 1, 0) == [[[1, 8, 8], 0], [[1, 8, 16], 1]]
    names = "image_folder.names(pathlib.Path(folder), 'train')"
    assert image(names, folder=pictures) == ["a/1.png", "b/deep/2.png"]
    (pictures / "train.txt").write_text("b/deep/2.png\n")
    assert image(names, folder=pictures) == ["b/deep/2.png"]


def test_images_of_two_sizes_are_refused_without_a_size(image):
    some = "[(numpy.zeros((1, 8, width)), 0) for width in (8, 16)]"
    with pytest.raises(RaisedError, match="images of 8 x 8 and 16 x 8 pixels: give --image-size"):
        image(f"image_folder.stacked({some})")
    stacked = "image_folder.stacked([(numpy.full((1, 2, 2), 255, numpy.uint8), 1)])"
    images = f"image_folder.tensors(*{stacked}, torch.device('cpu'))[0].tolist()"
    assert image(images) == [[[[1.0, 1.0], [1.0, 1.0]]]]


def test_one_class_is_not_trained_on(image, pictures):
    classes = "image_folder.classes(pathlib.Path(folder))"
    assert image(classes, folder=pictures) == ["a", "b"]
    only = f"image_folder.Images(pathlib.Path(folder), 'train', ['a'], {FORM})"
    with pytest.raises(RaisedError, match=r"Class b of .* is none of those"):
        image(only, folder=pictures, channels=3, size=0)
    (pictures / "one" / "train" / "a").mkdir(parents=True)
    with pytest.raises(RaisedError, match="1 classes: give two at least"):
        image(classes, folder=pictures / "one")
