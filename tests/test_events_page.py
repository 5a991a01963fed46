"""What docs/events.md tells receivers to do works."""

from __future__ import annotations

import re
import time
from typing import Any

from ringbook.domain.webhook import new_webhook_secret, signature
from tests.conftest import repository


def test_the_lines_that_check_a_signature_do() -> None:
    page = (repository() / "docs/events.md").read_text("utf-8")
    (lines,) = re.findall(r"```python\n(.+?)```", page, re.DOTALL)
    there: dict[str, Any] = {}
    exec(lines, there)
    is_ringbooks = there["is_ringbooks"]
    secret, now, body = new_webhook_secret(), int(time.time()), b'{"type": "pop"}'

    def headers(sent_at: int) -> dict[str, str]:
        signed = signature(secret, "7", sent_at, body)
        return {"webhook-id": "7", "webhook-timestamp": str(sent_at), "webhook-signature": signed}

    assert is_ringbooks(secret, headers(now), body)
    assert not is_ringbooks(secret, headers(now), body + b" ")
    assert not is_ringbooks(secret, headers(now) | {"webhook-id": "8"}, body)
    assert not is_ringbooks(secret, headers(now) | {"webhook-timestamp": str(now + 1)}, body)
    assert not is_ringbooks(new_webhook_secret(), headers(now), body)
    assert not is_ringbooks(secret, headers(now - 400), body), "somebody sends it again"


def test_a_signature_is_as_standard_webhooks_print_it() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    told = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert told == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
