/** Make an element with a class, attributes and children. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = "",
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className !== "") element.className = className;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Set an element's text if it differs: setting the same text would still cost a layout. */
export function setText(element: HTMLElement, text: string): void {
  const { firstChild } = element;
  if (firstChild?.nodeType !== Node.TEXT_NODE || firstChild.nextSibling !== null) {
    if (element.textContent !== text) element.textContent = text;
  } else if (firstChild.nodeValue !== text) {
    // A new node would cost a recalculation of style too.
    firstChild.nodeValue = text;
  }
}

/** Hide or show an element if it is not so yet, as setting it again costs a style; returns `hidden`. */
export function setHidden(element: HTMLElement, hidden: boolean): boolean {
  if (element.hidden !== hidden) element.hidden = hidden;
  return hidden;
}

/** Set a data attribute if it differs. */
export function setData(element: HTMLElement, name: string, value: string): void {
  if (element.dataset[name] !== value) element.dataset[name] = value;
}

/** Move an element by CSS pixels if it is elsewhere. */
export function moveTo(element: HTMLElement, x: number, y: number): void {
  const transform = `translate(${x}px, ${y}px)`;
  if (element.style.transform !== transform) element.style.transform = transform;
}

/** As many elements as are needed at a time; those that are not are hidden. */
export class ElementPool<E extends HTMLElement = HTMLElement> {
  private readonly elements: E[] = [];

  constructor(private readonly make: () => E) {}

  /** The elements that are shown, in the order of their items. */
  get shown(): E[] {
    return this.elements.filter(({ hidden }) => !hidden);
  }

  /** Show an element for each item, filled by `fill`. */
  show<T>(items: readonly T[], fill: (element: E, item: T) => void): void {
    while (this.elements.length < items.length) this.elements.push(this.make());
    this.elements.forEach((element, k) => {
      if (!setHidden(element, k >= items.length)) fill(element, items[k]);
    });
  }
}

/** Return an element of the page that must exist. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element as T;
}
