// Starts a node of papo for a test.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import readline from "node:readline";

const ANY = "tcp://127.0.0.1:0";
const ENDPOINTS = ["clients", "subscribers", "broker-control", "proxy-control", "server-control", "gateway-control"];

/** Starts `papo up` with a new data folder. Returns its HTTP origin, and a function that ends it. */
export async function startPapo() {
  const program = process.env["PAPO_BIN"];
  if (program === undefined) {
    throw new Error("set PAPO_BIN to the papo program, or run scripts/page-tests");
  }
  const folder = mkdtempSync(path.join(tmpdir(), "papo-core-"));
  const endpoints = ENDPOINTS.flatMap((name) => [`--${name}`, ANY]);
  const options = ["--data", folder, "--plaintext", "--web", "127.0.0.1:0", "--metrics", "off", ...endpoints];
  const papo = spawn(program, ["up", ...options], { stdio: ["ignore", "pipe", "ignore"] });
  const [line] = await once(readline.createInterface({ input: papo.stdout }), "line");
  const web = String(JSON.parse(line).web);
  const origin = `http://127.0.0.1:${web.split(":").at(-1)}`;
  const stop = async () => {
    papo.kill();
    await once(papo, "exit");
    rmSync(folder, { recursive: true, force: true });
  };
  return { origin, stop };
}
