/**
 * What a plan pays for variables: 200 steps on 500 targets, 2,000 scoped
 * values. Each pair of step and target asks for five names, as a plan does
 * (worker pool, run condition, parallelism and the like); then the full list
 * of some pairs, as each attempt sends it. Prints JSON.
 *
 *   node --expose-gc --conditions=longshore-source test/bench/planning-variables.ts
 */
import type { Variable, VariableScope } from '../../packages/server/src/domain/model/variable.ts';
import { indexSnapshot, variablesOfRun } from '../../packages/server/src/domain/variables/resolve.ts';
import { ANYWHERE, type RunContext } from '../../packages/server/src/domain/variables/scope.ts';
import { takeSnapshot } from '../../packages/server/src/domain/variables/snapshot.ts';

const STEPS = 200;
const TARGETS = 500;
const VALUES = 2000;
const NAMES_A_PAIR = 5;
const LISTS = 1000;

const targets = Array.from({ length: TARGETS }, (_, i) => ({
  id: `m${i}`,
  roles: [`r${i % 10}`, `g${i % 25}`, 'all'],
}));
const steps = Array.from({ length: STEPS }, (_, i) => ({
  stepNames: [`Step ${i}`],
  stepRoles: [`r${i % 10}`],
}));
const run: RunContext = {
  ...{ environmentId: 'prod', channel: 'Stable', tenantId: 'acme', tenantTags: ['Region/Europe'] },
  process: 'deployment',
};

/** Scopes as people write them, and the worst of them: a value for each target, a value for each step. */
function scopeOf(i: number): Partial<VariableScope> {
  const environments = i % 2 === 0 ? ['prod'] : ['prod', 'test'];
  switch (i % 8) {
    case 0:
      return { targets: [`m${i % TARGETS}`] };
    case 1:
      return { steps: [`step ${i % STEPS}`] };
    case 2:
      return { roles: [`r${i % 10}`], environments };
    case 3:
      return { roles: [`g${i % 25}`], steps: [`step ${i % STEPS}`] };
    case 4:
      return { tenantTags: ['Region/Europe'], environments };
    case 5:
      return { channels: ['Stable'], processes: ['deployment'] };
    default:
      return { environments: [i % 3 === 0 ? 'test' : 'prod'] };
  }
}

/** `names`: how many different ones share the values. */
function measure(names: number): Record<string, number> {
  const variables = Array.from({ length: VALUES }, (_, i): Variable => {
    const scope = { ...ANYWHERE, ...scopeOf(i) };
    return {
      name: `Name.${Math.floor(i / 8) % names}`,
      type: 'text',
      value: `v${i}`,
      description: '',
      prompt: null,
      scope,
    };
  });
  const snapshot = takeSnapshot({ id: 'p', name: 'Shop', body: { variables, templates: [] } }, []);
  const asked = Array.from({ length: Math.min(names, NAMES_A_PAIR) }, (_, i) => `name.${i}`);
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const started = performance.now();
  const index = indexSnapshot(snapshot);
  const indexed = performance.now();
  const resolved = variablesOfRun(index, run);
  const filtered = performance.now();
  let found = 0;
  for (const step of steps) {
    const at = resolved.at(step);
    for (const target of targets) {
      const place = at.on(target);
      for (const name of asked) if (place.get(name) !== undefined) found += 1;
    }
  }
  const planned = performance.now();
  const heap = process.memoryUsage().heapUsed - before;
  let listed = 0;
  for (let i = 0; i < LISTS; i += 1) {
    const place = resolved.at(steps[i % STEPS] ?? steps[0]!).on(targets[i % TARGETS] ?? null);
    for (const each of place) listed += each.value.length > 0 ? 1 : 0;
  }
  const ended = performance.now();
  const round = (n: number): number => Math.round(n * 10) / 10;
  return {
    ...{
      names,
      values: VALUES,
      steps: STEPS,
      targets: TARGETS,
      lookups: STEPS * TARGETS * asked.length,
      found,
    },
    indexMs: round(indexed - started),
    runMs: round(filtered - indexed),
    planMs: round(planned - filtered),
    totalMs: round(planned - started),
    heapMiB: round(heap / 2 ** 20),
    listMs: Math.round(((ended - planned) / LISTS) * 1000) / 1000,
    valuesListed: listed / LISTS,
  };
}

const figures = [250, 50, 1].map(measure);
const rssMiB = Math.round(process.memoryUsage().rss / 2 ** 20);
process.stdout.write(JSON.stringify({ node: process.version, rssMiB, figures }, null, 2) + '\n');
