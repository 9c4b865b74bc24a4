/** The state of each node from the server's report and the connection. Pure. */
import { nsToMs } from "../feed/clock";
import type { HealthReport, ProcessName, ProcessReport } from "../feed/payloads";
import type { Status } from "../feed/status";
import { clock, span } from "../format/time";
import type { Zone } from "../format/zone";
import { NODES, type NodeName, STAGES } from "./stages";

export type NodeState = "up" | "late" | "down" | "unknown";

export interface NodeHealth {
  state: NodeState;
  /** Since when, in ms since the Unix epoch by the server machine's clock; null if not known. */
  since: number | null;
  /** Why, if the process or the page knows. */
  detail: string;
  rate: number | null;
  backlog: number;
  estimated: boolean;
  report: ProcessReport | null;
}

/** Silence, in ms, after which the server is late though the connection is open. */
const LATE_MS = 2500;

const UNKNOWN: NodeHealth = {
  state: "unknown",
  since: null,
  detail: "",
  rate: null,
  backlog: 0,
  estimated: false,
  report: null,
};

/** The latest report of the server, and what the page itself knows of the connection. */
export class Health {
  private report: HealthReport | null = null;
  private heardAt = Number.NEGATIVE_INFINITY;
  private status: Status = { state: "closed" };
  private statusSince = 0;

  /** Take a report at `now`, in ms by the server machine's clock. */
  take(report: HealthReport, now: number): void {
    this.report = report;
    this.heardAt = now;
  }

  forget(): void {
    this.report = null;
  }

  /** Take a change of the connection at `now`. */
  connection(status: Status, now: number): void {
    if (status.state !== this.status.state) this.statusSince = now;
    this.status = status;
  }

  get latest(): HealthReport | null {
    return this.report;
  }

  /** The state of a node at `now`; those of the page's own stages are up. */
  node(name: NodeName, now: number): NodeHealth {
    const { process, side } = STAGES[name];
    const isOpen = this.status.state === "open";
    if (name === "socket" || (name === "server" && !isOpen)) return this.connectionHealth();
    if (side === "browser") return { ...UNKNOWN, state: "up" };
    return process === null ? UNKNOWN : this.process(process, now);
  }

  /** The state of a process at `now`. */
  process(name: ProcessName, now: number): NodeHealth {
    const report = this.report?.processes.find((each) => each.name === name);
    if (report === undefined) return UNKNOWN;
    if (this.status.state !== "open") return { ...UNKNOWN, since: this.statusSince, report };
    const { detail, rate, backlog, estimated } = report;
    const known = { detail, rate, backlog, estimated, report };
    const isSilent = now - this.heardAt > LATE_MS;
    if (isSilent && name === "server") return { ...known, state: "late", since: this.heardAt };
    if (isSilent) return { ...known, state: "unknown", since: this.heardAt };
    return { ...known, state: report.state, since: nsToMs(report.since) };
  }

  private connectionHealth(): NodeHealth {
    const { state } = this.status;
    const since = this.statusSince;
    if (state === "open") return { ...UNKNOWN, state: "up", since };
    if (state === "connecting") return { ...UNKNOWN, state: "late", since, detail: "connecting" };
    return { ...UNKNOWN, state: "down", since, detail: "the connection is lost" };
  }
}

/** The state in a few words: "down for 12 s". */
export function stateText({ state, since }: NodeHealth, now: number): string {
  const ago = since === null ? "" : span(Math.max(now - since, 0));
  switch (state) {
    case "up":
      return "up";
    case "late":
      return ago === "" ? "late" : `silent for ${ago}`;
    case "down":
      return ago === "" ? "down" : `down for ${ago}`;
    case "unknown":
      return "not heard";
  }
}

/** A sentence for each node whose state differs from the one before; for a live region. */
export function changesOf(
  before: ReadonlyMap<NodeName, NodeState>,
  after: ReadonlyMap<NodeName, NodeHealth>,
  zone: Zone,
): string[] {
  return NODES.flatMap((name) => {
    const was = before.get(name);
    const is = after.get(name);
    if (is === undefined || was === undefined || was === is.state) return [];
    if (is.state !== "down" && !(is.state === "up" && was === "down")) return [];
    const at = is.since === null ? "" : ` since ${clock(is.since, zone)}`;
    return [`${STAGES[name].title} is ${is.state === "down" ? `down${at}` : "up again"}`];
  });
}
