"""What comes before the paths of the HTTP server: who may ask, from which page, and with how large a body."""

import asyncio
import base64
import binascii
import hmac
import json
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LONGEST_BODY = 64 * 1024
BODY_WITHIN_S = 10.0
INVALID_TOKEN = "missing or invalid token"
CHALLENGE = 'Bearer, Basic realm="Twin TUI: any user, the token as password"'


class RefusedError(Exception):
    """A request that does not reach a path: HTTP status and reason."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Gate:
    """Refuses a request by its headers before anything of its body is read, and reads no large body."""

    def __init__(self, app: ASGIApp, secret: str, refused: Callable[[str], None]) -> None:
        self._app = app
        self._secret = secret.encode()
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its whole body, or answer it."""
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        try:
            self._check(scope["method"], headers)
            body = await _body(headers, receive)
        except RefusedError as error:
            if error.status == 401 and scope["client"] is not None:
                self._refused(f"refused {scope['client'][0]}: {INVALID_TOKEN}")
            await _answer(error, send)
            return
        await self._app(scope, receive if body is None else _replayed(body, receive), send)

    def _check(self, method: str, headers: Headers) -> None:
        if self._secret and not hmac.compare_digest(_token(headers.get("authorization", "")), self._secret):
            raise RefusedError(401, INVALID_TOKEN)
        origin = headers.get("origin")
        if method not in ("GET", "HEAD") and origin and origin.partition("://")[2] != headers.get("host"):
            # a browser sends it with the token it has stored, whatever page asks for it
            raise RefusedError(403, f"a web page of {origin} may not change this site")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or len(length) > 20 or int(length) > LONGEST_BODY:
            raise RefusedError(413, f"the body has more than {LONGEST_BODY} bytes")


def _token(authorization: str) -> bytes:
    """Return the token of the header: a bearer token, or the password that a browser asks its user for."""
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return given.encode("latin-1")  # as it came over the wire
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(given, validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return b""
    return b""


async def _body(headers: Headers, receive: Receive) -> bytes | None:
    """Return the body of a request, None where its headers announce none; raise RefusedError."""
    if "transfer-encoding" not in headers and headers.get("content-length", "0") == "0":
        return None
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            while True:
                message = await receive()
                body += message.get("body", b"")
                if len(body) > LONGEST_BODY:
                    raise RefusedError(413, f"the body has more than {LONGEST_BODY} bytes")
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        raise RefusedError(408, f"the body was not complete within {BODY_WITHIN_S:g} s") from None


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return what gives a path the body that was read, then what happens to the connection."""
    left = [body]

    async def again() -> Message:
        return {"type": "http.request", "body": left.pop()} if left else await receive()

    return again


async def _answer(error: RefusedError, send: Send) -> None:
    """Answer, and close the connection: the rest of the body is never read."""
    text = json.dumps({"detail": error.detail}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(text)).encode()),
        (b"connection", b"close"),
    ]
    if error.status == 401:
        headers.append((b"www-authenticate", CHALLENGE.encode()))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": text})
