/**
 * Compiles a bundle ahead of its first start: node compile.js DIST. Loads its
 * modules, which do nothing until they are called, and shows its version; what
 * V8 made of them is kept as `start` keeps it.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { keepCompiledCode } from './start.js';

const [dist] = process.argv.splice(2, 1, '--version');
await keepCompiledCode();
// First, for it may set flags of V8, and what was compiled serves only under the same ones.
await import(pathToFileURL(join(dist, 'main.js')).href);
for (const file of readdirSync(dist)) {
  if (/^chunk-.*\.js$/.test(file)) await import(pathToFileURL(join(dist, file)).href);
}
