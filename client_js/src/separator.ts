import { el } from "./dom";

/** CSS pixels that an arrow key moves a bar. */
const STEP_PX = 16;

/** The keys that move a bar back and forth, by its orientation. */
const ARROWS = {
  vertical: ["ArrowLeft", "ArrowRight"],
  horizontal: ["ArrowUp", "ArrowDown"],
} as const;

export interface SeparatorOptions {
  className: string;
  /** "vertical" between two columns, "horizontal" between two rows. */
  orientation: keyof typeof ARROWS;
  /** -1 if the value shrinks as the bar moves right or down; 1 by default. */
  sign?: 1 | -1;
  /** Called with a value, within the limits. */
  onMove(value: number): void;
  /** Called to go back to the first value. */
  onReset(): void;
  /** Called when a movement is complete. */
  onDone(): void;
}

/** A size beside a bar, and its limits, in CSS pixels. */
export interface SeparatorState {
  /** The bar's accessible name. */
  label: string;
  value: number;
  least: number;
  most: number;
}

/**
 * A bar that moves the border between two areas: dragged, or by arrow keys, with Home and End as far
 * as it goes. A double click, Enter or Delete resets it.
 */
export class Separator {
  readonly element: HTMLElement;
  private state: SeparatorState = { label: "", value: 0, least: 0, most: 0 };
  /** The ARIA attributes as they are set. */
  private readonly told = new Map<string, string>();
  private drag: { from: number; value: number } | null = null;

  constructor(private readonly options: SeparatorOptions) {
    const { className, orientation } = options;
    this.element = el("div", className, {
      role: "separator",
      tabindex: "0",
      "aria-orientation": orientation,
    });
    this.listen();
  }

  show(state: SeparatorState): void {
    const { label, value, least, most } = state;
    this.state = state;
    this.tell("label", label);
    this.tell("valuenow", String(Math.round(value)));
    this.tell("valuemin", String(Math.round(least)));
    this.tell("valuemax", String(Math.round(most)));
  }

  private tell(name: string, text: string): void {
    if (this.told.get(name) === text) return;
    this.told.set(name, text);
    this.element.setAttribute(`aria-${name}`, text);
  }

  private listen(): void {
    const { element } = this;
    element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      element.setPointerCapture(event.pointerId);
      this.drag = { from: this.along(event), value: this.state.value };
    });
    element.addEventListener("pointermove", (event) => {
      const { drag } = this;
      if (drag === null || !element.hasPointerCapture(event.pointerId)) return;
      this.move(drag.value + this.sign * (this.along(event) - drag.from));
    });
    element.addEventListener("lostpointercapture", () => {
      this.drag = null;
      this.options.onDone();
    });
    element.addEventListener("dblclick", () => this.reset());
    element.addEventListener("keydown", (event) => this.key(event));
  }

  private get sign(): number {
    return this.options.sign ?? 1;
  }

  private along({ clientX, clientY }: PointerEvent): number {
    return this.options.orientation === "vertical" ? clientX : clientY;
  }

  private move(wanted: number): void {
    const { label, least, most } = this.state;
    const value = Math.min(Math.max(wanted, least), most);
    this.show({ label, value, least, most });
    this.options.onMove(value);
  }

  private reset(): void {
    this.options.onReset();
    this.options.onDone();
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { value, least, most } = this.state;
    const step = this.sign * STEP_PX;
    const [back, forth] = ARROWS[this.options.orientation];
    const wanted = { [back]: value - step, [forth]: value + step, Home: least, End: most }[
      event.key
    ];
    if (wanted === undefined && event.key !== "Enter" && event.key !== "Delete") return;
    event.preventDefault();
    event.stopPropagation();
    if (wanted === undefined) this.reset();
    else {
      this.move(wanted);
      this.options.onDone();
    }
  }
}
