/// <reference types="vite/client" />
import css from "./chart.css?inline";

/** A place that style sheets can be adopted into. */
type Root = Document | ShadowRoot;

const sheets = new WeakMap<Document, CSSStyleSheet>();
const users = new WeakMap<Root, number>();

/**
 * Adopt chart.css into the document or shadow root that an element is in; returns the function that
 * takes it away again when no other chart there needs it. An adopted sheet is allowed by any
 * content security policy.
 */
export function adoptStyles(element: Element): () => void {
  const root = element.getRootNode() as Root;
  const sheet = sheetFor(element.ownerDocument);
  users.set(root, (users.get(root) ?? 0) + 1);
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets.push(sheet);
  return () => {
    const left = (users.get(root) ?? 1) - 1;
    users.set(root, left);
    if (left > 0) return;
    root.adoptedStyleSheets = root.adoptedStyleSheets.filter((each) => each !== sheet);
  };
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
