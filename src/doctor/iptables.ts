/** The output of iptables-save(8) and ip6tables-save(8) as chains that can be judged. */
import type { Family } from "../base/address.ts";
import { isMulticast, parseIp, within } from "../base/address.ts";
import type { Chain, Probe, Rule, Test, Verdict } from "./ruleset.ts";
import { always, never, not, protocolNumber, tcpFlags, unknown } from "./ruleset.ts";

const DIRECTIONS: Readonly<Record<string, "in" | "out">> = {
  PREROUTING: "in",
  INPUT: "in",
  OUTPUT: "out",
  POSTROUTING: "out",
};
/** Targets that end a rule without a verdict, or that only change or tell something. */
const PASSING: readonly string[] = [
  "LOG",
  "NFLOG",
  "MARK",
  "CONNMARK",
  "TRACE",
  "TOS",
  "DSCP",
  "TTL",
  "HL",
  "CT",
  "TCPMSS",
];

interface Growing {
  readonly name: string;
  readonly direction: "in" | "out" | null;
  readonly policy: "accept" | "drop";
  readonly rules: Rule[];
}

/** The chains of a listing. */
export function readIptables(text: string, family: Family): readonly Chain[] {
  const chains = new Map<string, Growing>();
  let table = "";
  for (const line of text.split("\n")) {
    if (line.startsWith("*")) table = line.slice(1).trim();
    else if (line.startsWith(":")) {
      const [name = "", policy = ""] = line.slice(1).split(" ");
      chains.set(`${table} ${name}`, {
        name: `${table} ${name}`,
        direction: policy === "-" ? null : (DIRECTIONS[name] ?? null),
        policy: policy === "DROP" ? "drop" : "accept",
        rules: [],
      });
    } else if (line.startsWith("-A ")) {
      const words = wordsOf(line);
      chains.get(`${table} ${words[1] ?? ""}`)?.rules.push(readRule(words.slice(2), table));
    }
  }
  return Array.from(chains.values(), (chain) => ({ ...chain, families: [family], behindIpvs: false }));
}

/** The words of a line; quoted ones may have spaces. */
const wordsOf = (line: string): string[] =>
  Array.from(line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g), ([, quoted, bare]) => quoted ?? bare ?? "");

function readRule(words: readonly string[], table: string): Rule {
  const tests: Test[] = [];
  const verdicts: { test: Test; verdict: Verdict }[] = [];
  let negated = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "!") {
      negated = true;
      continue;
    }
    const value = words[at + 1] ?? "";
    if (word === "-j" || word === "-g") {
      const untracks = value === "NOTRACK" || (value === "CT" && words[at + 2] === "--notrack");
      if (untracks) verdicts.push({ test: always, verdict: { kind: "untrack" } });
      else verdicts.push(...verdictOf(word, value, table));
      // What follows belongs to the target.
      break;
    }
    const read = OPTIONS[word];
    if (word === "--tcp-flags") {
      const [mask, wanted] = [value, words[at + 2] ?? ""].map(flagList);
      tests.push(tcpFlags(mask ?? null, wanted ?? [], negated));
      at += 2;
    } else if (read === undefined) {
      // An option that we do not know, with so many words as do not look like one.
      tests.push(unknown);
      while (at + 1 < words.length && !/^(-\w|--\w|!$)/.test(words[at + 1] ?? "")) at++;
    } else {
      const test = read(value);
      if (test !== null) tests.push(negated ? not(test) : test);
      at++;
    }
    negated = false;
  }
  return { tests, verdicts };
}

function verdictOf(option: string, target: string, table: string): { test: Test; verdict: Verdict }[] {
  if (target === "ACCEPT") return [{ test: always, verdict: { kind: "accept" } }];
  if (target === "DROP" || target === "REJECT") return [{ test: always, verdict: { kind: "drop" } }];
  if (target === "RETURN") return [{ test: always, verdict: { kind: "return" } }];
  if (PASSING.includes(target)) return [];
  const kind = option === "-g" ? "goto" : "jump";
  return [{ test: always, verdict: { kind, chain: `${table} ${target}` } }];
}

/** Options with one word behind them; null: they ask nothing of the packet. */
const OPTIONS: Readonly<Record<string, (value: string) => Test | null>> = {
  "-i": (value) => interfaceTest("in", value),
  "-o": (value) => interfaceTest("out", value),
  "-p": protocolTest,
  "-s": (value) => addressTest((probe) => probe.source, value),
  "-d": (value) => addressTest((probe) => probe.destination, value),
  "-m": () => null,
  "--comment": () => null,
  "--ctstate": (value) => stateTest(value),
  "--state": (value) => stateTest(value),
  "--pkt-type": (value) => (probe) =>
    probe.direction === "in" ? isMulticast(probe.destination) === (value === "multicast") : null,
  "--dport": portTest,
  "--dports": portTest,
  // A rate that is kept to lets everything pass.
  "--limit": () => null,
  "--limit-burst": () => null,
};

const interfaceTest =
  (direction: "in" | "out", name: string): Test =>
  (probe) => {
    if (probe.direction !== direction) return false;
    return name.endsWith("+") ? probe.interface.startsWith(name.slice(0, -1)) : probe.interface === name;
  };

function protocolTest(value: string): Test {
  if (value === "all" || value === "0") return always;
  const number = protocolNumber(value);
  return number === null ? never : (probe) => probe.protocol === number;
}

/** A network, `ADDRESS/LENGTH` or `ADDRESS/MASK`; a mask that is no prefix cannot be told. */
function addressTest(field: (probe: Probe) => Probe["source"], value: string): Test {
  const [text = "", length = ""] = value.split("/");
  const network = parseIp(text);
  if (!network.ok) return unknown;
  const bits = length === "" ? (text.includes(":") ? 128 : 32) : Number(length);
  if (!Number.isInteger(bits)) return unknown;
  return (probe) => {
    const ip = field(probe);
    return ip === null ? null : within(ip, network.value, bits);
  };
}

/** States of --ctstate that are beside the others: an address was rewritten. */
const REWRITTEN: readonly string[] = ["SNAT", "DNAT"];

const stateTest =
  (value: string): Test =>
  ({ state }) => {
    const states = value.split(",");
    if (state === null) return null;
    if (states.includes(state.toUpperCase())) return true;
    return state === "new" && states.some((each) => REWRITTEN.includes(each)) ? null : false;
  };

/** `80`, `80:90`, and with --dports several; iptables asks for a protocol that has ports beside it. */
function portTest(value: string): Test {
  const ranges = value.split(",").map((each) => each.split(":").map(Number));
  return ({ port }) =>
    port === null ? null : ranges.some(([low = 0, high = low]) => port >= low && port <= high);
}

/** `FIN,SYN,RST,ACK`, `NONE` */
const flagList = (value: string): string[] => (value === "NONE" ? [] : value.toLowerCase().split(","));
