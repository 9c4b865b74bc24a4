import type { Added } from "./added";
import type { Coordinates } from "./coordinates";
import { Level } from "./invalidate";
import type { Marker, Markers } from "./markers";

/** The markers of a chart. Many have none: the code that draws them is loaded with the first. */
export class MarkerHost {
  private readonly lists = new Set<readonly Marker[]>();
  private markers: Markers | null = null;

  /** `request` asks for a frame; `onFailure` is called with a sentence if they cannot be drawn. */
  constructor(
    private readonly parent: HTMLElement,
    private readonly request: (level: Level) => void,
    private readonly onFailure: (reason: string) => void,
  ) {}

  /** Add markers on candles. */
  add(markers: readonly Marker[]): Added {
    this.lists.add(markers);
    if (markers.length > 0) void this.show();
    return {
      remove: () => {
        this.lists.delete(markers);
        this.request(Level.Cursor);
      },
    };
  }

  /** Place the markers of the candles in view. */
  place(coordinates: Coordinates): void {
    this.markers?.place([...this.lists].flat(), coordinates);
  }

  private async show(): Promise<void> {
    try {
      const { Markers } = await import("./markers");
      this.markers ??= new Markers(this.parent);
      this.request(Level.Cursor);
    } catch (error) {
      this.onFailure(`Markers cannot be drawn: ${String(error)}`);
    }
  }
}
