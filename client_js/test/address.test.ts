import { expect, test } from "vitest";
import { readToken } from "../src/app/address";

test("a token behind the # becomes the socket's, and none stays none", () => {
  expect(readToken("#token=SFMyNTY.a.b-_c")).toEqual({ token: "SFMyNTY.a.b-_c" });
  expect(readToken("#token=")).toEqual({ token: "" });
  expect(readToken("")).toEqual({});
  expect(readToken("#other=1")).toEqual({});
});
