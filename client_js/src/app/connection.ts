import { byId, setData, setText } from "../dom";
import type { Status } from "../feed/status";

/** The page's state, which the root element carries as `data-state`. */
export type PageState = "connecting" | "waiting" | "live" | "reconnecting" | "closed";

/** Derive the page's state from the connection and the joined topics. */
export function pageState(status: Status, session: { ready: boolean; live: boolean }): PageState {
  if (status.state !== "open") return status.state;
  if (session.live) return "live";
  return session.ready ? "waiting" : "connecting";
}

/** The state as text for the user; `now` in ms since the Unix epoch. */
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

/** The connection lamp in the top bar. */
export class ConnectionLamp {
  private readonly element = byId("connection");
  private readonly text = byId("connection-text");

  render(state: PageState, status: Status): void {
    setData(this.element, "state", state);
    setText(this.text, describe(state, status, Date.now()));
  }
}
