import { byId } from "../dom";
import { Page } from "./page";
import { currentTheme, initialTheme, keepTheme, readAddress, type Theme } from "./settings";

function applyTheme(theme: Theme): void {
  document.documentElement.dataset["theme"] = theme;
}

// The theme must be set before the chart is made.
applyTheme(initialTheme());
const page = new Page(readAddress(location.search));

byId("theme").addEventListener("click", () => {
  const theme = currentTheme() === "dark" ? "light" : "dark";
  applyTheme(theme);
  keepTheme(theme);
  page.restyle();
});
