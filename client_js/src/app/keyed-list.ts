/**
 * The children of an element, made from a list of items. An item that is still the same keeps its
 * element, and with it the focus.
 */
export class KeyedList<Item> {
  private shown = new Map<string, { version: unknown; element: HTMLElement }>();

  constructor(
    private readonly parent: HTMLElement,
    private readonly keyOf: (item: Item) => string,
    private readonly make: (item: Item) => HTMLElement,
  ) {}

  /** Show `items` in order; `versionOf` gives a value that changes whenever the item's element would. */
  show(items: readonly Item[], versionOf: (item: Item) => unknown): void {
    const before = this.shown;
    this.shown = new Map();
    for (const item of items) {
      const key = this.keyOf(item);
      const version = versionOf(item);
      const known = before.get(key);
      const element =
        known !== undefined && known.version === version ? known.element : this.make(item);
      this.shown.set(key, { version, element });
    }
    const wanted = [...this.shown.values()].map(({ element }) => element);
    for (const child of [...this.parent.children]) {
      if (!wanted.includes(child as HTMLElement)) child.remove();
    }
    wanted.forEach((element, index) => {
      const at = this.parent.children[index];
      // Elements that are there already stay where they are: moving one would take its focus.
      if (at !== element) this.parent.insertBefore(element, at ?? null);
    });
  }
}
