/** What the resources of [heartbeat] need, and where in their lines something is wrong. Each row: a rule, a text, all that is said of it. */
import { expect, test } from "bun:test";
import { ms } from "../../src/base/units.ts";
import { heartbeat, loadText, table } from "./said.ts";

const resources = (...lines: readonly string[]): string => `resources = [${lines.join(", ")}]`;
const ADDRESS = "IPaddr::192.0.2.1/24/eth0";

table("resources", [
  ["of two nodes", heartbeat(resources(`"ha1 ${ADDRESS}"`, '"HA2 192.0.2.2 mysqld"')), []],
  ["none at all", heartbeat("resources = []", 'nodes = ["ha1", "ha2", "ha3"]'), []],
  [
    "of three nodes",
    heartbeat('nodes = ["ha1", "ha2", "ha3"]', resources(`"ha1 ${ADDRESS}"`)),
    ["5:13 error: resources need exactly two nodes, not 3: remove the others, or the resources"],
  ],
  [
    "of a node that is not there",
    heartbeat(resources(`"ha1 ${ADDRESS}"`, '"ha3 mysqld"')),
    ['5:48 error: "ha3" is none of the nodes: a group begins with ha1 or ha2'],
  ],
  [
    "twice the same first one",
    heartbeat(resources('"ha1 mysqld a"', '"ha2   mysqld b"')),
    ["5:37 error: a group with mysqld as its first resource is there already: put another one first"],
  ],
  [
    "of lines over several",
    heartbeat(`resources = [\n  """\nha1 mysqld a:b\n""",\n]`),
    ['7:12 error: "a:b" is no name of a script: write NAME::ARGUMENT, its directory is in resource_dirs'],
  ],
  [
    "in a line with an escape, of which only the beginning is known",
    heartbeat(resources('"ha1\\tmysqld a:b"')),
    ['5:14 error: "a:b" is no name of a script: write NAME::ARGUMENT, its directory is in resource_dirs'],
  ],
  [
    "with an address that no host can have in its network",
    heartbeat(resources('"ha1 192.0.2.255/24/eth0 IPaddr::192.0.2.8/29 192.0.2.0/31 192.0.2.7"')),
    [
      "5:19 warning: 192.0.2.255 is the broadcast address in its /24, and no host can be reached by it",
      "5:39 warning: 192.0.2.8 is the address of the network itself in its /29, and no host can be reached by it",
    ],
  ],
  [
    "over one link only",
    heartbeat('links = [{ type = "broadcast", interface = "eth0" }]', resources('"ha1 mysqld"')),
    [
      "4:9 warning: one link only: when it fails, each node takes the other for dead, and both run all resources; cure: a second one on other hardware, such as a serial line",
    ],
  ],
  [
    "with data and no fence",
    heartbeat(resources('"ha1 mysqld"', '"ha2 Filesystem::/dev/vdb::/srv::ext4"')),
    [
      "5:28 warning: a group with Filesystem or drbddisk and no fence: when the nodes do not hear each other, both write its data; cure: fence",
    ],
  ],
]);

const many = (count: number): string =>
  resources(...Array.from({ length: count }, (_, at) => `"ha1 192.0.2.${at + 1}/24"`));

table("addresses of resources", [
  ["as many as have lifetimes", heartbeat(many(64)), []],
  [
    "more than that",
    heartbeat(many(65)),
    [
      "5:13 warning: 65 addresses, above 64 without kernel lifetimes: a killed agent leaves them, and the other node has them too; cure: fence",
    ],
  ],
  ["more than that, behind a fence", heartbeat(many(65), 'fence = { command = ["/f"] }'), []],
]);

table("what follows a failure", [
  [
    "is one of three",
    heartbeat('resource_scripts = { on_failure = "mov" }'),
    [
      '5:35 error: resource_scripts.on_failure must be "move", "retry" or "stay", not "mov"; did you mean "move"?',
    ],
  ],
  [
    "auto_failback is as in ha.cf",
    heartbeat('auto_failback = "on"'),
    ['5:17 error: auto_failback must be true, false or "legacy", not "on"; did you mean true?'],
  ],
]);

test("resources become groups, with what there is by default", () => {
  const { config } = loadText(heartbeat(resources(`"HA2 ${ADDRESS} mysqld"`)));
  expect(config?.heartbeat?.resources).toMatchObject({
    groups: [
      {
        key: ADDRESS,
        node: "ha2",
        resources: [
          { text: ADDRESS, script: "IPaddr", args: ["192.0.2.1/24/eth0"] },
          { text: "mysqld", script: "mysqld", args: [] },
        ],
      },
    ],
    failback: true,
    directories: ["/etc/ha.d/resource.d", "/etc/init.d"],
    scripts: { startTries: 1, stopTries: 10, onFailure: "move" },
  });
  expect(config?.heartbeat?.resources?.scripts.timeouts).toEqual({
    ...{ start: ms(120_000), stop: ms(120_000), status: ms(20_000) },
  });
});
