import { byId, el, setText } from "../dom";
import type { Headline, HeadlineSentiment, Origin } from "../feed/payloads";
import { minute } from "../format/time";
import type { Zone } from "../format/zone";
import { Edge } from "../models/edge";
import { Roving } from "../roving";
import { KeyedList } from "./keyed-list";
import { originNote } from "./origin-note";
import { sentimentChip } from "./sentiment-chip";
import { explainBy } from "./tip";

const KEPT = 50;
/** Delay before a headline is scored in the browser: the server's sentiment may follow shortly. */
const WAIT_MS = 2000;

/** The latest headlines, newest on top, each with its sentiment. */
export class News {
  private readonly list = byId("news-list");
  private readonly empty = byId("news-empty");
  private readonly origin = byId("news-origin");
  private readonly edge = new Edge();
  /** Sentiments computed in the browser, by headline id; null while pending. */
  private readonly own = new Map<string, HeadlineSentiment | null>();
  private headlines: Headline[] = [];
  private readonly items: KeyedList<Headline>;
  private readonly roving: Roving;
  private zone: Zone = "utc";
  private ticksOrigin: Origin | null = null;
  private stale = false;

  constructor(private readonly onSymbol: (symbol: string) => void) {
    this.items = new KeyedList(
      this.list,
      ({ id }) => id,
      (headline) => this.item(headline),
    );
    const items = "a.news-title, .news-title[data-tip], .news-tag, .news-sentiment";
    this.roving = new Roving(this.list, { items, rows: ".news-item" });
  }

  /** The headlines shown, newest first. */
  get latest(): readonly Headline[] {
    return this.headlines;
  }

  /** Replace all headlines, newest last. */
  reset(headlines: readonly Headline[]): void {
    this.headlines = [...headlines].reverse().slice(0, KEPT);
    this.headlines.forEach((headline) => {
      this.expectSentiment(headline);
    });
    this.stale = true;
  }

  /** Add a headline, or replace it if it comes again with its sentiment. */
  push(headline: Headline): void {
    const at = this.headlines.findIndex(({ id }) => id === headline.id);
    if (at >= 0) this.headlines[at] = headline;
    else this.headlines = [headline, ...this.headlines].slice(0, KEPT);
    this.expectSentiment(headline);
    this.stale = true;
  }

  /** Set the origin of the prices, beside which the headlines are shown. */
  setTicksOrigin(origin: Origin | null): void {
    this.ticksOrigin = origin;
    this.stale = true;
  }

  render(zone: Zone): void {
    if (!this.stale && zone === this.zone) return;
    this.stale = false;
    this.zone = zone;
    this.empty.hidden = this.headlines.length > 0;
    setText(this.origin, originNote(this.headlines, this.ticksOrigin));
    this.origin.hidden = this.origin.textContent === "";
    this.items.show(this.headlines, (headline) => this.versionOf(headline));
    this.roving.refresh();
  }

  private versionOf({ id, title, sentiment }: Headline): string {
    return JSON.stringify([this.zone, title, sentiment ?? this.own.get(id) ?? null]);
  }

  private item(headline: Headline): HTMLElement {
    const { title, summary, url, source, published, symbols } = headline;
    const time = el("time", "", { datetime: new Date(published).toISOString() });
    time.textContent = minute(published, this.zone);
    const tags = symbols.map((symbol) => this.tag(symbol));
    const meta = el("div", "news-meta", {}, time, el("span", "news-source", {}, source));
    meta.append(...this.chip(headline), ...tags);
    const heading = isWebAddress(url)
      ? el("a", "news-title", { href: url, target: "_blank", rel: "noopener noreferrer" }, title)
      : el("span", "news-title", {}, title);
    if (summary !== "") explainBy(heading, summary);
    return el("li", "news-item", {}, meta, heading);
  }

  private chip({ id, sentiment }: Headline): Element[] {
    if (sentiment) return [sentimentChip(sentiment, "server")];
    const own = this.own.get(id);
    return own ? [sentimentChip(own, "browser")] : [];
  }

  private tag(symbol: string): Element {
    const label = `Show ${symbol}`;
    const tag = el("button", "news-tag", { type: "button", "aria-label": label }, symbol);
    tag.addEventListener("click", () => this.onSymbol(symbol));
    return tag;
  }

  private expectSentiment({ id, sentiment }: Headline): void {
    if (sentiment || this.own.has(id)) return;
    this.own.set(id, null);
    setTimeout(() => void this.scoreHere(id), WAIT_MS);
  }

  private async scoreHere(id: string): Promise<void> {
    const headline = this.headlines.find((each) => each.id === id);
    if (headline === undefined || headline.sentiment) {
      this.own.delete(id);
      return;
    }
    this.own.set(id, await this.edge.score(headline.title));
    this.stale = true;
    this.forget();
  }

  private forget(): void {
    const shown = new Set(this.headlines.map(({ id }) => id));
    for (const id of this.own.keys()) if (!shown.has(id)) this.own.delete(id);
  }
}

/** Only http and https addresses become links: a feed may contain any scheme. */
function isWebAddress(url: string): boolean {
  return /^https?:\/\//i.test(url);
}
