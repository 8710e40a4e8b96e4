/** Shell completion, made from the very table of commands, so that it can't fall behind. */
import { Argument, type Command } from 'commander';

import { withExamples } from './examples.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

export function addCompletion(completion: Command, whole: () => Promise<Command>): void {
  completion
    .description('print a script that completes commands and options in your shell')
    .addArgument(new Argument('<shell>', 'your shell').choices(SHELLS))
    .action(async (shell: Shell) => {
      process.stdout.write(scripts[shell](wordsOf(await whole())));
    });
  withExamples(
    completion,
    [
      'bash: for all sessions to come',
      'longshore completion bash > ~/.local/share/bash-completion/completions/longshore',
    ],
    ['zsh', 'longshore completion zsh > "${fpath[1]}/_longshore"'],
    ['fish', 'longshore completion fish > ~/.config/fish/completions/longshore.fish'],
  );
}

interface Word {
  word: string;
  about: string;
}

/** What may follow each command: keyed by its path, such as `pool create`. */
export function wordsOf(program: Command): Map<string, Word[]> {
  const words = new Map<string, Word[]>();
  const shared = program.options;
  const visit = (command: Command, path: string): void => {
    const verbs = command.commands.map((c) => ({ word: c.name(), about: c.description() }));
    const options = [...command.options, ...(command === program ? [] : shared)].map((o) => ({
      word: o.long ?? o.short ?? '',
      about: o.description,
    }));
    words.set(path, [...verbs, ...options, { word: '--help', about: 'show help' }]);
    for (const child of command.commands) visit(child, `${path} ${child.name()}`.trim());
  };
  visit(program, '');
  return words;
}

const scripts: Record<Shell, (words: Map<string, Word[]>) => string> = {
  bash: (words) => `# bash completion of longshore
_longshore() {
  local word path="" candidate
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word == -* ]] && continue
    candidate="\${path:+$path }$word"
    [[ -n $(_longshore_words "$candidate") ]] && path=$candidate
  done
  COMPREPLY=($(compgen -W "$(_longshore_words "$path")" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
_longshore_words() {
  case "$1" in
${cases(words, '    ')}
  esac
}
complete -o default -F _longshore longshore
`,
  zsh: (words) => `#compdef longshore
_longshore_words() {
  case "$1" in
${cases(words, '    ')}
  esac
}
_longshore() {
  local word route="" candidate
  for word in "\${words[@]:1:$((CURRENT - 2))}"; do
    [[ $word == -* ]] && continue
    candidate="\${route:+$route }$word"
    [[ -n "$(_longshore_words "$candidate")" ]] && route=$candidate
  done
  compadd -- \${=$(_longshore_words "$route")}
  _files
}
if [[ \${funcstack[1]} == _longshore ]]; then _longshore "$@"; else compdef _longshore longshore; fi
`,
  fish: (words) =>
    [
      '# fish completion of longshore',
      'function __longshore_at',
      '  set -l words (commandline -opc | string match -v -- "-*")',
      '  test (string join " " $words[2..]) = "$argv"; or string match -q -- "$argv *" (string join " " $words[2..])',
      'end',
      ...[...words].flatMap(([path, all]) =>
        all.map(({ word, about }) => {
          const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-f -a ${word}`;
          return `complete -c longshore -n '__longshore_at ${path}' ${what} -d '${about.replaceAll("'", "\\'")}'`;
        }),
      ),
      '',
    ].join('\n'),
};

function cases(words: Map<string, Word[]>, indent: string): string {
  return [...words]
    .map(([path, all]) => `${indent}'${path}') echo '${all.map((w) => w.word).join(' ')}' ;;`)
    .join('\n');
}
