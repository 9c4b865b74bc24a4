import { expect, test } from "vitest";
import { readAddress, readToken } from "../src/app/address";

test("a token behind the # becomes the socket's, and none stays none", () => {
  expect(readToken("#token=SFMyNTY.a.b-_c")).toEqual({ authToken: "SFMyNTY.a.b-_c" });
  expect(readToken("#token=")).toEqual({});
  expect(readToken("")).toEqual({});
  expect(readToken("#other=1")).toEqual({});
});

test("an address names the view, and is silent about what it leaves open", () => {
  expect(
    readAddress("?symbol=EUR%2FUSD&interval=5m&indicators=ema(20)&renderer=canvas2d"),
  ).toMatchObject({
    symbol: "EUR/USD",
    interval: "5m",
    indicators: "ema(20)",
    renderer: "canvas2d",
    faults: [],
  });
  const open = { symbol: null, interval: null, indicators: null, renderer: null, faults: [] };
  expect(readAddress("")).toMatchObject(open);
  expect(readAddress("?symbol=&renderer=crayon")).toMatchObject(open);
});

test("an interval that does not exist is told", () => {
  const { interval, faults } = readAddress("?interval=7m");
  expect(interval).toBeNull();
  expect(faults).toEqual(["There are no 7m candles."]);
});
