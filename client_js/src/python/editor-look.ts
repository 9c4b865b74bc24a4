import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { COLORS } from "./editor-colors";

const FONT = 'var(--editor-font, "SF Mono", "JetBrains Mono", consolas, menlo, monospace)';

const RAISED = {
  border: `1px solid ${COLORS.border}`,
  backgroundColor: COLORS.raised,
  color: COLORS.text,
};

/**
 * The look of the editor. Pictures of CodeMirror's own in data: URLs are replaced: a content
 * security policy may refuse them.
 */
const theme = EditorView.theme({
  "&": { height: "100%", color: COLORS.bright, backgroundColor: COLORS.background },
  "&.cm-focused": { outline: "0" },
  ".cm-scroller": { font: `12px / 17px ${FONT}`, scrollbarWidth: "thin" },
  ".cm-content": { caretColor: COLORS.bright, padding: "6px 0" },
  ".cm-cursor": { borderLeftColor: COLORS.bright },
  ".cm-gutters": { border: "0", color: COLORS.dim, backgroundColor: COLORS.background },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: COLORS.raised },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
    { backgroundColor: `color-mix(in srgb, ${COLORS.accent} 30%, transparent)` },
  ".cm-activeLine": { backgroundColor: `color-mix(in srgb, ${COLORS.raised} 60%, transparent)` },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: COLORS.selected, outline: "1px solid" },
  "&.cm-focused .cm-nonmatchingBracket": { color: COLORS.fault },
  ".cm-selectionMatch": { backgroundColor: COLORS.selected },
  ".cm-lintRange-error": {
    backgroundImage: "none",
    textDecoration: `underline wavy ${COLORS.fault}`,
    textUnderlineOffset: "3px",
  },
  ".cm-lint-marker": { width: "8px", height: "8px", margin: "4px 2px" },
  ".cm-lint-marker-error": {
    content: "normal",
    borderRadius: "50%",
    backgroundColor: COLORS.fault,
  },
  ".cm-gutter-lint": { width: "12px" },
  ".cm-tooltip": RAISED,
  ".cm-tooltip .cm-completionInfo": { maxWidth: "360px", whiteSpace: "pre-wrap" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": {
    backgroundColor: COLORS.selected,
    color: COLORS.bright,
  },
  ".cm-diagnostic-error": { borderLeftColor: COLORS.fault },
  ".cm-panels": { backgroundColor: COLORS.raised, color: COLORS.text },
  ".cm-panels.cm-panels-top": { borderBottom: `1px solid ${COLORS.border}` },
  ".cm-button": { ...RAISED, backgroundImage: "none" },
  ".cm-button:active": { backgroundImage: "none" },
  ".cm-textfield": { ...RAISED, backgroundColor: COLORS.background },
});

const highlighting = HighlightStyle.define([
  { tag: [tags.keyword, tags.bool, tags.null], color: COLORS.keyword },
  { tag: [tags.string, tags.special(tags.string)], color: COLORS.string },
  { tag: tags.number, color: COLORS.number },
  { tag: tags.comment, color: COLORS.dim, fontStyle: "italic" },
  {
    tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.className],
    color: COLORS.function,
  },
  { tag: tags.invalid, color: COLORS.fault },
]);

export const look: Extension = [theme, syntaxHighlighting(highlighting)];
