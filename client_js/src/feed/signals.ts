/** The models' events, as docs/topics.md and docs/signals.md define them. */

import type { Origin } from "./payloads";

interface Said {
  id: string;
  symbol: string;
  /** Time of the tick, or of the end of the bar, in ms. */
  timestamp: number;
  model: string;
}

/** The probable direction of the price, with its confidence interval, base rate and cost. */
export interface Direction extends Said {
  kind: "direction";
  says: "up" | "down" | "no edge";
  probability: number;
  base_rate: number;
  n: number;
  interval: [number, number];
  expected_net_bp: number;
  cost_bp: number;
  horizon: string;
  /** Where the prices come from; null if that is not known. */
  origin?: Origin | null;
}

/** One of the user's rules began to hold. */
export interface RuleHeld extends Said {
  kind: "rule";
  name: string;
  when: string;
  interval: string;
  values: Record<string, number>;
}

/** An unusual return, volume, spread or pause. */
export interface Anomaly extends Said {
  feature: string;
  score: number;
  [detail: string]: unknown;
}

/** A candlestick or chart pattern. */
export interface Pattern extends Said {
  name: string;
  interval: string;
  direction: string | number;
  quality?: number;
  [detail: string]: unknown;
}

/** One event of `signals:<SYMBOL>`, with its name. */
export type SignalEvent =
  | ({ event: "signal" } & (Direction | RuleHeld))
  | ({ event: "anomaly" } & Anomaly)
  | ({ event: "pattern" } & Pattern);

export interface SignalHandlers {
  /** Called at each join with the latest signals, newest last. */
  onLatest?: (signals: SignalEvent[]) => void;
  onSignal?: (signal: SignalEvent) => void;
}
