/**
 * `npm run bench`: every figure of docs/performance.md in one run, as a table
 * and as JSON (`--json FILE`). `--only NAME` runs one section.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { table, type Figure } from './figures.ts';
import * as runs from './runs.ts';
import * as sections from './sections.ts';
import { SpawnBaseline } from './spawn-baseline.ts';
import { openStage } from './stage.ts';
import { template } from './template.ts';

const { values } = parseArgs({ options: { json: { type: 'string' }, only: { type: 'string' } } });

const SCRIPT = 'true\n';
const scratch = mkdtempSync(join(tmpdir(), 'longshore-bench-script-'));
const scriptFile = join(scratch, 'true.sh');
writeFileSync(scriptFile, SCRIPT);

const stage = await openStage();
const baseline = new SpawnBaseline(scriptFile);
const figures: Figure[] = [];
try {
  const agent = await stage.startAgent('bench-1');
  const context: sections.BenchContext = { stage, agent, baseline, scriptBody: SCRIPT };
  const run = async (name: string, section: () => Promise<Figure[]> | Figure[]): Promise<void> => {
    if (values.only !== undefined && values.only !== name) return;
    process.stderr.write(`${name} …\n`);
    figures.push(...(await section()));
  };
  await run('memory', async () => {
    await new Promise((resolve) => setTimeout(resolve, 3000)); // idle means idle
    return sections.idleMemory(context);
  });
  // From here on the figures are those of programs at work: V8 compiles what runs often after some hundred times.
  if (values.only !== 'memory') await sections.warmUp(context);
  await run('latency', () => sections.latency(context));
  await run('throughput', () => sections.throughput(context));
  await run('bulk', () => sections.bulk(context));
  await run('delay', () => sections.lineDelay(context));
  await run('ready', () => sections.startToReady(context));
  await run('agents', () => sections.manyAgents(context));
  await run('submissions', () => sections.submissions(context));
  await run('template', template);
  await run('planning', runs.planning);
  await run('steps', () => runs.steps(context));
  await run('runs', () => runs.manyRuns(context));
} finally {
  baseline.close();
  await stage.close();
  rmSync(scratch, { recursive: true, force: true });
}
process.stdout.write(table(figures) + '\n');
const machine = { processors: cpus().length, model: cpus()[0]?.model, node: process.version };
if (values.json !== undefined)
  writeFileSync(values.json, JSON.stringify({ machine, figures }, null, 2) + '\n');
