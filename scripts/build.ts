/**
 * Bundles each program into packages/<name>/dist. A build whose inputs are
 * unchanged (by content) is skipped, so that a second run costs nothing.
 *
 *   node scripts/build.ts [--only server|agent|cli] [--force]
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';

import { build, type Plugin } from 'esbuild';

const ROOT = dirname(import.meta.dirname);

interface Program {
  name: 'server' | 'agent' | 'cli';
  /** Below packages/<name>/src. All land beside each other in dist, so that `import.meta.url` finds them. */
  entries: string[];
  /** Folders that the bundle reads at run time: [from the root, to below dist]. */
  copies: [from: string, to: string][];
}

const PROGRAMS: Program[] = [
  { name: 'server', entries: ['main.ts', 'store/checkpoint-worker.ts'], copies: [['proto', 'proto']] },
  {
    name: 'agent',
    entries: ['main.ts', 'host-main.ts'],
    copies: [
      ['packages/agent/helpers', 'helpers'],
      ['proto', 'proto'],
    ],
  },
  { name: 'cli', entries: ['main.ts'], copies: [] },
];

/** Native code and what is loaded by name only where it is installed. */
const EXTERNAL = [
  'better-sqlite3',
  'node-pty',
  'pg-native',
  '*.node',
  '@grpc/proto-loader',
  '@grpc/reflection',
];

/** CommonJS libraries in an ESM bundle ask for these three. */
const BANNER = [
  "import { createRequire as __createRequire } from 'node:module';",
  'const require = __createRequire(import.meta.url);',
  'const __filename = import.meta.filename, __dirname = import.meta.dirname;',
].join(' ');

/** zod's namespace holds its messages in all languages; we word our own, and its English stands for the rest. */
const ONE_LANGUAGE: Plugin = {
  name: 'one-language',
  setup(bundler) {
    bundler.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
    }));
  },
};

const { values: options } = parseArgs({
  options: { only: { type: 'string' }, force: { type: 'boolean', default: false } },
});

const version = versionWithCommit();
const shared = [
  'package-lock.json',
  'tsconfig.json',
  'scripts/build.ts',
  'packages/base',
  'packages/protocol',
  'proto',
];
for (const program of PROGRAMS) {
  if (options.only !== undefined && options.only !== program.name) continue;
  const inputs = digestOf([...shared, `packages/${program.name}`], version);
  const dist = join(ROOT, 'packages', program.name, 'dist');
  const stamp = join(dist, '.inputs');
  if (!options.force && existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs) {
    console.log(`build: ${program.name} is up to date`);
    continue;
  }
  const started = performance.now();
  // Without its addon it is built again next time: there may be a compiler by then.
  const whole = await bundle(program, dist);
  compileAhead(dist);
  if (whole) writeFileSync(stamp, inputs);
  const size = readdirSync(dist)
    .filter((f) => f.endsWith('.js'))
    .reduce((sum, f) => sum + statSync(join(dist, f)).size, 0);
  console.log(
    `build: ${program.name} ${version}, ${Math.round(size / 1024)} KB, in ${Math.round(performance.now() - started)} ms`,
  );
}

/** @returns whether all of it was built, the addon too */
async function bundle(program: Program, dist: string): Promise<boolean> {
  const source = join(ROOT, 'packages', program.name, 'src');
  const native = join(ROOT, 'packages', program.name, 'native');
  // In place only when it is whole: what was built before stays when this fails.
  const fresh = `${dist}.new`;
  rmSync(fresh, { recursive: true, force: true });
  const whole = !existsSync(join(native, 'binding.gyp')) || buildNativeIfPossible(relative(ROOT, native));
  await build({
    absWorkingDir: ROOT,
    entryPoints: program.entries.map((entry) => ({
      in: join(source, entry),
      out: (entry.split('/').pop() ?? entry).replace(/\.ts$/, ''),
    })),
    outdir: fresh,
    chunkNames: 'chunk-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22.18',
    conditions: ['longshore-source'],
    // Short to load and to hold in memory. NODE_OPTIONS=--enable-source-maps gives stack traces their names back.
    minify: true,
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'linked',
    external: EXTERNAL,
    plugins: [ONE_LANGUAGE],
    banner: { js: BANNER },
    define: { LONGSHORE_VERSION: JSON.stringify(version) },
    logLevel: 'warning',
  });
  for (const [from, to] of program.copies) {
    if (existsSync(join(ROOT, from))) cpSync(join(ROOT, from), join(fresh, to), { recursive: true });
  }
  rmSync(dist, { recursive: true, force: true });
  renameSync(fresh, dist);
  return whole;
}

