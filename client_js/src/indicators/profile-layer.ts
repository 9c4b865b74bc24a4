import type { Palette, Rgb } from "../chart/color";
import type { ChartLayer, LayerFrame } from "../chart/layers";
import { mix } from "../chart/line-pen";
import { packColor } from "../chart/rect-batch";
import type { VolumeProfile } from "../compute/volume-profile";

/** Shares of the axis text's colour in bars outside and inside the value area, and in the fullest. */
const OUTSIDE = 0.16;
const INSIDE = 0.34;
const FULLEST = 0.75;
/** Bars at least this high have a gap of a pixel between them. */
const GAP_FROM_PX = 4;

/** Draws a volume profile behind the candles, from one edge of the pane. */
export class ProfileLayer implements ChartLayer {
  profile: VolumeProfile | null = null;

  /** `share`: that of the pane's width which the fullest bin takes. */
  constructor(
    private readonly side: "left" | "right",
    private readonly share: number,
  ) {}

  draw({ under, coordinates, palette, width, height }: LayerFrame): void {
    const { profile } = this;
    if (profile === null || Number.isNaN(profile.peak)) return;
    const { volumes, lowest, step, peak } = profile;
    const scale = (width * this.share) / volumes[peak];
    const rowOf = (bin: number) =>
      Math.round(coordinates.priceToY(lowest + bin * step) * coordinates.ratio);
    for (let bin = 0; bin < volumes.length; bin++) {
      const length = Math.round(volumes[bin] * scale);
      const top = Math.max(rowOf(bin + 1), 0);
      const rows = Math.min(rowOf(bin), height) - top;
      if (length <= 0 || rows <= 0) continue;
      const x = this.side === "right" ? width - length : 0;
      const gap = rows >= GAP_FROM_PX ? 1 : 0;
      under.push(x, top, length, rows - gap, packColor(toneOf(profile, bin, palette)));
    }
  }
}

function toneOf({ peak, first, last }: VolumeProfile, bin: number, palette: Palette): Rgb {
  const within = bin >= first && bin <= last ? INSIDE : OUTSIDE;
  return mix(palette.axisText, palette.background, bin === peak ? FULLEST : within);
}
