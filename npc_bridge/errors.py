"""Every exception of the bridge: its code on the wire, and whether trying again can help.

    BridgeError
    ├── WireError                 a message the game sent is at fault; it costs that message, not the session
    │   ├── BadMessage            bad_message       not decodable, or a field is wrong
    │   ├── MessageTooLarge       message_too_large
    │   ├── UnknownType           unknown_type
    │   ├── NotSupported          not_supported     part of the protocol, but not of this version of the bridge
    │   ├── UnknownNpc            unknown_npc       no conversation was opened with this NPC
    │   ├── UnknownCharacter      unknown_character
    │   ├── UnknownGroup          unknown_group     no group of this name was gathered
    │   ├── NotNow                not_now           retry: it makes no sense at this moment, or its NPC is busy
    │   ├── BadSave               bad_save          a saved state that is damaged, too new or not there
    │   └── StorageFailed         storage_failed    retry: the disk is full, or the file cannot be written
    ├── Refused                   closes the connection with a 4xxx code
    ├── FileProblem               bad_file          one thing that is wrong in a character, event or settings file
    ├── FileProblems              bad_file          all that is wrong in such a file
    ├── BadSettings               bad_settings      settings that do not go together, or name what is not there
    ├── StorageUnusable           storage_unusable  the file of the memory cannot be opened here; the bridge does not start
    │   ├── StorageLocked         storage_locked    retry: another bridge has it open
    │   └── StorageTooNew         storage_too_new   a newer bridge wrote it
    └── BackendError              the model server's fault, or the network's
        ├── BackendUnreachable    backend_unreachable     retry
        ├── BackendLost           backend_lost            retry: the stream ended before the reply did
        ├── BackendOverloaded     backend_overloaded      retry
        ├── BackendTimeout        backend_timeout         retry
        ├── BackendRefused        backend_refused         the request is wrong for this server
        ├── PromptTooLong         prompt_too_long
        ├── BadKey                bad_key
        ├── OutOfCredit           out_of_credit
        ├── ModelNotFound         model_not_found
        ├── Moderated             moderated
        ├── BudgetSpent           budget_spent            only authored lines are left until the budget is filled again
        └── OutOfCharacter        out_of_character        retry: the model gave itself away, and was not shown

Messages name the thing and the limit and never hold what a player said, a prompt or a key.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar


class BridgeError(Exception):
    """The root of the tree. Anything else that is raised is a bug."""

    code: ClassVar[str] = "internal"
    retry: ClassVar[bool] = False
    """Whether the same thing, done again later, can succeed."""


class WireError(BridgeError):
    """A message from the game is at fault."""

    code = "bad_message"

    def __init__(self, message: str, *, re: str = "") -> None:
        super().__init__(message)
        self.re = re
        """Id of the message at fault, else its type, else empty."""


class BadMessage(WireError):
    pass


class MessageTooLarge(WireError):
    code = "message_too_large"


class UnknownType(WireError):
    code = "unknown_type"


class NotSupported(WireError):
    code = "not_supported"


class UnknownNpc(WireError):
    code = "unknown_npc"


class FileProblems(BridgeError):
    """All that is wrong in a file, in the order of its lines, so that an author mends it in one go."""

    code = "bad_file"

    def __init__(self, problems: Iterable[FileProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class BadSettings(BridgeError):
    """Settings that do not go together, or that name what is not there; says what to set."""

    code = "bad_settings"


class StorageUnusable(BridgeError):
    """The file of the memory cannot be opened; says what to do. It is as it was."""

    code = "storage_unusable"


class StorageLocked(StorageUnusable):
    """Another bridge, or another program, has the file open."""

    code = "storage_locked"
    retry = True


class StorageTooNew(StorageUnusable):
    """A newer bridge wrote the file; it is left as it is, to the byte."""

    code = "storage_too_new"


class UnknownCharacter(WireError):
    code = "unknown_character"


class UnknownGroup(WireError):
    code = "unknown_group"


class NotNow(WireError):
    code = "not_now"
    retry = True


class BadSave(WireError):
    code = "bad_save"


class StorageFailed(WireError):
    code = "storage_failed"
    retry = True


class Refused(BridgeError):
    """The connection cannot go on; it is closed with this code and reason."""

    code = "refused"

    def __init__(self, close_code: int, reason: str) -> None:
        super().__init__(reason)
        self.close_code = close_code
        """4000 to 4999, listed in ``docs/protocol.md``."""


class FileProblem(BridgeError):
    """A file is wrong: where, and what to write instead."""

    code = "bad_file"

    def __init__(self, file: str, line: int, problem: str, remedy: str = "") -> None:
        self.file, self.line, self.problem, self.remedy = file, line, problem, remedy
        place = f"{file}:{line}" if line else file
        super().__init__(f"{place}: {problem}" + (f"\n  write instead: {remedy}" if remedy else ""))


class BackendError(BridgeError):
    """The model server's fault, or the network's between us."""

    code = "backend_error"


class BackendUnreachable(BackendError):
    code = "backend_unreachable"
    retry = True


class BackendLost(BackendError):
    """The stream ended before the reply did."""

    code = "backend_lost"
    retry = True


class BackendOverloaded(BackendError):
    """Too many requests, or the server is failing (429, 5xx)."""

    code = "backend_overloaded"
    retry = True

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class BackendTimeout(BackendError):
    code = "backend_timeout"
    retry = True


class BackendRefused(BackendError):
    """The request is wrong for this server; the same one will be refused again."""

    code = "backend_refused"


class PromptTooLong(BackendRefused):
    code = "prompt_too_long"


class BadKey(BackendError):
    code = "bad_key"


class OutOfCredit(BackendError):
    code = "out_of_credit"


class ModelNotFound(BackendError):
    code = "model_not_found"


class Moderated(BackendError):
    code = "moderated"


class BudgetSpent(BackendError):
    code = "budget_spent"


class OutOfCharacter(BackendError):
    """The model wrote what the character would never say; nothing of it was shown."""

    code = "out_of_character"
    retry = True


def backend_error(code: str, message: str) -> BackendError:
    """The backend error with this code, as a tape remembers it."""
    for kind in BackendError.__subclasses__() + BackendRefused.__subclasses__():
        if kind.code == code:
            return kind(message)
    return BackendError(message)
