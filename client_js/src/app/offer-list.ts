import { el } from "../dom";

/** One row of a list to choose from. */
export interface Offer {
  name: string;
  /** Found by these words, too. */
  about: string;
  isChosen: boolean;
  choose(): void;
}

/** Offers whose name or description holds all words of the search, in any case. */
export function matching<T extends { name: string; about: string }>(
  offers: readonly T[],
  search: string,
): T[] {
  const words = search.toLowerCase().replaceAll("_", " ").split(/\s+/);
  return offers.filter(({ name, about }) => {
    const text = `${name} ${about}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

export interface OfferListOptions {
  /** The label of the search field, and that of the list. */
  search: string;
  list: string;
  /** The sentence where nothing is found. */
  none: string;
  /** Rows at most; a search narrows them down. */
  most?: number;
  offers(): readonly Offer[];
}

/** A search field over a list of buttons, in a panel: Enter chooses the first, arrow keys walk. */
export class OfferList {
  private readonly list: HTMLElement;
  private readonly none: HTMLElement;
  private readonly search: HTMLInputElement;

  constructor(
    private readonly panel: HTMLElement,
    private readonly options: OfferListOptions,
  ) {
    const { search, list, none } = options;
    this.list = el("div", "offer-list", { role: "group", "aria-label": list });
    this.none = el("p", "empty", {}, none);
    this.search = el("input", "", {
      type: "search",
      placeholder: search,
      "aria-label": search,
      autocomplete: "off",
      spellcheck: "false",
      autofocus: "",
    });
    panel.append(el("div", "search", {}, this.search), this.list, this.none);
    this.search.addEventListener("input", () => this.render());
    panel.addEventListener("keydown", (event) => this.key(event));
    panel.addEventListener("toggle", ({ newState }) => {
      // Text that was typed before this event stays.
      if (newState === "closed") this.search.value = "";
      else this.render();
    });
  }

  /** Show which offers are chosen now. */
  refresh(): void {
    const chosen = new Set(
      this.options.offers().flatMap((each) => (each.isChosen ? each.name : [])),
    );
    for (const button of this.list.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(chosen.has(button.dataset["name"] ?? "")));
    }
  }

  private render(): void {
    const { offers, most } = this.options;
    const found = matching(offers(), this.search.value).slice(0, most);
    this.list.replaceChildren(...found.map((offer) => row(offer)));
    this.none.hidden = found.length > 0;
  }

  private key(event: KeyboardEvent): void {
    const rows = [...this.list.querySelectorAll("button")];
    const at = rows.indexOf(event.target as HTMLButtonElement);
    // A search field would handle Escape itself and only clear its text.
    if (event.key === "Escape") this.panel.hidePopover();
    else if (event.key === "Enter" && event.target === this.search) rows[0]?.click();
    else if (event.key === "ArrowDown") (rows[at + 1] ?? rows[at])?.focus();
    else if (event.key === "ArrowUp") (rows[at - 1] ?? this.search).focus();
    else return;
    event.preventDefault();
  }
}

function row({ name, about, isChosen, choose }: Offer): HTMLElement {
  const button = el(
    "button",
    "offer",
    { type: "button", "aria-pressed": String(isChosen), "data-name": name },
    el("span", "offer-title", {}, name),
    el("span", "offer-about", {}, about),
  );
  button.addEventListener("click", choose);
  return button;
}
