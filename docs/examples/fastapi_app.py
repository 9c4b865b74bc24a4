"""Channels beside FastAPI's own routes: `python fastapi_app.py`."""

import os
from typing import Annotated, Any, ClassVar

import uvicorn
from fastapi import Depends, FastAPI, Request
from pydantic import BaseModel

from tickfire.phoenix import (
    Channel,
    Hub,
    PhoenixProtocol,
    PhoenixSocket,
    Reply,
    Socket,
    UserSocket,
)


class Order(BaseModel):
    """An order, over HTTP or a channel."""

    item: str
    count: int = 1


class Kitchen(Channel):
    """A screen in a kitchen."""

    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Reply:
        """Tell all screens that an order is done."""
        await socket.broadcast("done", {"order": Order.model_validate(payload).model_dump()})
        return Reply()


class Screen(UserSocket):
    """One connection."""

    channels: ClassVar = {"kitchen:*": Kitchen}


def get_hub(request: Request) -> Hub:
    """Return the application's hub, for endpoints."""
    hub: Hub = request.app.state.hub
    return hub


app = FastAPI()
app.state.hub = Hub()
app.router.routes.append(PhoenixSocket("/socket", Screen, hub=app.state.hub))


@app.post("/kitchens/{kitchen}/orders", status_code=202)
async def order(kitchen: str, order: Order, hub: Annotated[Hub, Depends(get_hub)]) -> None:
    """Show an order on the screens of a kitchen."""
    await hub.broadcast_async(f"kitchen:{kitchen}", "order", order.model_dump())


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ.get("PORT", "8000")), ws=PhoenixProtocol)
