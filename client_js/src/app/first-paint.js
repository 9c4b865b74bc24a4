// Sets the theme before anything is painted: the chosen one, else the system's. Modules run too
// late for that, so this is a classic script; the build serves it under a name of its own.
(() => {
  let theme = null;
  try {
    theme = localStorage.getItem("tickfire.theme");
  } catch {
    // storage may be forbidden
  }
  const system = matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
  const isKnown = theme === "light" || theme === "dark";
  document.documentElement.dataset.theme = isKnown ? theme : system;
})();
