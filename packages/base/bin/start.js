/**
 * Starts a program's bundle. Plain JavaScript that any Node from 20 on reads:
 * on a Node that is too old it goes on with the one that ./scripts brought
 * into the checkout's .node/, or says what is missing.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
const serves = major > 22 || (major === 22 && minor >= 18);

/**
 * @param {URL} main the bundle
 * @param {{ keepCompiled?: boolean }} [options] keep V8's compiled code between runs, in the user's own cache folder
 */
export async function start(main, { keepCompiled = false } = {}) {
  if (!serves) {
    await goOnWithNewerNode();
    return;
  }
  if (!existsSync(main)) {
    process.stderr.write(
      `${fileURLToPath(main)} is not there: this checkout is not built yet. Run\n  ./scripts/node scripts/build.ts\n`,
    );
    process.exit(1);
  }
  if (keepCompiled) await keepCompiledCode();
  await import(main.href);
}

/** From now on in this process; a folder that can't be written is no error: then nothing is kept. */
export async function keepCompiledCode() {
  const { enableCompileCache } = await import('node:module');
  enableCompileCache(join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'longshore', 'compiled'));
}

async function goOnWithNewerNode() {
  const brought = fileURLToPath(
    new URL(`../../../.node/node_modules/node-${process.platform}-${process.arch}/bin/node`, import.meta.url),
  );
  if (!existsSync(brought)) {
    process.stderr.write(
      `Node ${process.versions.node} is too old: 22.18 or newer is needed. In a checkout, ./scripts/quickstart brings one along.\n`,
    );
    process.exit(1);
  }
  // Not at the top: who starts on the right Node does without it.
  const { spawn } = await import('node:child_process');
  const child = spawn(brought, process.argv.slice(1), { stdio: 'inherit' });
  // A terminal's Ctrl-C reaches the child by itself; what was sent to this process alone is passed on.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
