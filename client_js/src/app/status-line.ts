import type { RendererName } from "../chart/renderers/renderer";
import { byId, setText } from "../dom";
import type { Recovery } from "../feed/cursor";
import type { Delivery, Missed } from "../feed/payloads";
import { latency, span } from "../format/time";

const RENDERERS: Record<RendererName, string> = { webgpu: "WebGPU", canvas2d: "Canvas2D" };
/** After this long without a trade, the line shows the time since the last one. */
const QUIET_MS = 3000;

export interface StatusFigures {
  position: string | null;
  ticksPerSecond: number;
  latencyMs: number | null;
  candles: number;
  renderer: RendererName | null;
  /** ms since the last trade of any symbol; null before the first. */
  quietMs: number | null;
}

/** The status line at the foot of the page. */
export class StatusLine {
  private readonly parts = {
    position: byId("status-position"),
    event: byId("status-event"),
    age: byId("status-age"),
    rate: byId("status-rate"),
    latency: byId("status-latency"),
    candles: byId("status-candles"),
    renderer: byId("status-renderer"),
  };

  render(figures: StatusFigures): void {
    const { parts } = this;
    setText(parts.position, figures.position ?? "—");
    setText(parts.rate, Math.round(figures.ticksPerSecond).toLocaleString("en-US"));
    setText(parts.latency, figures.latencyMs === null ? "—" : latency(figures.latencyMs));
    setText(parts.candles, figures.candles.toLocaleString("en-US"));
    setText(parts.renderer, figures.renderer === null ? "—" : RENDERERS[figures.renderer]);
    const { quietMs } = figures;
    const isQuiet = quietMs !== null && quietMs > QUIET_MS;
    setText(parts.age, isQuiet ? `last trade ${span(quietMs)} ago` : "");
  }

  recovery(recovery: Recovery): void {
    if (recovery.recovered) this.say("good", "Resumed without a gap");
    else if (recovery.missed === null)
      this.say("bad", "Could not resume: the earlier history is gone");
    else this.say("bad", `Missed positions ${recovery.missed.from} to ${recovery.missed.to}`);
  }

  gap({ from, to }: Missed): void {
    this.say("bad", `Gap: positions ${from} to ${to} are lost`);
  }

  delivery({ state, merged }: Delivery): void {
    if (state === "conflated") this.say("bad", "This page is too slow: trades are merged");
    else this.say("good", `Caught up; trades that came merged: ${merged.toLocaleString("en-US")}`);
  }

  /** Show a message until the next one replaces it. */
  say(tone: "good" | "bad", text: string): void {
    this.parts.event.dataset["tone"] = tone;
    setText(this.parts.event, text);
  }
}
