import { ClockEstimate, nsToMs, preciseNow } from "./clock";
import { STAMPS, type Trace } from "./payloads";
import type { Socket } from "./phoenix";
import { TopicSubscription } from "./subscription";

const FIRST_SAMPLES = 5;
const SAMPLE_EVERY_MS = 5000;

/** One sampled tick, on the server machine's clock. */
export interface TraceSample {
  trace: Trace;
  /** The stamps of the trace and its arrival here, in ms since the Unix epoch. */
  at: number[];
  /** Time from each stamp to the next, in ms: parse, write, read, encode, send, network. */
  steps: number[];
  /** Feed received to this client received, in ms. */
  total: number;
  /** Add to this client's clock to get the server machine's, in ms. */
  offset: number;
  /** The offset's greatest error, in ms. */
  offsetError: number;
}

export interface TraceHandlers {
  onTrace: (sample: TraceSample) => void;
  /** Called with the bytes that wait at the server to be sent to this client. */
  onBuffered?: (bytes: number) => void;
}

interface ClockReply {
  now: string;
  buffered: number;
}

/** Joins `pipeline:trace` and keeps an estimate of the server's clock by `clock` pushes. */
export class TraceFeed {
  private readonly clock = new ClockEstimate();
  private readonly subscription: TopicSubscription<unknown>;
  private timer: ReturnType<typeof setInterval>;

  constructor(
    socket: Socket,
    private readonly handlers: TraceHandlers,
    private readonly arrivedAt: () => number,
  ) {
    this.subscription = new TopicSubscription(socket, "pipeline:trace", {
      onJoin: () => this.restart(),
      events: {
        trace: (trace: Trace) => {
          if (this.clock.known) handlers.onTrace(this.measure(trace, this.arrivedAt()));
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
      const { now, buffered } = await this.subscription.push<ClockReply>("clock", {});
      this.clock.add(sent, this.arrivedAt(), nsToMs(now));
      this.handlers.onBuffered?.(buffered);
    } catch {
      // Without a reply there is no sample; the next one is only seconds away.
    }
  }

  private measure(trace: Trace, arrived: number): TraceSample {
    const { offset, roundTrip } = this.clock;
    const at = [...STAMPS.map((stamp) => nsToMs(trace[stamp])), arrived + offset];
    const steps = at.slice(1).map((time, index) => Math.max(time - at[index], 0));
    const total = Math.max(at[at.length - 1] - at[0], 0);
    return { trace, at, steps, total, offset, offsetError: roundTrip / 2 };
  }
}
