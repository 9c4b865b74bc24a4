import { byId, el, setText } from "../dom";
import { offsetText, type Zone } from "../format/zone";
import { showExpanded } from "./popover";
import { keptZone, remember } from "./settings";

/** A zone on offer. */
interface Offer {
  zone: Zone;
  name: string;
  /** Found by these words, too. */
  about: string;
}

/** Zones whose name or description holds all words of the search, in any case. */
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

/** The menu of time zones: UTC, the browser's, the venue's, and all others by name. */
export class ZoneMenu {
  zone: Zone = keptZone();
  private venue: { zone: Zone; name: string } | null = null;
  private readonly button = byId("zone");
  private readonly panel = byId("zone-panel");
  private readonly list = el("div", "offer-list", { role: "group", "aria-label": "Time zones" });
  private readonly none = el("p", "empty", {}, "No time zone matches.");
  private readonly search = el("input", "", {
    type: "search",
    placeholder: "Search time zones",
    "aria-label": "Search time zones",
    autocomplete: "off",
    spellcheck: "false",
    autofocus: "",
  });

  constructor(private readonly onChange: (zone: Zone) => void) {
    this.panel.append(el("div", "search", {}, this.search), this.list, this.none);
    this.search.addEventListener("input", () => this.render());
    this.panel.addEventListener("keydown", (event) => this.key(event));
    showExpanded(this.button, this.panel);
    this.panel.addEventListener("toggle", ({ newState }) => {
      if (newState === "open") this.opened();
    });
    this.label();
  }

  open(): void {
    this.panel.showPopover();
  }

  /** The venue of the symbol shown; null if its zone is not known. */
  setVenue(name: string | null | undefined, zone: string | null | undefined): void {
    this.venue = zone == null ? null : { zone, name: name ?? "Exchange" };
    this.label();
  }

  private opened(): void {
    this.search.value = "";
    this.render();
  }

  private render(): void {
    const found = matching(this.offers(), this.search.value);
    this.list.replaceChildren(...found.map((offer) => this.row(offer)));
    this.none.hidden = found.length > 0;
  }

  private offers(): Offer[] {
    const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
    const now = Date.now();
    const named = Intl.supportedValuesOf("timeZone").map((zone) => {
      return { zone, name: zone.replaceAll("_", " "), about: offsetText(now, zone) };
    });
    const local = { zone: "local", name: "Local time", about: timeZone };
    const { zone = null, name = "" } = this.venue ?? {};
    const venue =
      zone === null ? [] : [{ zone: "exchange", name: "Exchange", about: `${name}, ${zone}` }];
    return [{ zone: "utc", name: "UTC", about: "" }, local, ...venue, ...named];
  }

  private row({ zone, name, about }: Offer): HTMLElement {
    const pressed = String(zone === this.zone);
    const button = el(
      "button",
      "offer",
      { type: "button", "aria-pressed": pressed },
      el("span", "offer-title", {}, name),
      el("span", "offer-about", {}, about),
    );
    button.addEventListener("click", () => this.choose(zone));
    return button;
  }

  private choose(zone: Zone): void {
    this.zone = zone;
    remember("zone", zone);
    this.label();
    this.panel.hidePopover();
    this.onChange(zone);
  }

  /** Enter chooses the first; the arrow keys move through the list. */
  private key(event: KeyboardEvent): void {
    const rows = [...this.list.querySelectorAll("button")];
    const at = rows.indexOf(event.target as HTMLButtonElement);
    if (event.key === "Enter" && at === -1) rows[0]?.click();
    else if (event.key === "ArrowDown") (rows[at + 1] ?? rows[at])?.focus();
    else if (event.key === "ArrowUp") (rows[at - 1] ?? this.search).focus();
    else return;
    event.preventDefault();
  }

  private label(): void {
    const names: Record<string, string> = { utc: "UTC", local: "Local time", exchange: "Exchange" };
    const name = names[this.zone] ?? this.zone.split("/").at(-1)?.replaceAll("_", " ") ?? "";
    setText(this.button, name);
    this.button.setAttribute("aria-label", `Time zone: ${name}`);
  }
}
