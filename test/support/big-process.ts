/**
 * A process of twenty steps with every feature that there is, as YAML, and
 * what an undisturbed run of it comes to. Each script counts its start in a
 * file of its own, by the round that is given as a prompted variable.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Names of the agents: two workers, and the machines of the targets. */
export interface BigAgents {
  targets: readonly string[];
}

/** Where scripts count, and what the process calls. */
export interface BigPlaces {
  folder: string;
  webhook: string;
  pool: string;
}

export function bigProcess({ targets }: BigAgents, { folder, webhook, pool }: BigPlaces): string {
  mkdirSync(folder, { recursive: true });
  // A place of its own for each script: machines differ by their target's name.
  const counts = (name: string, rest = ''): string =>
    JSON.stringify(`echo started >> '${folder}/#{Round}-${name}.starts'\nsleep 0.05\n${rest}`);
  const onMachine = '#{Octopus.Machine.Name}';
  return `
kind: Environment
name: Test
---
kind: Environment
name: Elsewhere
sortOrder: 1
---
kind: Lifecycle
name: Standard
---
kind: TagSet
name: Ring
tags: [Early, Late]
---
kind: Tenant
name: Acme
tags: [Ring/Early]
projects:
  - { project: Big, environments: [Test] }
---
${targets
  .map(
    (name) => `kind: DeploymentTarget
name: t-${name}
agent: ${name}
environments: Test
roles: web
tenanted: either
---
`,
  )
  .join('')}
kind: DeploymentTarget
name: region
cloudRegion: { pool: ${pool} }
environments: Test
roles: region
tenanted: either
---
kind: VariableSet
name: Library
variables:
  Word: library
---
kind: Project
name: Small
lifecycle: Standard
variables:
  - { name: Round, value: "0", prompt: { label: Round } }
steps:
  - name: small
    script: { pool: ${pool}, body: ${counts('small')} }
---
kind: Runbook
name: Warm up
project: Big
tenanted: either
steps:
  - name: warm
    script: { pool: ${pool}, body: ${counts('warm')} }
---
kind: Project
name: Big
lifecycle: Standard
tenanted: either
guidedFailure: 'on'
variableSets: Library
channels:
  - { name: Default, isDefault: true }
  - name: Beta
variables:
  - { name: Round, value: "0", prompt: { label: Round } }
  - { name: Pool, type: workerPool, value: ${pool} }
  - { name: Word, value: project, scope: { environments: Test } }
  - { name: Secret, sensitive: true, value: opensesame }
steps:
  - name: build
    script: { pool: { variable: Pool }, body: ${counts('build', `set_variable Version "1.#{Round}"; set_variable Token "#{Secret}" --sensitive`)} }
  - name: lint
    start: withPrevious
    script: { pool: ${pool}, body: ${counts('lint')} }
  - name: unit tests
    start: withPrevious
    script: { pool: ${pool}, body: ${counts('unit')} }
  - name: use
    script: { pool: ${pool}, body: ${counts('use', 'test "#{Octopus.Action[build].Output.Version}" = "1.#{Round}" && test "#{Word}" = project && test "#{Octopus.Action[build].Output.Token}" = opensesame')} }
  - name: flaky
    retries: { times: 2, wait: 100ms, factor: 1 }
    script: { pool: ${pool}, body: ${counts('flaky', `test "$(wc -l < '${folder}/#{Round}-flaky.starts')" -ge 2`)} }
  - name: alone
    script:
      pool: ${pool}
      leaseMode: exclusive
      body: ${counts('alone')}
      cleanUp: { body: ${counts('clean')} }
  - name: roll
    roles: web
    rollingWindow: 2
    actions:
      - name: stop
        script: { body: ${counts(`stop-${onMachine}`)} }
      - name: start
        script: { body: ${counts(`start-${onMachine}`)} }
      - name: mend
        condition: failure
        script: { body: ${counts(`mend-${onMachine}`)} }
  - name: on behalf
    roles: [web, region]
    maxParallelism: 2
    script: { runsOn: workerForEachTarget, pool: ${pool}, body: ${counts(`behalf-${onMachine}`)} }
  - name: check
    roles: web
    healthCheck: { check: connection, onUnhealthy: fail }
  - name: approve
    manual: { instructions: "Round #{Round}?", responsible: testers }
  - name: small project
    deployRelease: { project: Small, variables: { Round: "#{Round}" } }
  - name: warm up
    start: withPrevious
    runRunbook: { runbook: Warm up, variables: { Round: "#{Round}" } }
  - name: hook
    webhook: { url: "${webhook}/#{Round}", body: "#{Octopus.Action[build].Output.Version}" }
  - name: only if
    condition: { variable: "#{if Word == \\"project\\"}true#{/if}" }
    script: { pool: ${pool}, body: ${counts('onlyif')} }
  - name: never
    condition: { variable: "#{Nothing}" }
    script: { pool: ${pool}, body: ${counts('never')} }
  - name: elsewhere
    environments: Elsewhere
    script: { pool: ${pool}, body: ${counts('elsewhere')} }
  - name: beta
    channels: Beta
    script: { pool: ${pool}, body: ${counts('beta')} }
  - name: late ring
    tenantTags: Ring/Late
    script: { pool: ${pool}, body: ${counts('late')} }
  - name: mend all
    condition: failure
    script: { pool: ${pool}, body: ${counts('mendall')} }
  - name: last
    condition: always
    required: true
    script: { pool: ${pool}, body: ${counts('last')} }
`;
}

/** How often each script is started in a run. */
export function expectedStarts(targets: readonly string[]): Record<string, number> {
  const once = (...names: string[]): [string, number][] => names.map((name) => [name, 1]);
  return Object.fromEntries([
    ...once('build', 'lint', 'unit', 'use', 'alone', 'clean', 'small', 'warm', 'onlyif', 'last'),
    ...once('behalf-region'),
    ...targets.flatMap((name) => once(`stop-t-${name}`, `start-t-${name}`, `behalf-t-${name}`)),
    ['flaky', 2] as [string, number],
  ]);
}

/** By script: how often it was started in the round. */
export function starts(folder: string, round: string): Record<string, number> {
  const prefix = `${round}-`;
  if (!existsSync(folder)) return {};
  return Object.fromEntries(
    readdirSync(folder)
      .filter((file) => file.startsWith(prefix) && file.endsWith('.starts'))
      .map((file) => [
        file.slice(prefix.length, -'.starts'.length),
        readFileSync(join(folder, file), 'utf8').split('\n').length - 1,
      ]),
  );
}
