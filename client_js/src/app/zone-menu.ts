import { byId, setText } from "../dom";
import { offsetText, type Zone } from "../format/zone";
import { type Offer, OfferList } from "./offer-list";
import { showExpanded } from "./popover";
import { keptZone, remember } from "./settings";

/** The menu of time zones: UTC, the browser's, the venue's, and all others by name. */
export class ZoneMenu {
  zone: Zone = keptZone();
  private venue: { zone: Zone; name: string } | null = null;
  private readonly button = byId("zone");
  private readonly panel = byId("zone-panel");

  constructor(private readonly onChange: (zone: Zone) => void) {
    new OfferList(this.panel, {
      search: "Search time zones",
      list: "Time zones",
      none: "No time zone matches.",
      offers: () => this.offers(),
    });
    showExpanded(this.button, this.panel);
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
    const all = [{ zone: "utc", name: "UTC", about: "" }, local, ...venue, ...named];
    return all.map(({ zone: each, name, about }) => {
      return { name, about, isChosen: each === this.zone, choose: () => this.choose(each) };
    });
  }

  private choose(zone: Zone): void {
    this.zone = zone;
    remember("zone", zone);
    this.label();
    this.panel.hidePopover();
    this.onChange(zone);
  }

  private label(): void {
    const names: Record<string, string> = { utc: "UTC", local: "Local time", exchange: "Exchange" };
    const name = names[this.zone] ?? this.zone.split("/").at(-1)?.replaceAll("_", " ") ?? "";
    setText(this.button, name);
    this.button.setAttribute("aria-label", `Time zone: ${name}`);
  }
}
