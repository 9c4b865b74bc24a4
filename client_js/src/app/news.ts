import { byId, el } from "../dom";
import type { Headline, HeadlineSentiment } from "../feed/payloads";
import { minute, type Zone } from "../format/time";
import { Edge } from "../models/edge";
import { sentimentChip } from "./sentiment-chip";

const KEPT = 50;
/** Delay before a headline is scored in the browser: the server's sentiment may follow shortly. */
const WAIT_MS = 2000;

/** The latest headlines, newest on top, each with its sentiment. */
export class News {
  private readonly list = byId("news-list");
  private readonly empty = byId("news-empty");
  private readonly edge = new Edge();
  /** Sentiments computed in the browser, by headline id; null while pending. */
  private readonly own = new Map<string, HeadlineSentiment | null>();
  private headlines: Headline[] = [];
  private stale = false;

  constructor(private readonly onSymbol: (symbol: string) => void) {}

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

  /** Redraw everything, for example in another time zone. */
  restyle(): void {
    this.stale = true;
  }

  render(zone: Zone): void {
    if (!this.stale) return;
    this.stale = false;
    this.empty.hidden = this.headlines.length > 0;
    this.list.replaceChildren(...this.headlines.map((each) => this.item(each, zone)));
  }

  private item(headline: Headline, zone: Zone): Element {
    const { title, summary, url, source, published, symbols } = headline;
    const time = el("time", "", { datetime: new Date(published).toISOString() });
    time.textContent = minute(published, zone);
    const tags = symbols.map((symbol) => this.tag(symbol));
    const meta = el("div", "news-meta", {}, time, el("span", "news-source", {}, source));
    meta.append(...this.chip(headline), ...tags);
    const heading = isWebAddress(url)
      ? el("a", "news-title", { href: url, target: "_blank", rel: "noopener noreferrer" }, title)
      : el("span", "news-title", {}, title);
    if (summary !== "") heading.title = summary;
    return el("li", "news-item", {}, meta, heading);
  }

  private chip({ id, sentiment }: Headline): Element[] {
    if (sentiment) return [sentimentChip(sentiment, "server")];
    const own = this.own.get(id);
    return own ? [sentimentChip(own, "browser")] : [];
  }

  private tag(symbol: string): Element {
    const tag = el("button", "news-tag", { type: "button" }, symbol);
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
