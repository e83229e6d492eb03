"""What a form posts becomes the answer of a task."""

import json
from typing import Any

DOCUMENT = "answerContent"
"""The field with which the page posts a whole answer; without it every field is a member of the answer."""


class AnswerError(ValueError):
    """A form that is no answer; the message is one sentence."""


def answer_content(form: Any) -> dict[str, Any]:
    """The answer in a form, by field.

    A repeated field has its last value, as in AWS's templates.

    Raises:
        AnswerError: there is no field, or :data:`DOCUMENT` is no JSON object.
    """
    fields = {name: form.getlist(name)[-1] for name in form}
    if DOCUMENT not in fields:
        if not fields:
            raise AnswerError("The form is empty: post at least one field of the answer.")
        return fields
    try:
        answer = json.loads(fields[DOCUMENT])
    except (ValueError, RecursionError) as error:
        raise AnswerError(f"The field {DOCUMENT} is no JSON: {error}.") from error
    if not isinstance(answer, dict):
        raise AnswerError(f"The field {DOCUMENT} holds {type(answer).__name__}: post a JSON object.")
    return answer
