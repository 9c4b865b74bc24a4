/**
 * The stages of the pipeline and the hops between them: names, places and explanations. The text is
 * for the reader of the page; docs/pipeline.md says more.
 */
import type { ProcessName, ServerHop } from "../feed/payloads";

export const NODES = [
  "feed",
  "kernel",
  "redis",
  "server",
  "socket",
  "store",
  "compute",
  "gpu",
] as const;
export type NodeName = (typeof NODES)[number];

/** The hops of a tick, in their order. */
export const HOPS = [
  "venue",
  "parse",
  "write",
  "read",
  "encode",
  "send",
  "network",
  "fold",
  "compute",
  "present",
] as const;
export type Hop = (typeof HOPS)[number];

export interface Stage {
  title: string;
  /** The machine on which it runs. */
  side: "server" | "browser";
  /** The process whose report is shown at this node. */
  process: ProcessName | null;
  /** The hops that end here; the first one's figures are shown at the node. */
  hops: readonly [Hop, ...Hop[]];
  /** The unit of its rate. */
  unit: string;
  /** Name of the waiting items after a number, one and many; null if nothing can wait here. */
  waiting: readonly [string, string] | null;
  about: string;
}

export const STAGES: Readonly<Record<NodeName, Stage>> = {
  feed: {
    title: "Feed",
    side: "server",
    process: "feed",
    hops: ["venue"],
    unit: "records/s",
    waiting: ["tick", "ticks"],
    about:
      "The live gateway sends records of the market. The time from the venue's own stamp until ingest has the bytes is shown for a live feed; the stamps of a recording are older.",
  },
  kernel: {
    title: "Kernel",
    side: "server",
    process: "ingest",
    hops: ["parse"],
    unit: "ticks/s",
    waiting: ["write", "writes"],
    about:
      "Ingest parses the bytes in place with a compiled kernel, which also folds ticks into bars, and keeps each write until Redis acknowledges it.",
  },
  redis: {
    title: "Redis",
    side: "server",
    process: "redis",
    hops: ["read", "write"],
    unit: "ticks/s",
    waiting: ["tick unread", "ticks unread"],
    about:
      "Entries of up to 256 ticks go into a stream with explicit ids, so that nothing is stored twice or lost, and each server process reads them from there.",
  },
  server: {
    title: "Server",
    side: "server",
    process: "server",
    hops: ["encode", "send"],
    unit: "frames/s",
    waiting: ["subscription catching up", "subscriptions catching up"],
    about:
      "Ticks are encoded once for all clients with the same view, then written to their sockets in the same step of the event loop.",
  },
  socket: {
    title: "Socket",
    side: "browser",
    process: null,
    hops: ["network"],
    unit: "messages/s",
    waiting: ["byte to send", "bytes to send"],
    about:
      "The message crosses the network to this page. The two machines' clocks are compared every few seconds; the hop is exact to half of the shortest round trip.",
  },
  store: {
    title: "Store",
    side: "browser",
    process: null,
    hops: ["fold"],
    unit: "ticks/s",
    waiting: null,
    about: "The message is decoded and folded into the page's candles, prices and positions.",
  },
  compute: {
    title: "Compute",
    side: "browser",
    process: null,
    hops: ["compute"],
    unit: "results/s",
    waiting: null,
    about:
      "Indicators of the changed bar are computed in a worker by the server's own kernels, compiled to WebAssembly.",
  },
  gpu: {
    title: "GPU",
    side: "browser",
    process: null,
    hops: ["present"],
    unit: "frames/s",
    waiting: null,
    about:
      "The next frame draws the change. The stamp is taken in the first task after that frame, when the browser has handed it on for display.",
  },
};

export const HOP_TITLES: Readonly<Record<Hop, string>> = {
  venue: "Venue to feed",
  parse: "Parse",
  write: "Send to Redis",
  read: "Through Redis",
  encode: "Encode",
  send: "Write to sockets",
  network: "Network",
  fold: "Fold into the store",
  compute: "Compute indicators",
  present: "Present the frame",
};

/** Hops whose quantiles the server reports over all its samples. */
export function serverHop(hop: Hop): ServerHop | null {
  switch (hop) {
    case "parse":
    case "write":
    case "read":
    case "encode":
    case "send":
      return hop;
    default:
      return null;
  }
}
