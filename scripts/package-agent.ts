/**
 * Makes the package by which a server upgrades its agents, from this built
 * tree and for machines like this one:
 *
 *   node --conditions=longshore-source scripts/package-agent.ts [--out FILE]
 *
 * `longshore agent-package add FILE` gives it to the server.
 */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';

import { contentsOf, minNodeOf, packed, versionOf } from './local/agent-package.ts';

const ROOT = dirname(import.meta.dirname);

const { values } = parseArgs({ options: { out: { type: 'string' } } });
const version = versionOf(ROOT);
const contents = contentsOf(ROOT);
const bytes = packed(contents, { version, minNode: minNodeOf(ROOT) });
const file = values.out ?? `longshore-agent-${version}-${process.platform}-${process.arch}.package`;
writeFileSync(file, bytes);
const digest = createHash('sha256').update(bytes).digest('hex');
console.log(`${file}: version ${version}, ${contents.size} files, ${bytes.length} bytes, SHA-256 ${digest}`);
