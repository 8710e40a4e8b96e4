/**
 * Makes what is generated and committed:
 *
 *   proto/                 → packages/protocol/src/gen              (buf, ts-proto)
 *   the server's schemas   → packages/cli/src/generated/api.ts      (OpenAPI, openapi-typescript)
 *                          → docs/api.md
 *                          → docs/longshore.schema.json           (for editors of YAML)
 *   the option tables      → docs/configuration.md
 *   the command's help     → docs/cli.md
 *
 *   node --conditions=longshore-source scripts/generate.ts [--check]
 *
 * --check writes nothing, and fails when something is not as it would be made.
 */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';

import openapiTypescript, { astToString, type OpenAPI3 } from 'openapi-typescript';

import { modelJsonSchema } from '@longshore/server/api/model/json-schema';

import { apiPage, type ApiDocument } from './local/api-page.ts';
import { cliPage } from './local/cli-page.ts';
import { configurationPage } from './local/configuration-page.ts';

const ROOT = dirname(import.meta.dirname);
const GENERATED = [
  'packages/protocol/src/gen',
  'packages/cli/src/generated',
  'docs/configuration.md',
  'docs/cli.md',
  'docs/api.md',
  'docs/longshore.schema.json',
];

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const fresh = mkdtempSync(join(tmpdir(), 'longshore-generate-'));
try {
  generateProtocol();
  await generateApi();
  write('docs/longshore.schema.json', `${JSON.stringify(modelJsonSchema(), null, 2)}\n`);
  write('docs/configuration.md', configurationPage());
  write('docs/cli.md', await cliPage());
  if (values.check) process.exitCode = report();
  else adopt();
} finally {
  rmSync(fresh, { recursive: true });
}

function generateProtocol(): void {
  const env = { ...process.env, PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH ?? ''}` };
  execFileSync('buf', ['generate', '--output', fresh], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    env,
  });
}

async function generateApi(): Promise<void> {
  const main = join(ROOT, 'packages/server/src/api/openapi-main.ts');
  const document = execFileSync(process.execPath, ['--conditions=longshore-source', main], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  write('docs/api.md', apiPage(JSON.parse(document) as ApiDocument));
  const types = await openapiTypescript(JSON.parse(document) as OpenAPI3, { alphabetize: true });
  write(
    'packages/cli/src/generated/api.ts',
    `// Made by scripts/generate.ts from the server's schemas.\n${astToString(types)}`,
  );
}

function write(file: string, content: string): void {
  mkdirSync(dirname(join(fresh, file)), { recursive: true });
  writeFileSync(join(fresh, file), content);
}

function adopt(): void {
  for (const path of GENERATED) {
    if (differences(path).length === 0) {
      console.log(`generate: ${path} is up to date`);
      continue;
    }
    rmSync(join(ROOT, path), { recursive: true, force: true });
    cpSync(join(fresh, path), join(ROOT, path), { recursive: true });
    console.log(`generate: ${path} is made anew`);
  }
}

/** @returns the exit code */
function report(): number {
  const stale = GENERATED.flatMap(differences);
  for (const file of stale)
    console.error(`generate: ${file} is not as it would be made now; run: npm run generate`);
  return stale.length > 0 ? 1 : 0;
}

function differences(path: string): string[] {
  const [made, kept] = [filesBelow(join(fresh, path)), filesBelow(join(ROOT, path))];
  const all = new Set([...made.keys(), ...kept.keys()]);
  return [...all].filter((file) => made.get(file) !== kept.get(file)).map((file) => join(path, file));
}

/** Contents by name. */
function filesBelow(path: string): Map<string, string> {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return new Map();
  if (stat.isFile()) return new Map([['', readFileSync(path, 'utf8')]]);
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => [relative(path, file), readFileSync(file, 'utf8')]),
  );
}
