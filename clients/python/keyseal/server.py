"""Asks the server, and keeps only the answers that count."""

import secrets
from dataclasses import dataclass
from typing import Dict, Optional

from .answer import Answer, Question, check_answer
from .options import Options
from .transport import post_form

NOT_ACTIVATED_CODE = "202"


@dataclass(frozen=True)
class Reply:
    """An answer that counts, or the reason why there is none."""

    answer: Optional[Answer] = None
    reason: Optional[str] = None
    retry_after_ms: int = 0


class Server:
    """The three requests that the app makes."""

    def __init__(self, options: Options) -> None:
        self._options = options

    def check_out(self, license_key: str, identifier: str) -> Reply:
        """Asks for a license file, and activates this device if it is not."""
        fields = {"activate": "1", **self._file_fields()}
        reply = self._ask("check-out", license_key, identifier, fields)
        if reply.answer is not None and reply.answer.code == NOT_ACTIVATED_CODE:
            # The activation ended while the request was on its way.
            return self._ask("check-out", license_key, identifier, fields)
        return reply

    def start_trial(self, identifier: str) -> Reply:
        """Asks for the trial of this device."""
        product = {"product_id": str(self._options.rules.product_id)}
        return self._ask("start-trial", None, identifier, {**product, **self._file_fields()})

    def deactivate(self, license_key: str, identifier: str) -> Reply:
        """Frees the seat of this device."""
        return self._ask("deactivate", license_key, identifier, {})

    def _file_fields(self) -> Dict[str, str]:
        options = self._options
        fields = {
            "algorithm": options.rules.algorithm,
            "encrypt": "1" if options.encrypt else "0",
        }
        return fields if options.ttl is None else {**fields, "ttl": str(options.ttl)}

    def _ask(
        self, name: str, license_key: Optional[str], identifier: str, fields: Dict[str, str]
    ) -> Reply:
        options = self._options
        question = Question(secrets.token_hex(16), license_key, identifier)
        sent = {**fields, "identifier": identifier, "nonce": question.nonce}
        if license_key is not None:
            sent["license_key"] = license_key
        received = post_form(f"{options.server}/api/v1/{name}", options.api_key, sent)
        if received is None:
            return Reply(reason="unreachable")
        answer = check_answer(
            received.body, question, options.rules.product_id, options.answer_keys
        )
        reason = "not-trusted" if answer is None else None
        return Reply(answer, reason, received.retry_after_ms)
