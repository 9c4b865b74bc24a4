import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { Candles } from "./candles.jsx";
import "./page.css";

function App() {
  const [theme, setTheme] = useState("dark");
  const { symbol = "ESZ6", interval = "1m" } = Object.fromEntries(
    new URLSearchParams(location.search),
  );
  return (
    <>
      <button type="button" onClick={() => setTheme(theme === "dark" ? "light" : "dark")}>
        {theme === "dark" ? "Light" : "Dark"}
      </button>
      <Candles url="/socket" symbol={symbol} interval={interval} theme={theme} />
    </>
  );
}

createRoot(document.getElementById("root")).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
