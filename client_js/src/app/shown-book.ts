import type { Book, PublisherQuotes } from "../feed/payloads";
import type { BookPanel } from "./book-panel";
import { OnDemand } from "./on-demand";

/** The order book of the selected symbol, and its panel, which is loaded apart from the page. */
export class ShownBook {
  private readonly panel: OnDemand<BookPanel>;
  private book: Book | null = null;
  private quotes: PublisherQuotes | null = null;
  /** True once the server has told of the symbol's book. */
  private told = false;
  private stale = true;
  private decimals = 0;

  /** `onLoaded` is called once the book can be drawn. */
  constructor(onLoaded: () => void, onFailure: (reason: string) => void) {
    this.panel = new OnDemand(
      async () => new (await import("./book-panel")).BookPanel(),
      "The order book cannot be drawn",
      onFailure,
    );
    this.panel.use(onLoaded);
  }

  /** Forget the book of another symbol. */
  clear(): void {
    this.book = null;
    this.quotes = null;
    this.told = false;
    this.stale = true;
  }

  /** Take the present book; null if the feed has none of the symbol. */
  set(book: Book | null): void {
    this.book = book;
    this.told = true;
    this.stale = true;
  }

  /** Take the present quotes of each publisher; null if there is one at most. */
  setQuotes(quotes: PublisherQuotes | null): void {
    this.quotes = quotes;
    this.stale = true;
  }

  /** Draw the book, if it has changed, with prices of `decimals` digits. */
  render(decimals: number): void {
    const panel = this.panel.now;
    if (panel === null || (!this.stale && decimals === this.decimals)) return;
    this.stale = false;
    this.decimals = decimals;
    panel.render(this.book, this.told, decimals);
    panel.renderVenues(this.quotes, decimals);
  }
}
