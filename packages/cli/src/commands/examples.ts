import type { Command } from 'commander';

/** Adds examples after a command's help: pairs of what it does and what to type. */
export function withExamples(command: Command, ...examples: [what: string, typed: string][]): Command {
  const lines = examples.map(([what, typed]) => `  # ${what}\n  $ ${typed}`);
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n\n')}`);
}
