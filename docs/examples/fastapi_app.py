"""Channels beside FastAPI's own routes: `python fastapi_app.py`."""

import os
from typing import Annotated

import msgspec
import uvicorn
from fastapi import Depends, FastAPI, Request
from pydantic import BaseModel

from tickfire.phoenix import (
    Channel,
    Hub,
    PhoenixHTTP,
    PhoenixProtocol,
    PhoenixSocket,
    Reply,
    Socket,
    event,
)


class Order(BaseModel):
    """An order, by HTTP."""

    item: str
    count: int = 1


class Done(msgspec.Struct):
    """The payload of `done`: an order that a kitchen has finished."""

    item: str
    count: int = 1


class Kitchen(Channel):
    """A screen in a kitchen."""

    @event("done")
    async def done(self, payload: Done, socket: Socket) -> Reply:
        """Show all screens that an order is done."""
        await socket.broadcast("done", {"order": msgspec.to_builtins(payload)})
        return Reply()


def get_hub(request: Request) -> Hub:
    """Return the application's hub, for endpoints."""
    hub: Hub = request.app.state.hub
    return hub


socket = PhoenixSocket(channels={"kitchen:{kitchen}": Kitchen})
app = FastAPI(lifespan=socket.lifespan)
app.state.hub = socket.hub
app.mount("/socket", socket)


@app.post("/kitchens/{kitchen}/orders", status_code=202)
async def order(kitchen: str, order: Order, hub: Annotated[Hub, Depends(get_hub)]) -> None:
    """Show an order on the screens of a kitchen."""
    hub.broadcast(f"kitchen:{kitchen}", "order", order.model_dump())


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ.get("PORT", "8000")), http=PhoenixHTTP, ws=PhoenixProtocol)
