import type { Added } from "../chart/added";
import type { Chart } from "../chart/chart";
import { byId, el } from "../dom";
import type { KernelIndicators } from "../indicators/kernel-indicators";
import { volumeProfile } from "../indicators/volume-profile";
import { recall, remember } from "./settings";

const ABOUT = "Volume by price of the visible candles; the darker part holds 70 % of it";

/** The indicator panel's switch for the volume profile. */
export class ProfileSwitch {
  private readonly box = el("input", "", { type: "checkbox", id: "volume-profile" });
  private drawn: Added | null = null;

  constructor(
    private readonly chart: Chart,
    private readonly kernels: KernelIndicators,
  ) {
    const text = el("span", "profile-text", {}, "Volume profile", el("small", "", {}, ABOUT));
    byId("indicator-panel").prepend(el("label", "profile-switch", {}, this.box, text));
    this.box.checked = recall("volume-profile") === "on";
    this.box.addEventListener("change", () => {
      remember("volume-profile", this.box.checked ? "on" : "off");
      this.apply();
    });
    this.apply();
  }

  private apply(): void {
    this.drawn?.remove();
    this.drawn = this.box.checked ? volumeProfile(this.chart, this.kernels) : null;
  }
}
