import { byId, setData, setText } from "../dom";
import type { Status } from "../feed/status";
import { describe, type PageState } from "./connection";

/** The state of a chart without candles. */
export interface Emptiness {
  kind: "busy" | "idle" | "refused";
  title: string;
  detail: string;
}

export interface Wanted {
  symbol: string | null;
  interval: string;
  candles: number;
  /** The server's reason for refusing the candles; null if it did not. */
  refusal: string | null;
}

/** Failed attempts after which the user is told what may be wrong. */
const TRIES_TO_DOUBT = 2;

/** Say why there are no candles; null if there are. `now` in ms since the Unix epoch. */
export function emptiness(
  state: PageState,
  status: Status,
  { symbol, interval, candles, refusal }: Wanted,
  now: number,
): Emptiness | null {
  if (candles > 0) return null;
  if (state === "closed") return { kind: "idle", title: "Closed", detail: "" };
  if (status.state === "reconnecting") {
    const doubt = status.tries >= TRIES_TO_DOUBT;
    return {
      kind: "busy",
      title: doubt ? "The server cannot be reached" : describe(state, status, now),
      detail: doubt
        ? `${describe(state, status, now)}. Is it running, and does it accept this page’s token?`
        : "",
    };
  }
  if (state === "connecting") return { kind: "busy", title: "Connecting", detail: "" };
  if (refusal !== null) {
    return {
      kind: "refused",
      title: `No candles of ${symbol}, ${interval}`,
      detail: `The server says: ${refusal}. The page asks again by itself.`,
    };
  }
  if (state === "live") {
    const detail = "The first trade makes the first candle.";
    return { kind: "idle", title: `No trades of ${symbol} yet`, detail };
  }
  if (symbol !== null) return { kind: "busy", title: "Loading candles", detail: "" };
  const detail = "The market has none yet. They appear here as soon as its feed names them.";
  return { kind: "idle", title: "Waiting for instruments", detail };
}

/** The message in a chart without candles. */
export class EmptyChart {
  private readonly chart = byId("chart-area");
  private readonly title = byId("chart-empty");
  private readonly detail = byId("chart-empty-detail");

  render(emptiness: Emptiness | null): void {
    setData(this.chart, "empty", String(emptiness !== null));
    setData(this.chart, "kind", emptiness?.kind ?? "");
    setText(this.title, emptiness?.title ?? "");
    setText(this.detail, emptiness?.detail ?? "");
  }
}
