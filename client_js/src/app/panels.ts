import { checkedHeights, type PaneHeights } from "../chart/pane-heights";
import { el } from "../dom";
import { recall, remember } from "./settings";
import { WIDTHS, type Width, widthSplitter } from "./splitter";

/** Up to this width the symbols are in a drawer. */
const NARROW = "(max-width: 1180px)";

/** The arrangement that is kept between visits. */
interface Layout {
  folded: string[];
  widths: Partial<Record<Width, number>>;
  /** True if the symbols are in a drawer on a wide page, too. */
  drawer: boolean;
  /** Heights of the chart's panes, as shares of its own. */
  panes: PaneHeights;
}

/**
 * The panels around the chart: folded or not, as wide as the user made them, and on a small screen
 * one at a time, as a sheet that a tab opens. The arrangement is kept.
 */
export class Panels {
  private readonly main = document.getElementsByTagName("main")[0];
  private readonly narrow = matchMedia(NARROW);
  private readonly layout = keptLayout();
  private openedBy: HTMLElement | null = null;

  constructor() {
    for (const panel of document.querySelectorAll<HTMLElement>("[data-panel]")) this.equip(panel);
    for (const tab of openers()) {
      tab.setAttribute("aria-expanded", "false");
      tab.setAttribute("aria-controls", panelOf(tab.dataset["opens"] ?? "").id);
      tab.addEventListener("click", () => this.toggle(tab.dataset["opens"] ?? "", tab));
    }
    this.split("watch", "Width of the symbols");
    this.split("side", "Width of the panels");
    this.narrow.addEventListener("change", () => this.arrange());
    document.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("pointerdown", ({ target }) => this.closeDrawer(target));
    this.arrange();
  }

  /** The name of the open sheet or drawer; empty if none is open. */
  get sheet(): string {
    return this.main.dataset["sheet"] ?? "";
  }

  /** Heights of the chart's panes as they were kept. */
  get paneHeights(): PaneHeights {
    return this.layout.panes;
  }

  keepPaneHeights(heights: PaneHeights): void {
    this.layout.panes = heights;
    this.keep();
  }

  /** Open a panel where it is not always in sight. */
  open(name: string, by: HTMLElement | null = null): void {
    this.openedBy = by;
    this.show(name);
  }

  /** Close the open sheet or drawer, and give the focus back if it was inside. */
  close(): void {
    const { sheet } = this;
    if (sheet === "") return;
    const hadFocus = panelOf(sheet).contains(document.activeElement);
    this.show("");
    if (hadFocus) (this.openedBy ?? openers().find(isShown))?.focus();
  }

  private toggle(name: string, by: HTMLElement): void {
    if (this.sheet === name) this.close();
    else this.open(name, by);
  }

  private show(name: string): void {
    this.main.dataset["sheet"] = name;
    for (const tab of openers()) {
      tab.setAttribute("aria-expanded", String(tab.dataset["opens"] === name));
    }
  }

  private equip(panel: HTMLElement): void {
    const name = panel.dataset["panel"] ?? "";
    const title = panel.querySelector("h2")?.textContent ?? name;
    const head = panel.querySelector(".panel-head");
    panel.id ||= `panel-${name}`;
    if (head === null) return;
    if (name === "watch") head.append(this.dock(), this.closer(title));
    else head.append(this.folder(panel, name, title), this.closer(title));
  }

  private folder(panel: HTMLElement, name: string, title: string): HTMLElement {
    const button = iconButton("panel-fold", "M4 6l4 4 4-4", `Show ${title}`);
    const { folded } = this.layout;
    const show = (): void => {
      panel.dataset["folded"] = String(folded.includes(name));
      button.setAttribute("aria-expanded", String(!folded.includes(name)));
    };
    button.addEventListener("click", () => {
      const at = folded.indexOf(name);
      if (at < 0) folded.push(name);
      else folded.splice(at, 1);
      show();
      this.keep();
    });
    show();
    return button;
  }

  private closer(title: string): HTMLElement {
    const button = iconButton("panel-close", "M4 4l8 8M12 4l-8 8", `Close ${title}`);
    button.addEventListener("click", () => this.close());
    return button;
  }

  /** Moves the symbols between their column and the drawer, on a wide page. */
  private dock(): HTMLElement {
    const button = iconButton("panel-dock", "M2.5 3h11v10h-11zM6.5 3v10", "Symbols in a column");
    button.dataset["tip"] = "Keep the symbols in a column of their own";
    button.addEventListener("click", () => {
      this.layout.drawer = !this.layout.drawer;
      this.keep();
      this.arrange();
      if (this.layout.drawer) this.open("watch");
      else this.show("");
    });
    return button;
  }

  private arrange(): void {
    const isDrawer = this.narrow.matches || this.layout.drawer;
    this.main.dataset["watch"] = isDrawer ? "drawer" : "column";
    const dock = this.main.querySelector<HTMLElement>(".panel-dock");
    if (dock === null) return;
    dock.hidden = this.narrow.matches;
    dock.setAttribute("aria-pressed", String(!isDrawer));
  }

  private split(name: Width, label: string): void {
    const kept = this.layout.widths[name] ?? WIDTHS[name].initial;
    const splitter = widthSplitter(this.main, name, label, kept, (width) => {
      this.layout.widths[name] = width;
      this.keep();
    });
    this.main.append(splitter);
  }

  private keep(): void {
    remember("layout", JSON.stringify(this.layout));
  }

  private key(event: KeyboardEvent): void {
    if (event.key !== "Escape" || event.defaultPrevented || this.sheet === "") return;
    if (panelOf(this.sheet).contains(document.activeElement) || this.openedBy !== null) {
      event.preventDefault();
      this.close();
    }
  }

  /** A press beside the drawer closes it; a sheet stays, since it covers nothing. */
  private closeDrawer(target: EventTarget | null): void {
    const { main, sheet } = this;
    if (sheet !== "watch" || main.dataset["watch"] !== "drawer" || !(target instanceof Element)) {
      return;
    }
    const isPlaced = getComputedStyle(panelOf(sheet)).position === "absolute";
    if (isPlaced && target.closest("#watch, [data-opens], .tip") === null) this.close();
  }
}

function openers(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>("[data-opens]")];
}

function isShown(element: HTMLElement): boolean {
  return element.offsetParent !== null;
}

function panelOf(name: string): HTMLElement {
  const panel = document.querySelector<HTMLElement>(`[data-panel="${name}"]`);
  if (panel === null) throw new Error(`the page has no panel ${name}`);
  return panel;
}

function iconButton(name: string, path: string, label: string): HTMLElement {
  const button = el("button", `icon-button ${name}`, { type: "button", "aria-label": label });
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  svg.append(line);
  button.append(svg);
  return button;
}

function keptLayout(): Layout {
  const layout: Layout = { folded: [], widths: {}, drawer: false, panes: {} };
  try {
    const kept = JSON.parse(recall("layout") ?? "{}") as Partial<Layout>;
    if (Array.isArray(kept.folded)) layout.folded = kept.folded.map(String);
    for (const name of Object.keys(WIDTHS) as Width[]) {
      const width = kept.widths?.[name];
      if (typeof width === "number") layout.widths[name] = width;
    }
    layout.drawer = kept.drawer === true;
    layout.panes = Object.fromEntries(checkedHeights(kept.panes ?? {}));
  } catch {
    // An arrangement that cannot be read is that of a first visit.
  }
  return layout;
}
