import { ClockEstimate, nsToMs, preciseNow } from "./clock";
import { HOPS, type Trace } from "./payloads";
import type { Socket } from "./phoenix";
import { TopicSubscription } from "./subscription";

const FIRST_SAMPLES = 5;
const SAMPLE_EVERY_MS = 5000;

/** The latency of one sampled tick: ms from each hop to the next. */
export interface TraceSample {
  trace: Trace;
  /** parse, store, read, send, network to here, in ms */
  steps: number[];
  /** Feed received to this client received, in ms. */
  total: number;
}

export interface TraceHandlers {
  onTrace: (sample: TraceSample) => void;
}

/** Joins `pipeline:trace` and keeps an estimate of the server's clock by `clock` pushes. */
export class TraceFeed {
  private readonly clock = new ClockEstimate();
  private readonly subscription: TopicSubscription<unknown>;
  private timer: ReturnType<typeof setInterval>;

  constructor(socket: Socket, handlers: TraceHandlers) {
    this.subscription = new TopicSubscription(socket, "pipeline:trace", {
      onJoin: () => this.restart(),
      events: {
        trace: (trace: Trace) => {
          if (this.clock.known) handlers.onTrace(this.measure(trace, preciseNow()));
        },
      },
    });
    this.timer = setInterval(() => this.sample(), SAMPLE_EVERY_MS);
  }

  leave(): void {
    clearInterval(this.timer);
    this.subscription.leave();
  }

  private async restart(): Promise<void> {
    this.clock.clear();
    for (let i = 0; i < FIRST_SAMPLES; i++) await this.sample();
  }

  private async sample(): Promise<void> {
    if (!this.subscription.joined) return;
    const sent = preciseNow();
    try {
      const { now } = await this.subscription.push<{ now: string }>("clock", {});
      this.clock.add(sent, preciseNow(), nsToMs(now));
    } catch {
      // Without a reply there is no sample; the next one is only seconds away.
    }
  }

  private measure(trace: Trace, now: number): TraceSample {
    const at = [...HOPS.map((hop) => nsToMs(trace[hop])), now + this.clock.offset];
    const steps = at.slice(1).map((time, index) => Math.max(time - at[index], 0));
    return { trace, steps, total: Math.max(at[at.length - 1] - at[0], 0) };
  }
}
