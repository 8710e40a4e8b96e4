/**
 * The table of commands. A noun's own commands are loaded only when it is
 * asked for, so that a call costs what it uses.
 */
import { version } from '@longshore/base';
import { Command, Option } from 'commander';

interface Noun {
  about: string;
  load: () => Promise<(noun: Command) => void>;
}

const NOUNS: Readonly<Record<string, Noun>> = {
  run: { about: 'run a script on a leased worker', load: async () => (await import('./run.ts')).addTo },
  deploy: { about: 'deploy a release', load: async () => (await import('./deploy.ts')).addTo },
  release: {
    about: 'what is deployed: a version with its process and variables',
    load: async () => (await import('./release.ts')).addTo,
  },
  deployment: {
    about: 'which release went where, and how',
    load: async () => (await import('./deployment.ts')).addTo,
  },
  runbook: {
    about: 'maintenance: processes without releases',
    load: async () => (await import('./runbook.ts')).addTo,
  },
  intervention: {
    about: 'questions of deployments to people',
    load: async () => (await import('./intervention.ts')).addTo,
  },
  task: {
    about: 'what the server has been asked to do',
    load: async () => (await import('./task.ts')).addTo,
  },
  pool: { about: 'worker pools', load: async () => (await import('./pool.ts')).addTo },
  worker: { about: 'machines that run scripts', load: async () => (await import('./worker.ts')).addTo },
  apply: {
    about: 'bring the server to what YAML files say',
    load: async () => (await import('./apply.ts')).addTo,
  },
  export: { about: 'what is configured, as YAML', load: async () => (await import('./export.ts')).addTo },
  project: { about: 'what is deployed, and how', load: async () => (await import('./project.ts')).addTo },
  environment: {
    about: 'where it is deployed to',
    load: async () => (await import('./environment.ts')).addTo,
  },
  tenant: { about: 'who it is deployed for', load: async () => (await import('./tenant.ts')).addTo },
  target: {
    about: 'machines and cloud regions that are deployed to',
    load: async () => (await import('./target.ts')).addTo,
  },
  policy: {
    about: 'how the health of machines is checked',
    load: async () => (await import('./policy.ts')).addTo,
  },
  lease: {
    about: 'who uses which worker or target, and who waits',
    load: async () => (await import('./lease.ts')).addTo,
  },
  trigger: {
    about: 'what starts by itself, and when',
    load: async () => (await import('./trigger.ts')).addTo,
  },
  artifact: { about: 'files that scripts gave', load: async () => (await import('./artifact.ts')).addTo },
  'agent-package': {
    about: 'versions of the agent, for upgrades',
    load: async () => (await import('./agent-package.ts')).addTo,
  },
  variable: {
    about: 'what variables are in each place, and why',
    load: async () => (await import('./variable.ts')).addTo,
  },
  token: {
    about: 'one-time tokens with which agents register',
    load: async () => (await import('./token.ts')).addTo,
  },
  'api-key': { about: 'keys to this API', load: async () => (await import('./api-key.ts')).addTo },
  login: { about: 'keep a server and a key', load: async () => (await import('./login.ts')).addLogin },
  logout: { about: 'forget them', load: async () => (await import('./login.ts')).addLogout },
  completion: {
    about: 'completion for your shell',
    load: async () => {
      const { addCompletion } = await import('./completion.ts');
      return (noun) => addCompletion(noun, () => createProgram({ nouns: ALL_NOUNS }));
    },
  },
  version: {
    about: 'print the version',
    load: async () => (noun) =>
      noun.description('print the version').action(() => void process.stdout.write(`longshore ${version}\n`)),
  },
};

export const ALL_NOUNS: readonly string[] = Object.keys(NOUNS);

/** The nouns among the words: what has to be loaded. */
export function nounsIn(argv: readonly string[]): string[] {
  return argv.filter((word) => Object.hasOwn(NOUNS, word));
}

/** These name a release by `--version`, which else prints that of the program. */
const WITH_VERSIONS = ['deploy', 'release'];

/** @param nouns those whose commands are wanted; the others stand there by name */
export async function createProgram({ nouns }: { nouns: readonly string[] }): Promise<Command> {
  const ownVersion = nouns !== ALL_NOUNS && nouns.some((noun) => WITH_VERSIONS.includes(noun));
  const program = new Command('longshore')
    .description(
      'Longshore: deploy releases, run runbooks and scripts on leased workers, and see what became of them.',
    )
    .option('--server <url>', 'address of the server (LONGSHORE_SERVER; else what "longshore login" kept)')
    .option(
      '--api-key-file <file>',
      'a file with the API key (else LONGSHORE_API_KEY, or what "longshore login" kept)',
    )
    .option('--space <name>', 'the space to work in (LONGSHORE_SPACE)')
    .addOption(
      new Option('-o, --output <format>', 'a table for people, JSON for programs')
        .choices(['table', 'json'])
        .default('table'),
    )
    .option('-v, --verbose', 'say more on standard error')
    .version(`longshore ${version}`, ownVersion ? '-V' : '-V, --version')
    .showSuggestionAfterError()
    .showHelpAfterError('(add --help for help)')
    .exitOverride()
    .addHelpText('after', HELP);
  for (const [name, { about, load }] of Object.entries(NOUNS)) {
    const noun = program
      .command(name)
      .description(about)
      .exitOverride()
      .showHelpAfterError('(add --help for help)');
    if (nouns.includes(name)) (await load())(noun);
  }
  return program;
}

const HELP = `
Examples:
  # Run a script on any worker of a pool, and see its output as it comes
  $ longshore run --pool linux deploy.sh

  # Deploy the newest release, and see how it goes
  $ longshore deploy --project Web --version latest --environment Test

  # Which workers are there, and how are they?
  $ longshore worker list

  # Let a new machine in
  $ longshore token create --pool linux

Exit codes ("run", "deploy" and "runbook run" have some more: see their help):
  0  done   1  failed   2  wrong usage or input   3  not there   4  not logged in, or not allowed
  5  the state of things does not allow it now    6  the server can't be reached; try again`;
