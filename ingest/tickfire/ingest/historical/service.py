"""`HistoricalService`: Databento's own client, whose errors become one sentence each.

Its calls block; `asyncio.to_thread` keeps them off an event loop.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tickfire.base.errors import UserError
from tickfire.base.extras import require_extra
from tickfire.ingest.historical.request import HistoryRequest, moment

UNAUTHORIZED: Final = 401
FORBIDDEN: Final = 403


class HistoricalError(UserError):
    """The service cannot be used, or refuses a request."""


class HistoricalService:
    """A client of the historical service.

    Parameters
    ----------
    key : str
    gateway : str, optional
        Address of the service; by default Databento's.

    Raises
    ------
    HistoricalError
        If there is no key.
    UsageError
        If the package ``databento`` is not installed.
    """

    def __init__(self, key: str | None, gateway: str | None = None) -> None:
        if not key:
            raise HistoricalError("there is no API key; give --key or set DATABENTO_API_KEY.")
        require_extra("history", "history")
        import databento

        logging.getLogger("databento").setLevel(logging.WARNING)
        options = {} if gateway is None else {"gateway": gateway}
        self._client: Any = databento.Historical(key, **options)

    def available_end(self, dataset: str, schema: str) -> int:
        """Return the end of the history that the key may read, in ns since the Unix epoch."""
        with _sentences():
            found = self._client.metadata.get_dataset_range(dataset)
        ends = found.get("schema", {}).get(schema, found)
        return _time(ends["end"])

    def cost(self, request: HistoryRequest) -> float:
        """Return the price of a request in US dollars."""
        with _sentences():
            return float(self._client.metadata.get_cost(**_arguments(request)))

    def download(self, request: HistoryRequest, path: Path) -> None:
        """Download a slice into a new file, as DBN compressed with zstd."""
        with _sentences(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on reduced quality, for instance
            self._client.timeseries.get_range(**_arguments(request), path=path)


def _arguments(request: HistoryRequest) -> dict[str, Any]:
    return {
        "dataset": request.dataset,
        "schema": request.schema,
        "symbols": list(request.symbols),
        "stype_in": request.stype_in,
        "start": request.start,
        "end": request.end,
    }


def _time(text: str) -> int:
    """Return an ISO time with up to nine digits of a second, in ns, rounded down to µs."""
    head, dot, rest = text.partition(".")
    digits = "".join(c for c in rest if c.isdigit())[:6] if dot else ""
    parsed = datetime.fromisoformat(f"{head.rstrip('Z')}{'.' + digits if digits else ''}+00:00")
    return moment(parsed.isoformat(), 0)


@contextmanager
def _sentences() -> Iterator[None]:
    """Turn the errors of the client into sentences."""
    import requests
    from databento.common.error import BentoError, BentoHttpError

    try:
        yield
    except BentoHttpError as error:
        raise HistoricalError(_sentence(error)) from None
    except requests.RequestException as error:
        raise HistoricalError(
            f"Databento's historical service cannot be reached ({_cause(error)})."
        ) from None
    except (BentoError, ValueError, TypeError) as error:
        raise HistoricalError(f"the request for history failed: {error}") from None


def _sentence(error: Any) -> str:
    detail = error.json_body.get("detail") if isinstance(error.json_body, dict) else None
    said = detail.get("message") if isinstance(detail, dict) else detail or error.message
    said = str(said or f"status {error.http_status}").rstrip(".")
    if error.http_status == UNAUTHORIZED:
        return f"Databento refused the key: {said}; set DATABENTO_API_KEY."
    if error.http_status == FORBIDDEN:
        return f"the key has no access to this data: {said}."
    return f"Databento refused the request ({error.http_status}): {said}."


def _cause(error: BaseException) -> str:
    """Return the innermost reason of an error, which the library wraps several times."""
    reason = getattr(error, "args", None) and error.args[0]
    inner = getattr(reason, "reason", reason)
    text = str(inner) if inner is not None else type(error).__name__
    return text.rsplit(": ", 1)[-1][:200]
