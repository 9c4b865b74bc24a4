import { byId, el } from "../chart/dom";
import type { Headline } from "../feed/payloads";
import { minute, type Zone } from "../format/time";

const KEPT = 50;

/** The newest headlines, newest on top. */
export class News {
  private readonly list = byId("news-list");
  private readonly empty = byId("news-empty");
  private headlines: Headline[] = [];
  private stale = false;

  constructor(private readonly onSymbol: (symbol: string) => void) {}

  /** Replace all, newest last. */
  reset(headlines: readonly Headline[]): void {
    this.headlines = [...headlines].reverse().slice(0, KEPT);
    this.stale = true;
  }

  push(headline: Headline): void {
    if (this.headlines.some(({ id }) => id === headline.id)) return;
    this.headlines = [headline, ...this.headlines].slice(0, KEPT);
    this.stale = true;
  }

  /** Draw all again, as in another zone. */
  restyle(): void {
    this.stale = true;
  }

  render(zone: Zone): void {
    if (!this.stale) return;
    this.stale = false;
    this.empty.hidden = this.headlines.length > 0;
    this.list.replaceChildren(...this.headlines.map((each) => this.item(each, zone)));
  }

  private item({ title, summary, url, source, published, symbols }: Headline, zone: Zone): Element {
    const time = el("time", "", { datetime: new Date(published).toISOString() });
    time.textContent = minute(published, zone);
    const tags = symbols.map((symbol) => this.tag(symbol));
    const meta = el("div", "news-meta", {}, time, el("span", "news-source", {}, source), ...tags);
    const heading = isWebAddress(url)
      ? el("a", "news-title", { href: url, target: "_blank", rel: "noopener noreferrer" }, title)
      : el("span", "news-title", {}, title);
    if (summary !== "") heading.title = summary;
    return el("li", "news-item", {}, meta, heading);
  }

  private tag(symbol: string): Element {
    const tag = el("button", "news-tag", { type: "button" }, symbol);
    tag.addEventListener("click", () => this.onSymbol(symbol));
    return tag;
  }
}

/** A feed may carry any address; only the web's are made into links. */
function isWebAddress(url: string): boolean {
  return /^https?:\/\//i.test(url);
}
