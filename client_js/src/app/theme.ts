import type { ThemeInput } from "../chart/theme";
import { byId } from "../dom";
import { recall, remember } from "./settings";

/** The colour of the browser's own bars around the page, by theme. */
const BARS = { dark: "#0f131a", light: "#ffffff" } as const;

type Theme = keyof typeof BARS;

/** The theme that the page shows. */
export function currentTheme(): Theme {
  return document.documentElement.dataset["theme"] === "light" ? "light" : "dark";
}

const contrast = matchMedia("(prefers-contrast: more)");

/** Colours of the chart for those who prefer more contrast. */
const STRONG = {
  dark: { grid: "#2d3644", border: "#4a5668", text: "#ffffff", textDim: "#c8d1dc" },
  light: { grid: "#cfd6de", border: "#7c8796", text: "#000000", textDim: "#2b3542" },
} as const;

/** The theme of the page's charts. */
export function chartTheme(): ThemeInput {
  const base = currentTheme();
  return contrast.matches ? { base, ...STRONG[base] } : base;
}

/** The button that switches between the dark and the light theme. */
export class ThemeButton {
  private readonly system = matchMedia("(prefers-color-scheme: light)");

  /** `onChange` is called after the colours have changed. */
  constructor(private readonly onChange: () => void) {
    byId("theme").addEventListener("click", () => {
      const theme = currentTheme() === "dark" ? "light" : "dark";
      remember("theme", theme);
      this.apply(theme);
    });
    this.system.addEventListener("change", ({ matches }) => {
      if (recall("theme") === null) this.apply(matches ? "light" : "dark");
    });
    contrast.addEventListener("change", onChange);
    this.show(currentTheme());
  }

  private apply(theme: Theme): void {
    document.documentElement.dataset["theme"] = theme;
    this.show(theme);
    this.onChange();
  }

  private show(theme: Theme): void {
    document.querySelector("meta[name=theme-color]")?.setAttribute("content", BARS[theme]);
    byId("theme").setAttribute("aria-pressed", String(theme === "light"));
  }
}
