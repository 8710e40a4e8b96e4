/** docs/cli.md, from the command's own help. */
import { ALL_NOUNS, createProgram } from '@longshore/cli/commands/program';

const HEAD = `# The longshore command

Made by scripts/generate.ts from the command's own help; \`longshore COMMAND --help\` shows the same.

## Which server, which key

A flag goes first (\`--server\`, \`--api-key-file\`), then the environment (\`LONGSHORE_SERVER\`, \`LONGSHORE_API_KEY\`), then
what \`longshore login\` kept in \`~/.config/longshore/login.json\` (mode 0600, \`XDG_CONFIG_HOME\` is heeded). A key never
comes by a flag's value, which other users of the machine can read.

## For programs

\`--output json\` prints what the API answered. \`longshore run\` and \`longshore task log -f\` then print the events of the
task, one JSON document a line. Without it stdout is the script's stdout and stderr its stderr, byte for byte; the
server's own lines come on stderr only at a terminal or with \`--verbose\`, and never with \`--quiet\`.

\`longshore deploy\`, \`longshore runbook run\` and \`longshore task tree -f\` show a live tree in a terminal, and elsewhere
one line an event, \`[step › action › target] …\`, without control codes: [deployments.md](deployments.md).

## Exit codes

| code | of | meaning |
| --- | --- | --- |
| 0 | all | done |
| 1 | all but \`run\` | failed; of what is followed: a step failed |
| 2 | all | wrong usage, or an input that is not right |
| 3 | all | what was named is not there |
| 4 | all | not logged in, or not allowed |
| 5 | all | the state of things does not allow it now; the message lists what is in the way |
| 6 | all | the server can't be reached; trying again may help |
| 0–255 | \`run\` | the script's own, when it ended by itself; 128 + n when signal n ended it |
| 124 | \`run\`, \`deploy\`, \`runbook run\`, \`task tree -f\` | stopped at its time-out, or not started before its expiry |
| 125 | \`run\` | the script's exit code is not known: refused, interrupted, lost, or no worker could be had |
| 130 | \`run\`, \`deploy\`, \`runbook run\`, \`task tree -f\` | cancelled, or left with a second Ctrl-C |

Of several deployments at once the worst counts: 1, then 124, then 130.

A script may end with any of these codes itself: \`--output json\` tells them apart.
`;

interface HelpCommand {
  name(): string;
  readonly commands: readonly HelpCommand[];
  configureOutput(output: { writeOut: (text: string) => void; getOutHelpWidth: () => number }): unknown;
  outputHelp(): void;
}

export async function cliPage(): Promise<string> {
  const parts = [HEAD];
  const visit = (command: HelpCommand, path: string): void => {
    let help = '';
    command.configureOutput({ writeOut: (text) => (help += text), getOutHelpWidth: () => 110 });
    command.outputHelp();
    parts.push(`## ${path}\n\n\`\`\`\n${help.trimEnd()}\n\`\`\`\n`);
    for (const child of command.commands) visit(child, `${path} ${child.name()}`);
  };
  visit(await createProgram({ nouns: ALL_NOUNS }), 'longshore');
  return parts.join('\n');
}
