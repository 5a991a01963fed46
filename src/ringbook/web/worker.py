"""What one worker process has, whatever the dialect."""

from __future__ import annotations

from dataclasses import dataclass

from ringbook.core.access import Core
from ringbook.web.limits import SharedLimits
from ringbook.web.log import RequestLog
from ringbook.web.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Worker:
    core: Core
    limits: SharedLimits
    log: RequestLog
    metrics: Metrics
