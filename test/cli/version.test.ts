/** The compiled file as a user meets it first: version, help, and answers to what it does not know. */
import { describe, expect, test } from "bun:test";
import manifest from "../../package.json";
import { haagent } from "./binary.ts";

describe("the compiled haagent", () => {
  test("says its version, commit and runtime", () => {
    const { exit, stdout } = haagent(["version"]);
    expect(exit).toBe(0);
    expect(stdout).toStartWith(`haagent ${manifest.version} (`);
    expect(stdout).toContain(`bun ${Bun.version}`);
  });

  test("says the same for --version", () => {
    expect(haagent(["--version"]).stdout).toBe(haagent(["version"]).stdout);
  });
});