/** The agent runs without its addon too: scripts only cost more to start. */
function buildNativeIfPossible(folder: string): boolean {
  try {
    buildNative(folder);
    return true;
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message.split('\n')[0] : String(thrown);
    console.warn(
      `build: WARNING: ${folder} was not compiled (${why}). Longshore works without it, but starts scripts more slowly. ` +
        'Install a C compiler, make and python3 (Debian: build-essential python3), and build again.',
    );
    return false;
  }
}

/** A first start then takes no more time and memory than the next ones. It is a bonus: without it all works. */
function compileAhead(dist: string): void {
  try {
    const program = join(ROOT, 'packages/base/bin/compile.js');
    execFileSync(process.execPath, [program, dist], { stdio: ['ignore', 'ignore', 'pipe'], timeout: 30_000 });
  } catch (thrown) {
    console.warn(`build: compiling ${relative(ROOT, dist)} ahead failed:`, thrown);
  }
}

/** npm brings node-gyp along, and `npm_config_nodedir` (scripts/node sets it) the headers, so that nothing is downloaded. */
function buildNative(folder: string): void {
  const inputs = digestOf([folder], process.version);
  const stamp = join(ROOT, folder, 'build/.inputs');
  if (!options.force && existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs) return;
  console.log(`build: compiling ${folder}`);
  const nodedir = process.env.npm_config_nodedir ?? dirname(dirname(process.execPath));
  const npmCli =
    process.env.npm_execpath ?? realpathSync(execFileSync('which', ['npm'], { encoding: 'utf8' }).trim());
  const nodeGyp = [
    join(dirname(npmCli), '../node_modules/node-gyp/bin/node-gyp.js'),
    '/usr/share/nodejs/node-gyp/bin/node-gyp.js',
  ].find(existsSync);
  if (nodeGyp === undefined) throw new Error(`node-gyp was not found beside npm (${npmCli}): reinstall npm`);
  execFileSync(process.execPath, [nodeGyp, 'rebuild', `--nodedir=${nodedir}`, '--loglevel=error'], {
    cwd: join(ROOT, folder),
    stdio: 'inherit',
  });
  writeFileSync(stamp, inputs);
}

/** SHA-256 over names and contents of all files below `paths`, tests and earlier results left out; `of` counts too. */
function digestOf(paths: string[], of: string): string {
  const hash = createHash('sha256').update(of);
  const add = (path: string): void => {
    const stat = statSync(join(ROOT, path), { throwIfNoEntry: false });
    if (stat === undefined) return;
    if (stat.isFile()) {
      if (!path.endsWith('.test.ts')) hash.update(`\0${path}\0`).update(readFileSync(join(ROOT, path)));
      return;
    }
    for (const name of readdirSync(join(ROOT, path)).toSorted()) {
      if (!['node_modules', 'dist', 'dist.new', 'build', 'bin'].includes(name)) add(join(path, name));
    }
  };
  for (const path of paths) add(path);
  return hash.digest('hex');
}

function versionWithCommit(): string {
  const { version: released } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    version: string;
  };
  try {
    const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return `${released}+${commit.trim()}`;
  } catch {
    return released; // not a checkout: a source archive
  }
}
