import { preciseNow } from "../feed/clock";
import type { MarketFeed } from "../feed/feed";
import type { Candle, Tick } from "../feed/payloads";
import type { TopicSubscription } from "../feed/subscription";
import type { Surface } from "./last-hops";
import { PipelineState } from "./state";

const MESSAGES_MS = 250;

/** Stamps what happens in the page, and joins the topics of the pipeline. */
export class PipelineProbe {
  readonly state = new PipelineState();
  private health: TopicSubscription<unknown> | null = null;
  private timer: ReturnType<typeof setInterval> | null = null;
  private messages = 0;

  /** `hasLists` tells if the page shows the trades of all symbols. */
  constructor(
    private readonly feed: MarketFeed,
    hasLists: boolean,
  ) {
    this.state.lastHops.hasLists = hasLists;
    feed.trace({
      onTrace: (sample) => this.state.trace(sample, feed.arrivedAt),
      onBuffered: (bytes) => {
        this.state.buffered = bytes;
      },
    });
    feed.onStatus((status) => this.state.connection(status, preciseNow()));
  }

  /** Follow the state of the processes until `rest`. */
  watch(): void {
    if (this.health !== null) return;
    this.health = this.feed.health((report) => this.state.report(report, preciseNow()));
    this.messages = this.feed.messages;
    this.timer = setInterval(() => this.countMessages(), MESSAGES_MS);
  }

  rest(): void {
    this.health?.leave();
    this.health = null;
    this.state.forgetReport();
    if (this.timer !== null) clearInterval(this.timer);
  }

  /** The chart shows another symbol. */
  show(symbol: string | null): void {
    this.state.lastHops.symbol = symbol;
  }

  /** The page has taken a trade. */
  took({ id }: Tick): void {
    const now = preciseNow();
    if (this.state.lastHops.tick(id, this.feed.arrivedAt, now)) this.state.count("store", now);
  }

  /** A candle of the chart is in the store; `computes` tells if indicators are computed from it. */
  folded({ symbol, id }: Candle, computes: boolean): void {
    this.state.lastHops.computes = computes;
    this.state.lastHops.folded(symbol, id, preciseNow());
  }

  /** Results of the worker are here. */
  computed(): void {
    const now = preciseNow();
    this.state.count("compute", now);
    this.state.lastHops.computed(now);
  }

  /** A frame was drawn: its pixels are presented when the next task runs. */
  drawn(surface: Surface): void {
    const begun = preciseNow();
    afterFrame(() => {
      const now = preciseNow();
      if (surface === "chart") this.state.count("gpu", now);
      this.state.lastHops.presented(surface, begun, now);
    });
  }

  private countMessages(): void {
    const { messages } = this.feed;
    this.state.count("socket", preciseNow(), messages - this.messages);
    this.messages = messages;
  }
}

const channel = new MessageChannel();
const waiting: (() => void)[] = [];
channel.port1.onmessage = () => {
  for (const callback of waiting.splice(0)) callback();
};

/** Call back in the first task after the animation frame that is being handled. */
function afterFrame(callback: () => void): void {
  waiting.push(callback);
  if (waiting.length === 1) channel.port2.postMessage(null);
}
