import { byId } from "../dom";
import { Page } from "./page";
import { initialTheme, keepTheme, readAddress, type Theme } from "./settings";

function applyTheme(theme: Theme): void {
  document.documentElement.dataset["theme"] = theme;
}

// The theme must be set before the chart reads its colours.
applyTheme(initialTheme());
const page = new Page(readAddress(location.search));

byId("theme").addEventListener("click", () => {
  const theme = document.documentElement.dataset["theme"] === "dark" ? "light" : "dark";
  applyTheme(theme);
  keepTheme(theme);
  page.restyle();
});
