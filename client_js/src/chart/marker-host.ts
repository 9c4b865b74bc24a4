import type { Added } from "./added";
import type { Coordinates } from "./coordinates";
import { Level } from "./invalidate";
import type { Layers } from "./layers";
import type { Marker } from "./markers";
import type { Marks } from "./marks";
import type { Scaffold } from "./scaffold";

/** Markers and labels of layers. Many charts have none: their code is loaded with the first. */
export class MarkerHost {
  private readonly lists = new Set<readonly Marker[]>();
  private marks: Marks | null = null;
  private isAsked = false;

  /** `request` asks for a frame; `onFailure` is called with a sentence if they cannot be drawn. */
  constructor(
    private readonly scaffold: Scaffold,
    private readonly layers: Layers,
    private readonly request: (level: Level) => void,
    private readonly onFailure: (reason: string) => void,
  ) {}

  /** Add markers on candles. */
  add(markers: readonly Marker[]): Added {
    const redraw = () => this.request(Level.Cursor);
    this.lists.add(markers);
    redraw();
    return {
      remove: () => {
        this.lists.delete(markers);
        redraw();
      },
    };
  }

  /** Place those in sight. */
  place(coordinates: Coordinates): void {
    if (!this.isAsked && this.lists.size + this.layers.all.size > 0) void this.load();
    this.marks?.place([...this.lists].flat(), coordinates);
  }

  private async load(): Promise<void> {
    this.isAsked = true;
    try {
      const { Marks } = await import("./marks");
      this.marks = new Marks(this.scaffold, this.layers);
      this.request(Level.Cursor);
    } catch (error) {
      this.onFailure(`Markers cannot be drawn: ${String(error)}`);
    }
  }
}
