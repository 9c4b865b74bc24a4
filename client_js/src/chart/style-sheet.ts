/// <reference types="vite/client" />
import css from "./chart.css?inline";

/** A place that style sheets can be adopted into. */
type Root = Document | ShadowRoot;

const sheets = new WeakMap<Document, CSSStyleSheet>();
const users = new WeakMap<Root, number>();

/**
 * Keeps chart.css adopted in the document or shadow root that an element is in, as long as a chart
 * there needs it. An adopted sheet is allowed by any content security policy.
 */
export class AdoptedStyles {
  private adopted: { root: Root; sheet: CSSStyleSheet } | null = null;

  constructor(private readonly element: Element) {}

  /** Adopt it where the element is now. */
  follow(): void {
    const { element } = this;
    const root = element.getRootNode() as Root;
    if (!element.isConnected || root === this.adopted?.root) return;
    this.release();
    const sheet = sheetFor(element.ownerDocument);
    this.adopted = { root, sheet };
    users.set(root, (users.get(root) ?? 0) + 1);
    if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets.push(sheet);
  }

  /** Take it away if no other chart there needs it. */
  release(): void {
    if (this.adopted === null) return;
    const { root, sheet } = this.adopted;
    this.adopted = null;
    const left = (users.get(root) ?? 1) - 1;
    users.set(root, left);
    if (left > 0) return;
    root.adoptedStyleSheets = root.adoptedStyleSheets.filter((each) => each !== sheet);
  }
}

/** Sheets cannot be shared between documents. */
function sheetFor(document: Document): CSSStyleSheet {
  let sheet = sheets.get(document);
  if (sheet === undefined) {
    const { CSSStyleSheet } = document.defaultView ?? globalThis;
    sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    sheets.set(document, sheet);
  }
  return sheet;
}
