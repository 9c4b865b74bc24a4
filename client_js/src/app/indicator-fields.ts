/** The fields of an indicator's parameters. */
import { type NumberSpec, SOURCES } from "../compute/registry";
import { el } from "../dom";

/** `onChange` is called with the number typed. */
export function numberField(spec: NumberSpec, value: number, onChange: (value: number) => void) {
  const { label, min, max, whole } = spec;
  const input = el("input", "", {
    type: "number",
    min: String(min),
    max: String(max),
    step: whole ? "1" : "any",
  });
  input.value = String(value);
  // An empty field becomes NaN, which is refused with a message.
  input.addEventListener("change", () =>
    onChange(input.value === "" ? Number.NaN : input.valueAsNumber),
  );
  return el("label", "chosen-field", {}, label, input);
}

export function sourceField(value: string, onChange: (value: string) => void) {
  const options = SOURCES.map((each) => el("option", "", { value: each }, each));
  const select = el("select", "", {}, ...options);
  select.value = value;
  select.addEventListener("change", () => onChange(select.value));
  return el("label", "chosen-field", {}, "Of", select);
}

/** `onChange` is called with the text typed, and returns it as it is to be shown. */
export function symbolField(value: string, list: string, onChange: (typed: string) => string) {
  const input = el("input", "chosen-symbol", {
    list,
    autocomplete: "off",
    spellcheck: "false",
    autocapitalize: "characters",
  });
  input.value = value;
  input.addEventListener("change", () => {
    input.value = onChange(input.value.trim());
  });
  return el("label", "chosen-field", {}, "With", input);
}
