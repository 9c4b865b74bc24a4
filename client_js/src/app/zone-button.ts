import { byId, setText } from "../dom";
import type { Zone } from "../format/time";
import { keptZone, remember } from "./settings";

/** The button that switches between UTC and the browser's time zone. */
export class ZoneButton {
  zone: Zone = keptZone();
  private readonly element = byId("zone");

  constructor(onChange: (zone: Zone) => void) {
    this.element.addEventListener("click", () => {
      this.zone = this.zone === "utc" ? "local" : "utc";
      remember("zone", this.zone);
      this.show();
      onChange(this.zone);
    });
    this.show();
  }

  private show(): void {
    setText(this.element, this.zone === "utc" ? "UTC" : "Local time");
    this.element.setAttribute("aria-label", `Time zone: ${this.element.textContent}`);
  }
}
