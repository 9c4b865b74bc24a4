import { THEMES } from "../chart/theme";

const { light, dark } = THEMES;

/** Colours of the editor in a light and in a dark page. */
export const EDITOR_COLORS = {
  background: [light.background, dark.background],
  raised: [light.raised, dark.raised],
  selected: [light.hover, dark.hover],
  border: [light.borderStrong, dark.borderStrong],
  text: [light.text, dark.text],
  bright: [light.textBright, dark.textBright],
  dim: [light.textDim, dark.textDim],
  accent: [light.accent, dark.accent],
  fault: [light.downText, dark.downText],
  keyword: ["#7a2fb5", "#c792ea"],
  string: ["#2a6b30", "#a5d6a7"],
  number: ["#9a4a00", "#f5a97f"],
  function: ["#1a56b0", "#7cb7ff"],
} as const;

type Name = keyof typeof EDITOR_COLORS;

/**
 * A colour as CSS: the custom property `--editor-NAME` if the page sets it, else the one for the
 * page's `color-scheme`.
 */
function colorOf(name: Name): string {
  const [inLight, inDark] = EDITOR_COLORS[name];
  return `var(--editor-${name}, light-dark(${inLight}, ${inDark}))`;
}

const names = Object.keys(EDITOR_COLORS) as Name[];

/** The colours as CSS. */
export const COLORS = Object.fromEntries(names.map((name) => [name, colorOf(name)])) as Record<
  Name,
  string
>;
