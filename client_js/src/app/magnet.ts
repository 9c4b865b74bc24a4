import type { Chart } from "../chart/chart";
import { recall, remember } from "./settings";

/** Tell whether the magnet was on at the last visit. */
export function keptMagnet(): boolean {
  return recall("magnet") === "on";
}

/** The chart's magnet, switched by key; its state is told in words, and kept. */
export class Magnet {
  constructor(
    private readonly chart: Chart,
    onDone: (told: string) => void,
  ) {
    chart.on("magnet", (isOn) => {
      remember("magnet", isOn ? "on" : "off");
      onDone(isOn ? "Magnet on: nearest open, high, low or close" : "Magnet off");
    });
  }

  toggle(): void {
    this.chart.setMagnet(!this.chart.magnet);
  }
}
