/// <reference types="vite/client" />
import chartStyles from "./chart.css?inline";

/** A place that style sheets can be adopted into. */
type Root = Document | ShadowRoot;

/** The sheets in use. An adopted sheet is allowed by any content security policy. */
const adopted = new Map<Root, { sheet: CSSStyleSheet; users: number }>();
let css = chartStyles;

/** Add the styles of a part that was loaded on demand, for all charts. */
export function addStyles(styles: string): void {
  if (css.includes(styles)) return;
  css += styles;
  for (const { sheet } of adopted.values()) sheet.replaceSync(css);
}

/** Keeps the styles adopted where an element is, as long as a chart there needs them. */
export class AdoptedStyles {
  private root: Root | null = null;

  constructor(private readonly element: Element) {}

  /** Adopt them where the element is now. */
  follow(): void {
    const { element } = this;
    const root = element.getRootNode() as Root;
    if (!element.isConnected || root === this.root) return;
    this.release();
    this.root = root;
    const shared = adopted.get(root) ?? { sheet: sheetFor(element), users: 0 };
    if (shared.users++ > 0) return;
    root.adoptedStyleSheets.push(shared.sheet);
    adopted.set(root, shared);
  }

  /** Take them away if no other chart there needs them. */
  release(): void {
    const { root } = this;
    const shared = root && adopted.get(root);
    this.root = null;
    if (!root || !shared || --shared.users > 0) return;
    adopted.delete(root);
    root.adoptedStyleSheets = root.adoptedStyleSheets.filter((each) => each !== shared.sheet);
  }
}

/** Sheets cannot be shared between documents. */
function sheetFor({ ownerDocument }: Element): CSSStyleSheet {
  const { CSSStyleSheet } = ownerDocument.defaultView ?? globalThis;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  return sheet;
}
