import type { HealthReport } from "../feed/payloads";
import type { Status } from "../feed/status";
import type { TraceSample } from "../feed/trace";
import { RateCounter } from "../store/rate";
import { Ring } from "../store/ring";
import { Health, type NodeHealth } from "./health";
import type { Journey } from "./journey";
import { LastHops } from "./last-hops";
import { LastMinute, type Quantiles } from "./last-minute";
import { HOPS, type Hop, type NodeName, serverHop } from "./stages";

const JOURNEYS = 48;
const NS_PER_MS = 1e6;

/** The page's knowledge of the pipeline, drawn by its panels and its page. */
export class PipelineState {
  readonly health = new Health();
  readonly lastHops = new LastHops((journey) => this.arrive(journey));
  readonly journeys = new Ring<Journey>(JOURNEYS);
  /** Bytes that wait at the server for this page. */
  buffered = 0;
  /** Add to the page's clock to get the server machine's, in ms. */
  offset = 0;
  private readonly times = new Map<Hop, LastMinute>(HOPS.map((hop) => [hop, new LastMinute()]));
  private readonly totals = new LastMinute();
  private readonly presented = new LastMinute();
  private readonly rates = new Map<NodeName, RateCounter>();
  private readonly listeners = new Set<(journey: Journey) => void>();

  /** Call `listener` with each journey when it is over. */
  onJourney(listener: (journey: Journey) => void): void {
    this.listeners.add(listener);
  }

  /** Count events that the page sees at a node. */
  count(name: NodeName, now: number, events = 1): void {
    let counter = this.rates.get(name);
    if (counter === undefined) {
      counter = new RateCounter();
      this.rates.set(name, counter);
    }
    counter.add(now, events);
  }

  /** Take a trace that arrived at `now`, in ms since the Unix epoch by the page's clock. */
  trace(sample: TraceSample, now: number): void {
    this.offset = sample.offset;
    this.totals.add(now, sample.total);
    this.lastHops.trace(sample, now);
  }

  report(report: HealthReport, now: number): void {
    this.health.take(report, now + this.offset);
  }

  /** Forget the last report, as no others will follow. */
  forgetReport(): void {
    this.health.forget();
  }

  connection(status: Status, now: number): void {
    this.health.connection(status, now + this.offset);
  }

  /** Median ms from the feed to the page over the last minute; null before the first trace. */
  latency(now: number): number | null {
    return this.totals.quantiles(now)?.p50 ?? null;
  }

  /** Median ms from the feed to the screen; null before the first tick that was presented. */
  watchTime(now: number): number | null {
    return this.presented.quantiles(now)?.p50 ?? null;
  }

  /** The traced trades, newest first. */
  trades(): Journey[] {
    const found: Journey[] = [];
    for (let age = 0; age < this.journeys.size; age++) {
      const journey = this.journeys.newest(age);
      if (journey !== undefined && journey.price !== null) found.push(journey);
    }
    return found;
  }

  /** The quantiles of a hop in ms: the server's, over all its samples, or those of the traces. */
  quantiles(hop: Hop, now: number): Quantiles | null {
    const name = serverHop(hop);
    const own = this.times.get(hop)?.quantiles(now) ?? null;
    const reported = name === null ? undefined : this.health.latest?.hops[name];
    if (reported === undefined || reported.count === 0) return own;
    const { p50, p99, count } = reported;
    return { p50: p50 / NS_PER_MS, p99: p99 / NS_PER_MS, count };
  }

  /** The course of a hop over the last minute, for a sparkline. */
  points(hop: Hop, now: number): (number | null)[] {
    return this.times.get(hop)?.points(now) ?? [];
  }

  /** The state of a node, with the rates and backlogs that the page itself measures. */
  node(name: NodeName, now: number): NodeHealth {
    const found = this.health.node(name, now + this.offset);
    const rate = this.rates.get(name)?.perSecond(now) ?? found.rate;
    return name === "socket" ? { ...found, rate, backlog: this.buffered } : { ...found, rate };
  }

  private arrive(journey: Journey): void {
    this.journeys.push(journey);
    const at = journey.began - this.offset;
    for (const { hop, took } of journey.legs) this.times.get(hop)?.add(at, took);
    if (journey.isPresented) this.presented.add(at, journey.total);
    for (const listener of this.listeners) listener(journey);
  }
}
