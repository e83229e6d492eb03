"""The words of a statement, in the order in which a grammar asks for them."""

from collections.abc import Sequence

from sqlglot.tokens import Token, TokenType

from errors import RefusedError

LONGEST_NAME = 127


class Words:
    """Tokens with a place in them. What is asked for is upper case; names are folded to lower case."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._place = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing is left."""
        return self._place >= len(self._tokens)

    def begin_with(self, *words: str) -> bool:
        """Whether these keywords come next."""
        following = self._tokens[self._place : self._place + len(words)]
        return [_keyword(token) for token in following] == list(words)

    def take(self, *words: str) -> bool:
        """Goes past these keywords if they come next."""
        found = self.begin_with(*words)
        if found:
            self._place += len(words)
        return found

    def take_one_of(self, *words: str) -> str | None:
        """Goes past the one of the keywords that comes next; None if none does."""
        return next((word for word in words if self.take(word)), None)

    def expect(self, *words: str) -> None:
        """Goes past these keywords.

        Raises:
            RefusedError: something else comes next.
        """
        for word in words:
            if not self.take(word):
                raise self.error()

    def name(self) -> str:
        """An identifier, quoted or not."""
        token = self._next()
        is_word = token.token_type is TokenType.IDENTIFIER or token.text.replace("_", "a").isalnum()
        if token.token_type is TokenType.STRING or not is_word or not token.text:
            self._place -= 1
            raise self.error()
        if len(token.text.encode()) > LONGEST_NAME:
            raise RefusedError(f'identifier "{token.text[:40]}..." is longer than {LONGEST_NAME} bytes')
        return str(token.text).lower()

    def names(self) -> list[str]:
        """Identifiers with commas between them."""
        found = [self.name()]
        while self.take(","):
            found.append(self.name())
        return found

    def string(self) -> str:
        """A string."""
        token = self._next()
        if token.token_type is not TokenType.STRING:
            self._place -= 1
            raise self.error()
        return str(token.text)

    def end(self) -> None:
        """Raises `RefusedError` if something is left."""
        if not self.is_over:
            raise self.error()

    def error(self) -> RefusedError:
        """What Redshift says of the next word."""
        if self.is_over:
            return RefusedError("syntax error at end of input")
        token = self._tokens[self._place]
        return RefusedError(f'syntax error at or near "{token.text}"\n  Position: {token.start + 1};')

    def _next(self) -> Token:
        if self.is_over:
            raise self.error()
        self._place += 1
        return self._tokens[self._place - 1]


def _keyword(token: Token) -> str | None:
    """None for what is quoted: ``"group"`` is a name."""
    quoted = token.token_type in (TokenType.STRING, TokenType.IDENTIFIER)
    return None if quoted else token.text.upper()
