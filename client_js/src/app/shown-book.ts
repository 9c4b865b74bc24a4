import type { Book } from "../feed/payloads";
import type { BookPanel } from "./book-panel";

/** The order book of the selected symbol, and its panel, which is loaded apart from the page. */
export class ShownBook {
  private panel: BookPanel | null = null;
  private book: Book | null = null;
  /** Whether the server has told of the symbol's book. */
  private told = false;
  private stale = true;
  private decimals = 0;

  constructor(onLoaded: () => void) {
    void import("./book-panel").then(({ BookPanel }) => {
      this.panel = new BookPanel();
      onLoaded();
    });
  }

  /** Forget the book of another symbol. */
  clear(): void {
    this.book = null;
    this.told = false;
    this.stale = true;
  }

  /** Take the present book; null if the feed has none of the symbol. */
  set(book: Book | null): void {
    this.book = book;
    this.told = true;
    this.stale = true;
  }

  /** Draw the book, if it has changed, with prices of `decimals` digits. */
  render(decimals: number): void {
    if (this.panel === null || (!this.stale && decimals === this.decimals)) return;
    this.stale = false;
    this.decimals = decimals;
    this.panel.render(this.book, this.told, decimals);
  }
}
