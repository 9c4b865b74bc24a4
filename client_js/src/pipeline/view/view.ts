import { el, setText } from "../../dom";
import { preciseNow } from "../../feed/clock";
import { latency } from "../../format/time";
import type { Zone } from "../../format/zone";
import { changesOf, type NodeState } from "../health";
import type { Journey } from "../journey";
import { Motion, slowdownFor } from "../motion";
import { NODES, type NodeName } from "../stages";
import type { PipelineState } from "../state";
import { Details } from "./details";
import { Diagram } from "./diagram";
import { Feeds } from "./feeds";
import { Follow } from "./follow";
import { Others } from "./others";
import { Trades } from "./trades";

/** Time between two updates of the figures, in ms. */
const FIGURES_MS = 250;
/** Time that a trade is shown hop by hop before the next, unless the user chose it, in ms. */
const CALM_MS = 3000;

/**
 * The pipeline, drawn: diagram, sampled trades, one trade hop by hop and one stage in full. It works
 * only between `show` and `hide`, and in a visible tab.
 */
export class PipelineView {
  private readonly motion = new Motion();
  private readonly diagram = new Diagram((name) => this.choose(name));
  private readonly trades = new Trades((journey) => this.follow(journey));
  private readonly followed = new Follow();
  private readonly details = new Details();
  private readonly feeds = new Feeds();
  private readonly others = new Others();
  private readonly total = el("b", "pipeline-latency");
  private readonly pace = el("span", "pipeline-pace");
  private readonly news = el("p", "pipeline-changes", { role: "status", "aria-live": "polite" });
  private readonly still = matchMedia("(prefers-reduced-motion: reduce)");
  private readonly states = new Map<NodeName, NodeState>();
  private node: NodeName = "kernel";
  private journey: Journey | null = null;
  private isChosen = false;
  private isShown = false;
  private frame = 0;
  private followedAt = Number.NEGATIVE_INFINITY;
  private drawnAt = Number.NEGATIVE_INFINITY;

  constructor(
    element: HTMLElement,
    private readonly state: PipelineState,
    private readonly zone: () => Zone,
  ) {
    const lead = el("p", "pipeline-lead", {}, this.total, " from feed to page", this.pace);
    const lower = el("div", "pipeline-lower", {}, this.trades.element, this.followed.element);
    const { details, feeds, others } = this;
    const aside = [details, feeds, others].map((part) => part.element);
    lower.append(el("div", "pipeline-aside", {}, ...aside));
    element.append(lead, this.diagram.element, this.news, lower);
    new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width > 0) this.diagram.resize(contentRect.width);
    }).observe(this.diagram.element);
    state.onJourney((journey) => this.arrive(journey));
    this.choose(this.node);
  }

  show(): void {
    if (this.isShown) return;
    this.isShown = true;
    this.drawnAt = Number.NEGATIVE_INFINITY;
    this.next();
  }

  hide(): void {
    this.isShown = false;
    this.motion.clear();
    cancelAnimationFrame(this.frame);
  }

  /** Follow a tick from now on. */
  follow(journey: Journey): void {
    this.journey = journey;
    this.isChosen = true;
    if (this.isShown && !this.still.matches) this.motion.start(journey, performance.now());
    this.drawnAt = Number.NEGATIVE_INFINITY;
  }

  private choose(name: NodeName): void {
    this.node = name;
    this.diagram.choose(name);
    this.drawnAt = Number.NEGATIVE_INFINITY;
  }

  private arrive(journey: Journey): void {
    if (!this.isShown) return;
    if (!this.isChosen && this.isNext(journey)) {
      this.journey = journey;
      this.followedAt = performance.now();
    }
    if (!this.still.matches && !document.hidden) this.motion.start(journey, performance.now());
  }

  /** True if a journey is to be shown now: one to the screen, if there are any. */
  private isNext({ price, isPresented }: Journey): boolean {
    if (price === null) return false;
    const shown = this.journey;
    if (shown === null || (isPresented && !shown.isPresented)) return true;
    return performance.now() - this.followedAt > CALM_MS && isPresented === shown.isPresented;
  }

  // A hidden tab has no animation frames, so nothing is drawn in one.
  private next(): void {
    this.frame = requestAnimationFrame((now) => {
      if (!this.isShown) return;
      if (now - this.drawnAt >= FIGURES_MS) {
        this.drawnAt = now;
        this.figures(preciseNow());
      }
      this.diagram.move(this.motion.dots(now), this.isChosen ? (this.journey?.id ?? null) : null);
      this.next();
    });
  }

  private figures(now: number): void {
    const { state } = this;
    const zone = this.zone();
    state.lastHops.settle(now);
    const median = state.latency(now);
    this.motion.slowdown = slowdownFor(state.watchTime(now) ?? 10);
    setText(this.total, median === null ? "—" : latency(median));
    setText(this.pace, this.still.matches ? "" : paceText(this.motion.slowdown));
    this.diagram.light(this.still.matches && this.journey !== null);
    this.diagram.render(state, now);
    this.trades.render(state.trades(), this.isChosen ? (this.journey?.id ?? null) : null, zone);
    this.followed.render(this.journey, zone);
    this.details.render(this.node, state, now, zone);
    this.feeds.render(state, now, zone);
    this.others.render(state, now);
    this.announce(now);
  }

  private announce(now: number): void {
    const healths = new Map(NODES.map((name) => [name, this.state.node(name, now)]));
    const changes = changesOf(this.states, healths, this.zone());
    for (const [name, { state }] of healths) {
      // A node on its way down or up is told of once it is there.
      if (state === "up" || state === "down" || !this.states.has(name))
        this.states.set(name, state);
    }
    if (changes.length > 0) setText(this.news, changes.join(". "));
  }
}

function paceText(slowdown: number): string {
  if (slowdown === 1) return ", median of the last minute; the dots move at its pace";
  const times = slowdown.toLocaleString("en-US");
  return `, median of the last minute; the dots are slowed down ${times} times`;
}
