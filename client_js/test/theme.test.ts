import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseColor } from "../src/chart/color";
import { histogram, lines } from "../src/chart/colors.json";
import { contrast, inkOn } from "../src/chart/contrast";
import { legible, TEXT_CONTRAST } from "../src/chart/legible";
import { inksOf, resolveTheme, THEMES, type Theme, type ThemeName } from "../src/chart/theme";
import { EDITOR_COLORS } from "../src/python/editor-colors";

const NAMES: readonly ThemeName[] = ["dark", "light"];
/** The contrast that lines and marks need, by WCAG 2. */
const MARK_CONTRAST = 3;

/** Parse "#rrggbb" or "rgb(r g b)". */
function rgb(text: string) {
  const found = /^rgb\((\d+) (\d+) (\d+)\)$/.exec(text);
  if (found === null) return parseColor(text);
  return [Number(found[1]), Number(found[2]), Number(found[3])] as const;
}

const between = (one: string, other: string) => contrast(rgb(one), rgb(other));
const hex = fc.integer({ min: 0, max: 0xffffff }).map((n) => `#${n.toString(16).padStart(6, "0")}`);

describe("contrast", () => {
  it("is that of WCAG 2", () => {
    expect(between("#000000", "#ffffff")).toBeCloseTo(21);
    expect(between("#777777", "#ffffff")).toBeCloseTo(4.48, 2);
  });

  it("is enough for text in black or white on any colour", () => {
    fc.assert(
      fc.property(hex, (ground) => {
        expect(contrast(inkOn(rgb(ground)), rgb(ground))).toBeGreaterThanOrEqual(TEXT_CONTRAST);
      }),
    );
  });

  it("is enough for text of any colour on any ground, and changes no colour that has it", () => {
    fc.assert(
      fc.property(hex, hex, (color, ground) => {
        const text = rgb(legible(color, rgb(ground)));
        expect(contrast(text, rgb(ground))).toBeGreaterThanOrEqual(TEXT_CONTRAST);
        if (between(color, ground) >= TEXT_CONTRAST) expect(text).toEqual(rgb(color));
      }),
    );
  });
});

describe.each(NAMES)("the %s theme", (name) => {
  const theme = THEMES[name];
  const texts: (keyof Theme)[] = ["text", "textDim", "textBright", "upText", "downText", "warn"];

  it.each(texts)("has a %s that can be read on its background", (key) => {
    expect(between(theme[key], theme.background)).toBeGreaterThanOrEqual(TEXT_CONTRAST);
  });

  it.each(["raised", "hover"] as const)("has text that can be read on a %s button", (key) => {
    expect(between(theme.text, theme[key])).toBeGreaterThanOrEqual(TEXT_CONTRAST);
  });

  it("has labels that can be read", () => {
    const { onUp, onDown, onLabel } = inksOf(theme);
    expect(between(onUp, theme.upText)).toBeGreaterThanOrEqual(TEXT_CONTRAST);
    expect(between(onDown, theme.downText)).toBeGreaterThanOrEqual(TEXT_CONTRAST);
    expect(between(onLabel, theme.label)).toBeGreaterThanOrEqual(TEXT_CONTRAST);
  });

  it.each(["up", "down", "accent"] as const)("has an %s that can be seen", (key) => {
    expect(between(theme[key], theme.background)).toBeGreaterThanOrEqual(MARK_CONTRAST);
  });

  it("has legends of lines that can be read", () => {
    for (const color of [...lines, ...Object.values(histogram)]) {
      const text = legible(color, parseColor(theme.background));
      expect(between(text, theme.background)).toBeGreaterThanOrEqual(TEXT_CONTRAST);
    }
  });

  it("has an editor whose code can be read", () => {
    const at = name === "light" ? 0 : 1;
    const { background, raised, selected, border, accent, ...inks } = EDITOR_COLORS;
    for (const [ink, colors] of Object.entries(inks)) {
      expect(between(colors[at], background[at]), ink).toBeGreaterThanOrEqual(TEXT_CONTRAST);
      expect(between(colors[at], raised[at]), ink).toBeGreaterThanOrEqual(TEXT_CONTRAST);
    }
    expect(between(EDITOR_COLORS.bright[at], selected[at])).toBeGreaterThanOrEqual(TEXT_CONTRAST);
    expect(between(accent[at], background[at])).toBeGreaterThanOrEqual(MARK_CONTRAST);
    expect(border[at]).not.toBe(background[at]);
  });
});

it("gives text the colour of candles of one's own, unless it has one", () => {
  const { upText, downText } = resolveTheme({
    up: "#00aaff",
    down: "#aa00ff",
    downText: "#ffffff",
  });
  expect(upText).toBe("#00aaff");
  expect(downText).toBe("#ffffff");
  expect(resolveTheme({ base: "light", grid: "#eeeeee" }).upText).toBe(THEMES.light.upText);
});

describe.each(NAMES)("the page's %s colours", (name) => {
  const tokens = pageTokens(name);
  const token = (key: string) => tokens.get(key) ?? "none";

  it("are the chart's where they have one name", () => {
    const shared = Object.entries(THEMES[name]).filter(
      ([key]) => key !== "background" && tokens.has(kebab(key)),
    );
    expect(shared.length).toBeGreaterThan(8);
    for (const [key, color] of shared) expect(token(kebab(key)), key).toBe(color);
    expect(token("chart-background")).toBe(THEMES[name].background);
  });

  it("can be read on every ground", () => {
    const inks = ["text", "text-bright", "text-dim", "accent", "warn", "up-text", "down-text"];
    for (const ground of ["background", "panel", "raised", "hover", "selected"]) {
      for (const ink of inks) {
        const found = between(token(ink), token(ground));
        expect(found, `${ink} on ${ground}`).toBeGreaterThanOrEqual(TEXT_CONTRAST);
      }
    }
    expect(between(token("notice-text"), token("notice"))).toBeGreaterThanOrEqual(TEXT_CONTRAST);
  });
});

function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The colours that the page's style sheet gives to a theme, without those of more contrast. */
function pageTokens(name: ThemeName): Map<string, string> {
  const css = readFileSync(new URL("../src/app/styles/tokens.css", import.meta.url), "utf8");
  const [plain] = css.split("@media");
  const [dark, light] = plain.split(':root[data-theme="light"]');
  const read = (text: string) =>
    [...text.matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)].map(
      ([, key, color]) => [key, color] as const,
    );
  return new Map([...read(dark), ...(name === "light" ? read(light) : [])]);
}
