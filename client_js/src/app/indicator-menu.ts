import { IndicatorError, titleOf } from "../compute/params";
import { INDICATORS, type IndicatorName, specOf } from "../compute/registry";
import { byId, el, setText } from "../dom";
import type { Choice } from "../indicators/series";
import { findSymbol } from "./choice";
import { numberField, sourceField, symbolField } from "./indicator-fields";
import { type IndicatorSet, paramsOf } from "./indicator-set";
import { releaseFocusOnClose, showExpanded } from "./popover";

/** The page as the menu sees it, and the requests of the menu to the page. */
export interface MenuHandlers {
  /** The symbols of the market, and the one that the chart shows. */
  symbols(): Iterable<string>;
  shownSymbol(): string | null;
  /** An indicator was added or changed. */
  onChange(choice: Choice): void;
  onRemove(id: string): void;
  /** Called after each of these. */
  onEdited(): void;
}

const NAMES = Object.keys(INDICATORS) as IndicatorName[];

/** The indicator panel: those on the chart with their parameters, and those that can be added. */
export class IndicatorMenu {
  private readonly button = byId("indicators");
  private readonly panel = byId("indicator-panel");
  private readonly search = el("input", "", {
    type: "search",
    placeholder: "Add an indicator",
    "aria-label": "Search indicators",
    autocomplete: "off",
    spellcheck: "false",
    // Receives the focus as soon as the panel opens.
    autofocus: "",
  });
  private readonly chosen = el("ul", "chosen-list", { "aria-label": "Indicators on the chart" });
  private readonly offers = el("div", "offer-list", { role: "group", "aria-label": "To add" });
  private readonly none = el("p", "empty", {}, "No indicator matches.");
  private readonly symbols = el("datalist", "", { id: "indicator-symbols" });

  constructor(
    private readonly set: IndicatorSet,
    private readonly handlers: MenuHandlers,
  ) {
    const search = el("div", "search", {}, this.search);
    this.panel.append(this.chosen, search, this.offers, this.none, this.symbols);
    this.offers.append(...NAMES.map((name) => this.offer(name)));
    this.search.addEventListener("input", () => this.filter());
    this.panel.addEventListener("keydown", (event) => this.key(event));
    showExpanded(this.button, this.panel);
    this.panel.addEventListener("beforetoggle", () => {
      this.offerSymbols();
      this.filter();
    });
    releaseFocusOnClose(this.panel);
    this.filter();
  }

  /** Show the chosen indicators. */
  render(): void {
    const { all } = this.set;
    this.chosen.replaceChildren(...all.map((choice) => this.row(choice)));
    this.chosen.hidden = all.length === 0;
    this.offerSymbols();
    this.button.dataset["count"] = all.length > 0 ? String(all.length) : "";
  }

  open(): void {
    this.panel.showPopover();
  }

  private add(name: IndicatorName): void {
    const other = specOf(name).other === undefined ? {} : { symbol: this.otherSymbol() };
    this.handlers.onChange(this.set.add(name, other));
    this.handlers.onEdited();
    this.render();
  }

  private remove(id: string): void {
    const at = this.set.all.findIndex((each) => each.id === id);
    this.set.remove(id);
    this.handlers.onRemove(id);
    this.handlers.onEdited();
    this.render();
    // Move the focus to the next button, so that it is not lost.
    const buttons = this.chosen.querySelectorAll<HTMLElement>(".chosen-remove");
    (buttons[Math.min(at, buttons.length - 1)] ?? this.search).focus();
  }

  /** Some other symbol than the one shown, to begin with. */
  private otherSymbol(): string {
    const shown = this.handlers.shownSymbol() ?? "";
    const all = [...this.handlers.symbols()].sort();
    return all.find((each) => each !== shown) ?? shown;
  }

  private offer(name: IndicatorName): HTMLElement {
    const { title, about } = specOf(name);
    const short = el("span", "offer-title", {}, title);
    const full = el("span", "offer-about", {}, about);
    const button = el("button", "offer", { type: "button", "data-name": name }, short, full);
    button.addEventListener("click", () => this.add(name));
    return button;
  }

