/** Processes as /proc shows them, and programs as a configuration names them. */
import { describe, expect, test } from "bun:test";
import { parseCommandLine, parseStat, runs } from "../../src/check/process-match.ts";

const rest = "1 5 5 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 222 333";

describe("/proc/PID/stat", () => {
  test("tells name, life and start", () => {
    expect(parseStat(`42 (nginx) S ${rest}\n`)).toEqual({ comm: "nginx", alive: true, startTime: "98765" });
  });

  test("may have a name with parentheses and spaces", () => {
    expect(parseStat(`42 (a) R (b c)) R ${rest}`)?.comm).toBe("a) R (b c)");
  });

  test("tells the dead", () => {
    for (const state of ["Z", "X", "x"]) expect(parseStat(`42 (a) ${state} ${rest}`)?.alive).toBe(false);
    for (const state of ["R", "S", "D", "T", "t", "I"])
      expect(parseStat(`42 (a) ${state} ${rest}`)?.alive).toBe(true);
  });

  test("that is cut short is none", () => {
    expect(parseStat("")).toBeNull();
    expect(parseStat("42 (nginx) S 1 2")).toBeNull();
    expect(parseStat(`42 nginx S ${rest}`)).toBeNull();
  });
});

describe("/proc/PID/cmdline", () => {
  test("is arguments that end in NUL, empty ones among them", () => {
    expect(parseCommandLine("a\0\0b c\0")).toEqual(["a", "", "b c"]);
    expect(parseCommandLine("")).toEqual([]);
    expect(parseCommandLine("nginx: master process")).toEqual(["nginx: master process"]);
  });
});

describe("a program", () => {
  test.each([
    ["by the kernel's name", ["nginx"], "nginx", ["nginx: master process /usr/sbin/nginx"], null, true],
    ["by another name", ["nginx"], "apache2", ["/usr/sbin/apache2"], null, false],
    ["by its first argument", ["node"], "MainThread", ["/usr/bin/node", "a.js"], null, true],
    ["not by a part of its name", ["ngin"], "nginx", ["nginx"], null, false],
    ["not by an argument", ["nginx"], "vi", ["vi", "nginx"], null, false],
    [
      "by a name longer than the kernel keeps",
      ["systemd-resolved"],
      "systemd-resolve",
      ["/lib/systemd/systemd-resolved"],
      null,
      true,
    ],
    [
      "not by what the kernel keeps of a longer name",
      ["systemd-resolved"],
      "systemd-resolve",
      ["x"],
      null,
      false,
    ],
    ["by its path", ["/usr/sbin/nginx"], "nginx", ["/usr/sbin/nginx"], null, true],
    ["by the file it runs", ["/usr/sbin/nginx"], "nginx", ["nginx: master"], "/usr/sbin/nginx", true],
    ["not by another path", ["/usr/sbin/nginx"], "nginx", ["/opt/nginx"], "/opt/nginx", false],
    [
      "with its arguments",
      ["python3", "/opt/wan.py"],
      "python3",
      ["/usr/bin/python3", "/opt/wan.py", "-v"],
      null,
      true,
    ],
    [
      "not with other arguments",
      ["python3", "/opt/wan.py"],
      "python3",
      ["python3", "/opt/lan.py"],
      null,
      false,
    ],
    ["not with arguments missing", ["python3", "/opt/wan.py"], "python3", ["python3"], null, false],
    ["as a script, by its name", ["wan.sh"], "wan.sh", ["/bin/sh", "/opt/wan.sh", "a"], null, true],
    [
      "as a script, by its path",
      ["/opt/wan.sh"],
      "wan.sh",
      ["/bin/sh", "/opt/wan.sh", "a"],
      "/bin/dash",
      true,
    ],
    [
      "as a script, with its arguments",
      ["wan.sh", "a"],
      "wan.sh",
      ["/bin/sh", "/opt/wan.sh", "a"],
      null,
      true,
    ],
    ["as a script, not with others", ["wan.sh", "b"], "wan.sh", ["/bin/sh", "/opt/wan.sh", "a"], null, false],
    [
      "as a script with a long name",
      ["failover-check.sh"],
      "failover-check.",
      ["/bin/sh", "/opt/failover-check.sh"],
      null,
      true,
    ],
    ["not as a script that is only opened", ["wan.sh"], "vi", ["vi", "/opt/wan.sh"], null, false],
    ["not among those without a command line", ["nginx"], "kworker/0:1", [], null, false],
  ] as const)("is found %s", (_, program, comm, commandLine, executable, expected) => {
    expect(runs(program, comm, commandLine, executable)).toBe(expected);
  });
});
