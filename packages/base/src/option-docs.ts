/** Help and the documentation page of an option table. Part of `options.ts`. */
import { envOf, flagOf, type Option, type OptionTable } from './option-table.ts';

export interface HelpHead {
  /** `longshore-server [options]` */
  usage: string;
  /** What the program is for. */
  about: string;
  envPrefix: string;
  /** Lines of examples, each a command. */
  examples?: readonly string[];
}

const HELP_COLUMNS = 100;
const DESCRIPTION_COLUMN = 34;

export function helpText(table: OptionTable, head: HelpHead): string {
  const lines = [`Usage: ${head.usage}`, '', ...wrap(head.about, HELP_COLUMNS), '', 'Options:'];
  for (const [key, spec] of shown(table)) lines.push(...helpEntry(key, spec, head.envPrefix));
  lines.push(...entry('  -h, --help', 'Show this help.'));
  if (head.examples !== undefined && head.examples.length > 0)
    lines.push('', 'Examples:', ...head.examples.map((each) => `  ${each}`));
  lines.push(
    '',
    'A flag goes before its environment variable (in brackets), that before the configuration file.',
  );
  return lines.join('\n') + '\n';
}

export function markdownPage(table: OptionTable, { title, head }: { title: string; head: HelpHead }): string {
  const rows = shown(table).map(([key, spec]) => {
    const cells = [
      flagText(key, spec),
      `\`${envOf(key, head.envPrefix)}\``,
      `\`${key}\``,
      defaultText(spec),
      spec.description,
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  });
  return [
    `# ${title}`,
    '',
    head.about,
    '',
    `\`${head.usage}\``,
    '',
    'A flag goes before its environment variable, that before the configuration file, that before the default.',
    '',
    '| flag | environment | file key | default | meaning |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

function shown(table: OptionTable): [string, Option<unknown>][] {
  return Object.entries(table).filter(([, spec]) => spec.hidden !== true);
}

function helpEntry(key: string, spec: Option<unknown>, envPrefix: string): string[] {
  const short = spec.short === undefined ? '    ' : `-${spec.short}, `;
  const flag = `  ${short}${flagLine(key, spec)}`;
  const facts = [`[${envOf(key, envPrefix)}]`];
  const preset = plainDefault(spec);
  if (preset !== '') facts.push(`(default: ${preset})`);
  if (spec.kind.multiple) facts.push('(may be repeated)');
  return entry(flag, `${spec.description} ${facts.join(' ')}`);
}

function entry(left: string, description: string): string[] {
  const [first = '', ...rest] = wrap(description, HELP_COLUMNS - DESCRIPTION_COLUMN);
  const indent = ' '.repeat(DESCRIPTION_COLUMN);
  const opening =
    left.length >= DESCRIPTION_COLUMN - 1
      ? [left, indent + first]
      : [left.padEnd(DESCRIPTION_COLUMN) + first];
  return [...opening, ...rest.map((line) => indent + line)];
}

function flagLine(key: string, spec: Option<unknown>): string {
  const name = flagOf(key);
  if (spec.secret === true && spec.flagAllowed !== true) return `--${name}-file FILE`;
  const placeholder = spec.placeholder ?? spec.kind.placeholder;
  return placeholder === '' ? `--${name}` : `--${name} ${placeholder}`;
}

function flagText(key: string, spec: Option<unknown>): string {
  return `\`${flagLine(key, spec)}\``;
}

function defaultText(spec: Option<unknown>): string {
  const preset = plainDefault(spec);
  return preset === '' ? '' : `\`${preset}\``;
}

function plainDefault(spec: Option<unknown>): string {
  if (spec.defaultText !== undefined) return spec.defaultText;
  if (spec.default === undefined || spec.default === false) return '';
  return spec.kind.show(spec.default);
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  if (line !== '') lines.push(line);
  return lines;
}
