/** docs/configuration.md, from the option tables of the programs. */
import { markdownPage } from '@longshore/base/options';
import { ENV_PREFIX, TABLES } from '@longshore/agent/config';
import { HELP, OPTIONS } from '@longshore/server/config';

const AGENT_COMMANDS: Record<keyof typeof TABLES, string> = {
  register: 'Registers a polling agent with a server, once, with a one-time token.',
  configure:
    'Prepares a listening agent, and prints its pairing string for `longshore worker add --listening`.',
  run: 'Runs the agent. Given a token and no identity yet, it registers first, so that one command is enough in a container.',
  show: 'Shows the identity, the server and the scripts under way.',
  deregister: 'Tells the server to forget this worker, and forgets the identity.',
  selfTest:
    'Says whether this version works on this machine, with this data directory, without touching what runs.',
  upgrade:
    'Becomes another version. A server has its agents run this (`longshore worker upgrade`); it works without one too, with a package that is named by its SHA-256.',
  service:
    'Installs, removes or shows the two systemd units: `longshore-agent service install|uninstall|status`.',
};

/** Where the command is not called as its table is. */
const NAMES: Record<string, string> = { selfTest: 'self-test' };

const HEAD = `# Configuration

Made by scripts/generate.ts from the option tables of the programs. A secret never comes by a flag, which other users of
the machine can read: it comes by its variable, by the file, or by \`--NAME-file\` (\`NAME_FILE\`), which names a file that
holds it. The \`longshore\` command has [a page of its own](cli.md).
`;

export function configurationPage(): string {
  const server = markdownPage(OPTIONS, { title: 'longshore-server', head: HELP });
  const agent = Object.entries(AGENT_COMMANDS).map(([command, about]) =>
    markdownPage(TABLES[command as keyof typeof TABLES], {
      title: `longshore-agent ${NAMES[command] ?? command}`,
      head: { usage: `longshore-agent ${NAMES[command] ?? command} [options]`, about, envPrefix: ENV_PREFIX },
    }),
  );
  return [HEAD, ...[server, ...agent].map((page) => page.replace(/^# /, '## '))].join('\n');
}
