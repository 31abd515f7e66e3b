/** Keys, tables and values that this version does not do are refused; their harmless defaults are not. Each row: a rule, a text, all that is said of it. */
import { agent, checked, heartbeat, router, table } from "./said.ts";

table("a key of a later version", [
  ["mail of a router", router("mail = true"), ["5:1 error: mail = true is not in this version"]],
  ["mail = false", router("mail = false"), []],
  [
    "metrics_listen and web_listen",
    agent('metrics_listen = "127.0.0.1:8405"', 'web_listen = "127.0.0.1:8406"'),
    ["2:1 error: metrics_listen is not in this version", "3:1 error: web_listen is not in this version"],
  ],
  ["the table [mail]", router() + "[mail]\n", ["5:1 error: [mail] is not in this version"]],
  [
    "watchdog of [heartbeat]",
    heartbeat('watchdog = "/dev/watchdog"'),
    ["5:1 error: watchdog is not in this version"],
  ],
  [
    "check of another type",
    checked('type = "ftp"', "-command"),
    ['7:8 error: type = "ftp" is not in this version'],
  ],
]);
