"""Custom language models: trained on text, better at its subject than generic English."""

import pytest

from tests.local.aws.engines.speech.conftest import GRADIENT, TWO_SENTENCES, text

TRAINING = """\
Gradient descent minimizes the loss function.
PyTorch and TensorFlow are deep learning frameworks. TensorFlow runs on a GPU.
Backpropagation computes the gradient of the loss.
The optimizer computes a step from the gradient.
TensorFlow trains the network in ten epochs.
The training job reads its data from an S3 bucket.
The learning rate is the most important hyperparameter.
"""
TUNING = """\
TensorFlow computes the loss of each batch.
The classifier computes the gradient of its loss function.
PyTorch computes the gradient by backpropagation.
"""
HELD_OUT = """\
TensorFlow computes the gradient of the loss function.
The training job computes the loss of the network.
"""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    for name, content in (("training", TRAINING), ("tuning", TUNING), ("held_out", HELD_OUT)):
        (folder / f"{name}.txt").write_text(content, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def models(engine, corpus):
    """What `models.py` finds out about models that are trained on the corpus."""
    return engine.answer(
        "models.py", *(corpus / f"{name}.txt" for name in ("training", "tuning", "held_out"))
    )


def test_the_generic_model_s_file_is_read_as_the_library_reads_it(models):
    assert models["disagreements"] == 0


def test_training_foresees_unseen_text_better_and_tuning_better_still(models):
    generic, trained, tuned = models["perplexity"]
    assert generic > 2 * trained > 2 * tuned
    assert models["weights"][1] > models["weights"][0]


def test_the_probabilities_after_a_history_add_up_to_one(models):
    assert len(models["sums"]) > 10
    assert models["sums"] == pytest.approx([1.0] * len(models["sums"]), abs=0.01)


def test_new_words_are_pronounced_and_shown_as_they_were_written(models):
    assert models["shown"]["tensorflow"] == "TensorFlow"
    assert models["sounds"]["s3"] == ["EH S TH R IY"]
    assert models["sounds"]["gpu"] == ["JH IY P IY Y UW"]
    assert "the" not in models["sounds"]


def test_a_trained_model_hears_what_the_generic_one_cannot_and_forgets_nothing(engine, corpus, two_sentences):
    folder = corpus / "model"
    done = engine.program("train_language_model.py", _request(folder, corpus / "training.txt"))
    assert done.returncode == 0, done.stderr
    assert "TensorFlow" not in engine.text(GRADIENT)
    assert engine.text(GRADIENT, language_model=str(folder)) == (
        "TensorFlow computes the gradient of the loss function"
    )
    assert text(engine.recognise(TWO_SENTENCES, language_model=str(folder))) == text(two_sentences)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            "Good morning.\nA café in Paris.\n".encode("latin-1"),
            "Line 2 of corpus.txt is not UTF-8: byte 0xE9 at position 6. Save the file as UTF-8.",
        ),
        (
            b"... --- ...\n",
            "The training data holds no words: it needs text, with a sentence on each line.",
        ),
    ],
    ids=["Latin-1", "no words"],
)
def test_text_that_cannot_be_learnt_from_is_a_fault(engine, tmp_path, content, reason):
    (tmp_path / "corpus.txt").write_bytes(content)
    done = engine.program("train_language_model.py", _request(tmp_path / "model", tmp_path / "corpus.txt"))
    assert (done.returncode, done.stderr.splitlines()[-1]) == (3, reason)
    assert not (tmp_path / "model").exists()


def _request(folder, *training):
    files = [str(file) for file in training]
    return {"training": files, "tuning": [], "base_model": "WideBand", "output": str(folder)}
