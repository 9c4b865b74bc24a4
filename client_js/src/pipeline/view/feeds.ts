import { ElementPool, el, setData, setHidden, setText } from "../../dom";
import { nsToMs } from "../../feed/clock";
import type { FeedReport } from "../../feed/payloads";
import { clock, span } from "../../format/time";
import type { Zone } from "../../format/zone";
import type { PipelineState } from "../state";

/** How the lamps of the pipeline show the state of a feed. */
const LAMPS = { up: "up", stale: "late", down: "down", unknown: "unknown" } as const;

/** The feeds: the dataset of each or what is wrong with it, its state, its standbys and gaps. */
export class Feeds {
  readonly element = el("ul", "others feeds", { "aria-label": "Feeds" });
  private readonly rows = new ElementPool(() => this.element.appendChild(makeRow()));

  render(state: PipelineState, now: number, zone: Zone): void {
    const feeds = state.health.latest?.feeds ?? [];
    if (setHidden(this.element, feeds.length === 0)) return;
    this.rows.show(feeds, (row, feed) => {
      const [name, text, more] = row.querySelectorAll("span");
      setData(row, "state", LAMPS[feed.state]);
      setText(name, `Feed ${feed.number}`);
      setText(text, feedText(feed, now + state.offset, zone));
      setText(more, feedFigures(feed));
    });
  }
}

function makeRow(): HTMLLIElement {
  const lamp = el("i", "node-lamp", { "aria-hidden": "true" });
  const spans = ["feeds-name", "others-state", "feeds-more"].map((name) => el("span", name));
  return el("li", "others-row", {}, lamp, ...spans);
}

/** The state of a feed in words: "GLBX.MDP3, up since 13:30:05". */
export function feedText({ state, since, detail }: FeedReport, now: number, zone: Zone): string {
  const at = nsToMs(since);
  const word = state === "unknown" ? "not heard" : state;
  const when = at > 0 ? ` since ${clock(at, zone)}` : "";
  const age = at > 0 && state !== "up" ? ` (${span(Math.max(now - at, 0))})` : "";
  return `${detail === "" ? "" : `${detail}, `}${word}${when}${age}`;
}

/** Its figures: "1 standby, 2 gaps"; a feed that does not tell its gaps has none to show. */
export function feedFigures({ rate, standbys, gaps }: FeedReport): string {
  const parts = [`${Math.round(rate).toLocaleString("en-US")} records/s`];
  parts.push(standbys === 0 ? "no standby" : counted(standbys, "standby"));
  if (gaps !== undefined) parts.push(gaps === 0 ? "no gaps" : counted(gaps, "gap"));
  return parts.join(", ");
}

function counted(count: number, noun: string): string {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}
