import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const RAISED = {
  border: "1px solid var(--border-strong)",
  backgroundColor: "var(--raised)",
  color: "var(--text)",
};

/**
 * The editor in the page's colours, which the shadow root inherits as custom properties. Pictures of
 * CodeMirror's own in data: URLs are replaced: a content security policy may refuse them.
 */
const theme = EditorView.theme({
  "&": { height: "100%", color: "var(--text-bright)", backgroundColor: "var(--background)" },
  "&.cm-focused": { outline: "0" },
  ".cm-scroller": { font: "12px / 17px var(--mono)", scrollbarWidth: "thin" },
  ".cm-content": { caretColor: "var(--text-bright)", padding: "6px 0" },
  ".cm-cursor": { borderLeftColor: "var(--text-bright)" },
  ".cm-gutters": { border: "0", color: "var(--text-dim)", backgroundColor: "var(--background)" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--raised)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
    { backgroundColor: "color-mix(in srgb, var(--accent) 30%, transparent)" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--raised) 60%, transparent)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--selected)", outline: "1px solid" },
  "&.cm-focused .cm-nonmatchingBracket": { color: "var(--down)" },
  ".cm-selectionMatch": { backgroundColor: "var(--selected)" },
  ".cm-lintRange-error": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--down)",
    textUnderlineOffset: "3px",
  },
  ".cm-lint-marker": { width: "8px", height: "8px", margin: "4px 2px" },
  ".cm-lint-marker-error": {
    content: "normal",
    borderRadius: "50%",
    backgroundColor: "var(--down)",
  },
  ".cm-gutter-lint": { width: "12px" },
  ".cm-tooltip": RAISED,
  ".cm-tooltip .cm-completionInfo": { maxWidth: "360px", whiteSpace: "pre-wrap" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": {
    backgroundColor: "var(--selected)",
    color: "var(--text-bright)",
  },
  ".cm-diagnostic-error": { borderLeftColor: "var(--down)" },
  ".cm-panels": { backgroundColor: "var(--panel)", color: "var(--text)" },
  ".cm-panels.cm-panels-top": { borderBottom: "1px solid var(--border)" },
  ".cm-button": { ...RAISED, backgroundImage: "none" },
  ".cm-button:active": { backgroundImage: "none" },
  ".cm-textfield": { ...RAISED, backgroundColor: "var(--background)" },
});

const highlighting = HighlightStyle.define([
  { tag: [tags.keyword, tags.bool, tags.null], color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-string)" },
  { tag: tags.number, color: "var(--code-number)" },
  { tag: tags.comment, color: "var(--code-comment)", fontStyle: "italic" },
  {
    tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.className],
    color: "var(--code-function)",
  },
  { tag: tags.invalid, color: "var(--down)" },
]);

export const look: Extension = [theme, syntaxHighlighting(highlighting)];