  private row({ id, resolved, color }: Choice): HTMLElement {
    const { title, about, params, source } = specOf(resolved.name);
    const paint = el("input", "chosen-color", { type: "color", "aria-label": `${title}: colour` });
    paint.value = color;
    const error = el("p", "chosen-error", { role: "alert" });
    const name = el("span", "chosen-name", { "data-tip": about, tabindex: "0" }, titleOf(resolved));
    const fields = el("span", "chosen-fields");
    const given: Record<string, unknown> = { ...paramsOf(resolved) };
    const edit = (): void => {
      try {
        const choice = this.set.change(id, given, paint.value);
        setText(error, "");
        if (choice === null) return;
        setText(name, titleOf(choice.resolved));
        this.handlers.onChange(choice);
        this.handlers.onEdited();
      } catch (problem) {
        if (!(problem instanceof IndicatorError)) throw problem;
        setText(error, problem.message);
      }
    };
    for (const [key, spec] of Object.entries(params)) {
      fields.append(
        numberField(spec, resolved.numbers[key], (value) => {
          given[key] = value;
          edit();
        }),
      );
    }
    if (source !== undefined) {
      fields.append(
        sourceField(resolved.source ?? source, (value) => {
          given["source"] = value;
          edit();
        }),
      );
    }
    if (resolved.symbol !== null) {
      fields.append(
        symbolField(resolved.symbol, this.symbols.id, (typed) => {
          const found = findSymbol(this.handlers.symbols(), typed);
          if (found === null) {
            setText(error, `There is no symbol "${typed}" in this market.`);
            return typed;
          }
          given["symbol"] = found;
          edit();
          return found;
        }),
      );
    }
    paint.addEventListener("input", edit);
    const label = `Remove ${titleOf(resolved)}`;
    const remove = el(
      "button",
      "icon-button chosen-remove",
      { type: "button", "aria-label": label },
      "✕",
    );
    remove.addEventListener("click", () => this.remove(id));
    return el("li", "chosen", { "data-id": id }, paint, name, fields, remove, error);
  }

  /** Offer the market's symbols where one is to be chosen. */
  private offerSymbols(): void {
    const isWanted = this.set.all.some(({ resolved }) => resolved.symbol !== null);
    const symbols = isWanted ? [...this.handlers.symbols()].sort() : [];
    if (symbols.length === this.symbols.childElementCount) return;
    this.symbols.replaceChildren(...symbols.map((each) => el("option", "", { value: each })));
  }

  private filter(): void {
    const wanted = this.search.value.trim().toLowerCase();
    // One of two symbols cannot be added while there is none.
    const hasSymbols = this.otherSymbol() !== "";
    let shown = 0;
    for (const offer of this.buttons()) {
      const name = offer.dataset["name"] as IndicatorName;
      const isFound = `${offer.textContent} ${name}`.toLowerCase().includes(wanted);
      offer.hidden = !isFound || (specOf(name).other !== undefined && !hasSymbols);
      if (!offer.hidden) shown++;
    }
    this.none.hidden = shown > 0;
  }

  private buttons(): HTMLElement[] {
    return [...this.offers.querySelectorAll<HTMLElement>(".offer")];
  }

  /**
   * Arrow keys walk through the list, Enter in the search field adds the first match, Escape
   * closes.
   */
  private key(event: KeyboardEvent): void {
    const shown = this.buttons().filter(({ hidden }) => !hidden);
    const at = shown.indexOf(document.activeElement as HTMLElement);
    const inSearch = document.activeElement === this.search;
    // A search field would handle Escape itself and only clear its text.
    if (event.key === "Escape") this.panel.hidePopover();
    else if (event.key === "Enter" && inSearch) shown[0]?.click();
    else if (event.key === "ArrowDown" && (inSearch || at !== -1)) shown[at + 1]?.focus();
    else if (event.key === "ArrowUp" && at !== -1) (shown[at - 1] ?? this.search).focus();
    else return;
    event.preventDefault();
  }
}
