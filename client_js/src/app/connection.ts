import { byId, setData, setText } from "../dom";
import type { Status } from "../feed/status";

/** What the page is doing, for its root's `data-state`. */
export type PageState = "connecting" | "waiting" | "live" | "reconnecting" | "closed";

/** The page's state from the connection's and from what is joined. */
export function pageState(status: Status, session: { ready: boolean; live: boolean }): PageState {
  if (status.state !== "open") return status.state;
  if (session.live) return "live";
  return session.ready ? "waiting" : "connecting";
}

/** What a person is told of it; `now` in ms since the epoch. */
export function describe(state: PageState, status: Status, now: number): string {
  switch (state) {
    case "live":
      return "Live";
    case "waiting":
      return "Waiting for data";
    case "connecting":
      return "Connecting";
    case "closed":
      return "Closed";
    case "reconnecting": {
      const wait = status.state === "reconnecting" ? Math.ceil((status.retryAt - now) / 1000) : 0;
      return wait > 0 ? `Reconnecting in ${wait} s` : "Reconnecting";
    }
  }
}

/** The lamp in the top bar. */
export class ConnectionLamp {
  private readonly element = byId("connection");
  private readonly text = byId("connection-text");

  render(state: PageState, status: Status): void {
    setData(this.element, "state", state);
    setText(this.text, describe(state, status, Date.now()));
  }
}

/** What an empty chart says; empty when there are candles. */
export function emptyText(state: PageState, symbol: string | null, candles: number): string {
  if (candles > 0) return "";
  if (state === "live") return `No trades of ${symbol} yet`;
  if (state === "waiting") return symbol === null ? "Waiting for instruments" : "Loading candles";
  return state === "closed" ? "Closed" : "Connecting";
}
