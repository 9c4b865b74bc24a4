/**
 * The connection's state for the user, as a pure reducer: events in, new state out.
 *
 *   connecting --open--> open --drop--> reconnecting --open--> open
 *   connecting --drop--> reconnecting      any --stop--> closed
 */
export type Status =
  | { state: "connecting" }
  | { state: "open" }
  /**
   * The next attempt begins at `retryAt` (ms since the epoch); `tries` were made since it was open.
   */
  | { state: "reconnecting"; retryAt: number; tries: number }
  | { state: "closed" };

export type StatusEvent =
  | { type: "start" }
  | { type: "open" }
  | { type: "drop"; retryAt: number; tries: number }
  | { type: "stop" };

export function nextStatus(status: Status, event: StatusEvent): Status {
  switch (event.type) {
    case "start":
      return status.state === "closed" ? { state: "connecting" } : status;
    case "open":
      return { state: "open" };
    case "drop":
      if (status.state === "closed") return status;
      return { state: "reconnecting", retryAt: event.retryAt, tries: event.tries };
    case "stop":
      return { state: "closed" };
  }
}

const STEPS_MS = [200, 500, 1000, 2000, 3000];

/**
 * Wait before attempt number `tries` (from 1), in ms. `random` in [0, 1) spreads it by a fifth each
 * way, so that the clients of a failed server do not all reconnect at the same moment.
 */
export function backoff(tries: number, random: number): number {
  const step = STEPS_MS[Math.min(tries, STEPS_MS.length) - 1] ?? 200;
  return step * (0.8 + 0.4 * random);
}
