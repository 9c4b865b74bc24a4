import type { Added } from "../chart/added";
import type { Chart } from "../chart/chart";
import type { Marker } from "../chart/markers";
import type { Headline } from "../feed/payloads";
import { titlesBetween } from "./signal-markers";

/** The markers of the headlines that name a symbol. */
export function headlineMarkers(headlines: readonly Headline[], symbol: string | null): Marker[] {
  return headlines
    .filter(({ symbols }) => symbol !== null && symbols.includes(symbol))
    .map(({ title, source, published, origin }) => {
      const from = origin === "simulated" ? `${source}, simulated` : source;
      const text = `${title}\n${from}`;
      return { time: published, side: "below", tone: "flat", glyph: "N", text };
    });
}

/** The headlines about the shown symbol, as markers on the chart. */
export class NewsMarkers {
  private headlines: readonly Headline[] = [];
  private markers: readonly Marker[] = [];
  private marked: Added | null = null;

  constructor(private readonly chart: Chart) {
    chart.on("source", () => this.mark());
  }

  show(headlines: readonly Headline[]): void {
    this.headlines = headlines;
    this.mark();
  }

  /** The headlines on the candle that begins at `start`, ms. */
  titlesAt(start: number): string[] {
    return titlesBetween(this.markers, start, start + this.chart.intervalMs);
  }

  private mark(): void {
    this.marked?.remove();
    this.markers = headlineMarkers(this.headlines, this.chart.symbol);
    this.marked = this.chart.addMarkers(this.markers);
  }
}
